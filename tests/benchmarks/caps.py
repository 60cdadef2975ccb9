"""Call one list in three batches by four workers: caps, and numbers blocked at full speed.

    python -m tests.benchmarks.caps [numbers [workers]]
    tests/with-postgres python -m tests.benchmarks.caps [numbers [workers]]

The cap is two calls to a number in 24 hours; each batch alone would make up to four. In a second
run, every other number is blocked, one by one, as fast as the database commits. Prints what the
carrier's ledger says. Exits 1 if a number was called more than twice, or later than a second after
the commit that blocked it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests import many_batches
    from tests.databases import drop_templates, new_database

    given = [int(word) for word in sys.argv[1:]]
    numbers, workers = [*given, *(400, 4)[len(given) :]]
    wrong = False
    for block in (False, True):
        with tempfile.TemporaryDirectory() as name, new_database(Path(name)) as url:
            verdict = many_batches.run(
                Path(name), url, numbers=numbers, workers=workers, seconds=180, block=block
            )
        wrong = wrong or verdict.most > many_batches.CAP
        times = dict(sorted(Counter(verdict.dialed.values()).items()))
        print(f"{numbers} numbers in {many_batches.BATCHES} batches, {workers} workers:")
        print(f"  {verdict.dialed.total()} calls; numbers by calls: {times}", flush=True)
        if block:
            latest = verdict.latest_seconds
            wrong = wrong or (latest or 0) > many_batches.LATE_SECONDS
            spared = verdict.blocked + numbers // 2 - len(verdict.dialed)
            print(f"  {verdict.blocked} numbers blocked, {spared} of them before their first call")
            print(
                f"  {len(verdict.late)} requests to them after the commit, the last after "
                f"{latest or 0:.2f} s"
            )
    drop_templates()
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
