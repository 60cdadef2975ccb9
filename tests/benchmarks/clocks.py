"""The long version of the scenarios with wrong clocks.

    tests/with-postgres python -m tests.benchmarks.clocks [recipients]

On SQLite, only those with the carrier's clock. Prints every violation as a sentence; exits 1 if
there is any.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests import clocks
    from tests.databases import new_database

    recipients = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    wrong = 0
    for what, scenario, minutes in [
        *(("whole host", clocks.whole_host_off, minutes) for minutes in (15, -15, 9, 60)),
        *(("one of two workers", clocks.one_worker_off, minutes) for minutes in (5, -5, 1, 15)),
    ]:
        with tempfile.TemporaryDirectory() as name, new_database(Path(name)) as url:
            kind = url.partition(":")[0]
            if scenario is clocks.one_worker_off and kind == "sqlite":
                continue
            began = time.monotonic()
            sentences = scenario(
                Path(name), url, minutes=minutes, recipients=recipients, seconds=180
            )
        wrong += len(sentences)
        print(f"{what} {minutes:+} min, {kind}, {recipients:,} recipients,", end=" ")
        print(f"{time.monotonic() - began:.0f} s: {len(sentences)} wrong", flush=True)
        for sentence in sentences[:20]:
            print(f"  WRONG: {sentence}", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
