"""Evaluate, execute, and run management commands inside an installation, one JSON line each.

`Installation.ask`, `act` and `manage` talk to this process. It answers in milliseconds; a new
process for each question would take a second of CPU time from the workers under test.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback
from typing import Any

import django
from django.core.management import execute_from_command_line

NAMES = """
from batchcalls.batches import lifecycle, spending
from batchcalls.models import *
from campaigns.models import *
"""


def main() -> None:
    """Answer the lines of standard input until it ends; print only the answers."""
    answers, sys.stdout = sys.stdout, sys.stderr
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    names: dict[str, Any] = {}
    exec(NAMES, names)  # noqa: S102
    for line in sys.stdin:
        print(_answer(json.loads(line), names), file=answers, flush=True)


def _answer(request: dict[str, Any], names: dict[str, Any]) -> str:
    try:
        if "command" in request:
            return json.dumps({"value": _output(request["command"])})
        exec(request["statements"], names)  # noqa: S102
        return json.dumps({"value": eval(request["expression"], names)})  # noqa: S307
    except Exception:
        return json.dumps({"error": traceback.format_exc()})


def _output(command: list[str]) -> str:
    """Return what a command of manage.py prints; raise if it fails."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            execute_from_command_line(["manage.py", *command])
        except SystemExit as end:
            if end.code:
                raise RuntimeError(
                    f"{command} exited with {end.code}: {printed.getvalue()}"
                ) from end
    return printed.getvalue()


if __name__ == "__main__":
    main()
