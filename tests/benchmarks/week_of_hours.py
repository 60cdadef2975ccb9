"""Dial mixed numbers for a week on a moved clock, judged by the data alone.

    python -m tests.benchmarks.week_of_hours [rows [week …]]
    tests/with-postgres python -m tests.benchmarks.week_of_hours [rows [week …]]

A week is the date in its middle. The default is 20,000 rows in a week without changes of clocks,
and 4,000 in each week with one: of the United States, of Europe, of Lord Howe, and of Chatham.

Each week is dialed twice. At once: all rows are dialed as soon as they are due, and the first call
of each group of rows must be when the dry run said. With a queue: at most 128 rows are dialed at a
time, many are still waiting when hours close, some connections take up to 50 seconds, and a third
of the numbers are in several batches. Exits 1 if anybody was called early, late, or too often.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import django

PLAIN_WEEK = "2026-06-17"
CHANGES = ("2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-05", "2026-09-27")
#: Lord Howe changes with the mainland of Australia.
LORD_HOWE = ("2026-10-04",)
SHOWN = 5


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    os.environ.setdefault("BLAND_API_KEY", "sk-of-the-benchmark")
    django.setup()
    from tests.databases import drop_templates

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    given = sys.argv[2:]
    weeks = dict.fromkeys(given, rows) if given else {PLAIN_WEEK: rows}
    if not given:
        weeks |= dict.fromkeys([*CHANGES, *LORD_HOWE], rows // 5)
    print("week        rows    how         calls  early  late  caps  retries  unlike dry run  CPU")
    wrong = sum(_report(day, count) for day, count in weeks.items())
    drop_templates()
    sys.exit(1 if wrong else 0)


def _report(day: str, rows: int) -> int:
    """Dial a week in both ways, print what was wrong, and return how often anything was."""
    from tests import week_of_hours
    from tests.hours_oracle import judge

    began = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=3)
    began += timedelta(hours=7, minutes=17, seconds=21)
    wrong = 0
    for how, options in {
        "at once": {},
        "with queue": {"pace_seconds": 900_000 / rows, "shared": 0.33, "seed": 2},
    }.items():
        before = time.process_time()
        with _fresh_database():
            week = week_of_hours.run(began, count=rows, **options)
            unlike = [] if options else list(week.unlike_the_dry_run())
            never = week.never_called()
        judged = list(judge(week.rows, week.rules, week.sent))
        kinds = Counter(sentence.partition(":")[0] for sentence in judged)
        caps = kinds["above a cap"]
        retries = sum(n for kind, n in kinds.items() if "retr" in kind)
        print(
            f"{day}  {rows:6}  {how:10}  {len(week.sent):6}  {kinds['early']:5}  {kinds['late']:4}"
            f"  {caps:4}  {retries:7}  {'' if options else len(unlike):>14}"
            f"  {time.process_time() - before:.0f} s",
            flush=True,
        )
        for sentence in islice([*judged, *unlike], SHOWN):
            print(f"  {sentence}")
        print(f"  open once and never called, by reason: {dict(never)}", flush=True)
        wrong += len(judged) + len(unlike)
    return wrong


@contextmanager
def _fresh_database() -> Iterator[None]:
    """Let this process use a migrated database of its own."""
    import environ
    from django.db import connection, connections

    from tests.databases import new_database

    with tempfile.TemporaryDirectory() as name, new_database(Path(name)) as url:
        connection.settings_dict["NAME"] = environ.Env.db_url_config(url)["NAME"]
        try:
            yield
        finally:
            connections.close_all()


if __name__ == "__main__":
    main()
