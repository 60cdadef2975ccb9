"""Run a command of manage.py with a wall clock that is ahead, or behind if negative.

    python -m tests.wrong_clock MINUTES COMMAND …

It holds for the children of the process too; the monotonic clock runs as always. libfaketime would
not do: with it, Python's ``time.sleep`` fails, or timeouts of queues never end.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta

import time_machine


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    _, minutes, *command = sys.argv
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=float(minutes))):
        from django.core.management import execute_from_command_line

        execute_from_command_line(["manage.py", *command])


if __name__ == "__main__":
    main()
