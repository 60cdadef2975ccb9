"""Time the archive and the erasure of one number among many calls.

    python -m tests.benchmarks.one_number [calls]
    tests/with-postgres python -m tests.benchmarks.one_number [calls]

Without a number: 1,000,000 calls with transcripts. The baseline, in the same database, reads the
texts of all calls and rows once. Both commands must: anything may mention the number.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import tests.settings  # noqa: F401 - new_database asks for the kind of database
from tests.benchmarks.purge import FILL
from tests.databases import new_database
from tests.installation import Installation

NUMBER = "+14152000017"
READ = """
from django.db import connection
with connection.cursor() as cursor:
    for table, text in (('callresult', 'transcript'), ('recipient', 'request_data')):
        found = f"CAST({text} AS text) LIKE '%not there%'"
        cursor.execute(f"SELECT COUNT(*) FROM batchcalls_{table} WHERE {found}")
"""


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with (
        tempfile.TemporaryDirectory() as name,
        new_database(Path(name), template=None) as url,
        Installation(Path(name), url, LOG_LEVEL="ERROR") as here,
    ):
        here.act(FILL.format(count=calls, days=1))
        baseline = seconds(lambda: here.act(READ))
        print(f"{calls:,} calls")
        print(f"texts of calls and rows, read once: {baseline:6.1f} s")
        archive = str(Path(name) / "number.zip")
        for what, command in (
            ("archive", ("aboutnumber", NUMBER, "--output", archive)),
            ("erasure", ("erasenumber", NUMBER, "--confirm", NUMBER)),
        ):
            took = seconds(lambda command=command: here.manage(*command))  # type: ignore[misc]
            print(f"{what}: {took:6.1f} s  {took / baseline:.1f} ×")


if __name__ == "__main__":
    main()
