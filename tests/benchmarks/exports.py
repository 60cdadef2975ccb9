"""Measure how fast a batch's results are exported, and that memory use stays constant.

    python -m tests.benchmarks.exports [rows …]             (default: 20,000 200,000)
    tests/with-postgres python -m tests.benchmarks.exports [rows …]

The baseline, in the same run, reads the same number of rows with a bare cursor and writes them with
the csv module.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.importing import OPTIONS, finish, script
from tests.benchmarks.main_job import write_list
from tests.installation import Installation

RUN = """
import csv, io, resource, sys, tempfile, time
from django.db import connection
from batchcalls.batches import lifecycle
from batchcalls.drafting import drafts
from batchcalls.reporting.exports.batch_tables import results
from batchcalls.reporting.exports.writing import csv_blocks, write_xlsx
from batchcalls.intake import runner
from batchcalls.models import Batch, VoiceAccount
from batchcalls.intake.uploads import ReadingOptions

Batch.objects.all().delete()
request = drafts.DraftRequest(name="B", account=VoiceAccount.objects.built_in(),
    reading=ReadingOptions(), prompt="Hello {{first_name}}.")
with open(sys.argv[1], "rb") as stream:
    batch = drafts.create(request, stream, file_name="list.csv")
lifecycle.submit(batch, launch=False)
while runner.run_batch(batch.pk, seconds=60):
    pass

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

began = time.monotonic()
out = csv.writer(io.StringIO())
with connection.cursor() as cursor:
    cursor.execute("SELECT raw_number, request_data, status FROM batchcalls_recipient")
    rows = 0
    while chunk := cursor.fetchmany(2_000):
        rows += len(chunk)
        out.writerows(chunk)
plain = time.monotonic() - began
out = None
before = peak()
began = time.monotonic()
size = sum(map(len, csv_blocks(results(batch))))
seconds = time.monotonic() - began
csv_growth = peak() - before
began = time.monotonic()
with tempfile.TemporaryFile() as book:
    assert write_xlsx(results(batch), book) == rows
xlsx = time.monotonic() - began
print(f"{rows:>9,} rows: CSV {seconds:6.1f} s, {rows / seconds:8,.0f} rows/s, "
    f"{seconds / plain:5.1f} x the bare cursor, memory grew by {csv_growth} MB; "
    f"XLSX {xlsx:6.1f} s, {rows / xlsx:7,.0f} rows/s, memory grew by {peak() - before} MB")
"""


def main() -> None:
    sizes = [int(size.replace(",", "")) for size in sys.argv[1:]] or [20_000, 200_000]
    for rows in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_list(folder / "list.csv", rows)
            url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
            with Installation(folder, url, **OPTIONS) as here:
                print(finish(script(here, RUN, folder / "list.csv")), end="", flush=True)


if __name__ == "__main__":
    main()
