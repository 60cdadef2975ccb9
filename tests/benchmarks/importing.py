"""Measure the time and memory to import a list: two workers, five columns.

    python -m tests.benchmarks.importing [rows] [--no-stock]     (default: 1,000,000)
    tests/with-postgres python -m tests.benchmarks.importing [rows]

Measures from the file on disk to a ready batch, as CSV and as a workbook: the time, and the CPU
seconds of the upload and all worker processes, which other work on the machine changes less. A
database server's CPU is not counted. Baselines in the same run and database:
(a) django-import-export as its admin uses it (preview, then confirm) on 20,000 rows, scaled;
(b) the minimum, by hand: csv, phonenumbers, and COPY or executemany into the same table, by two
processes that read half of the file each.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import openpyxl

from tests.benchmarks.main_job import write_list
from tests.benchmarks.memory import PeakMemory
from tests.installation import ROOT, Installation

STOCK_ROWS = 20_000
MOST_WORKBOOK_ROWS = 1_000_000  # with the header, a sheet holds little more
OPTIONS: dict[str, object] = {
    "SECRET_KEY": "benchmarks-need-no-secret-but-a-long-enough-key-for-django",
    "MAX_FILE_BYTES": 1_000_000_000,
    "LOG_LEVEL": "ERROR",
    "WORKERS": 2,
}

DRAFT = """
import resource, sys, time
from batchcalls.batches import lifecycle
from batchcalls.drafting import drafts
from batchcalls.models import Batch, VoiceAccount
from batchcalls.intake.uploads import ReadingOptions
request = drafts.DraftRequest(
    name="Benchmark", account=VoiceAccount.objects.built_in(), reading=ReadingOptions(),
    prompt="You are calling {{first_name}} at {{company}} to confirm the order {{order}}.",
)
with open(sys.argv[1], "rb") as stream:
    batch = drafts.create(request, stream, file_name=sys.argv[1])
lifecycle.submit(batch, launch=False)
while batch.status in {"draft", "initializing", "validating"}:
    time.sleep(0.2)
    batch.refresh_from_db(fields=["status"])
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_maxrss // 1024, usage.ru_utime + usage.ru_stime)
"""

STOCK = """
import resource as usage, sys, time, tablib
from import_export import fields, resources
from batchcalls.models import Batch, Recipient
from campaigns import e164

batch = Batch.objects.get()
Recipient.objects.all().delete()

class Stock(resources.ModelResource):
    row_number = fields.Field(attribute="row_number", column_name="row")
    class Meta:
        model = Recipient
        import_id_fields = ("row_number",)
        fields = ("row_number", "raw_number", "request_data")

    raw_number = fields.Field(attribute="raw_number", column_name="phone_number")
    request_data = fields.Field(attribute="request_data", column_name="city")

    def before_import_row(self, row, **kwargs):
        row["city"] = {name: row[name] for name in ("first_name", "company", "order", "city")}

    def before_save_instance(self, instance, row, **kwargs):
        instance.batch_id = batch.pk
        instance.e164 = e164.parse(instance.raw_number, region="US").e164

began = time.monotonic()
with open(sys.argv[1], newline="") as file:
    dataset = tablib.import_set(file.read(), format="csv")
dataset.insert_col(0, range(2, len(dataset) + 2), header="row")
assert not Stock().import_data(dataset, dry_run=True, raise_errors=True).has_errors()
Stock().import_data(dataset, dry_run=False, raise_errors=True)
assert Recipient.objects.count() == len(dataset)
print(time.monotonic() - began, usage.getrusage(usage.RUSAGE_SELF).ru_maxrss // 1024)
"""

FLOOR = """
import csv, json, os, sys
from itertools import islice
import phonenumbers
from django.db import connection, transaction
from batchcalls.models import Batch, Recipient

path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
batch = Batch.objects.get().pk
names = ["batch_id", "row_number", "raw_number", "e164", "request_data", "region"]
others = [column for column in Recipient._meta.concrete_fields
    if column.column not in names and not column.primary_key]
defaults = [column.get_db_prep_save(column.get_default(), connection) for column in others]
names += [column.column for column in others]
postgres = connection.vendor == "postgresql"
batch_id = str(batch) if postgres else batch.hex

def values(number, row):
    parsed = phonenumbers.parse(row["phone_number"], "US")
    assert phonenumbers.is_valid_number(parsed)
    return (batch_id, number, row.pop("phone_number"),
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        json.dumps(row), "US", *defaults)

with open(path, newline="") as file:
    rows = islice(enumerate(csv.DictReader(file), 2), first, last)
    while chunk := [values(number, row) for number, row in islice(rows, 10_000)]:
        with transaction.atomic(), connection.cursor() as cursor:
            columns = ", ".join(names)
            if postgres:
                with cursor.copy(f"COPY batchcalls_recipient ({columns}) FROM STDIN") as copy:
                    for one in chunk:
                        copy.write_row(one)
            else:
                marks = ", ".join(["%s"] * len(names))
                cursor.executemany(
                    f"INSERT INTO batchcalls_recipient ({columns}) VALUES ({marks})", chunk)
print(sum(os.times()[:2]))
"""


def write_workbook(path: Path, source: Path) -> None:
    """Write a CSV file again as a workbook, its cells as texts."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("List")
    with source.open(newline="") as file:
        for row in csv.reader(file):
            sheet.append(row)
    book.save(path)


def script(here: Installation, code: str, *arguments: object) -> subprocess.Popen[str]:
    set_up = (
        "import os, django\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", f"{set_up}django.setup()\n{code}", *map(str, arguments)],
        env=here.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate()
    if process.returncode:
        sys.exit(f"A baseline ended with status {process.returncode}.")
    return out


class Run(NamedTuple):
    """Wall and CPU seconds of an import, and the peak MB of the largest worker and the upload."""

    seconds: float
    cpu_seconds: float
    worker_mb: int
    upload_mb: int

    def told(self, name: str, rows: int) -> str:
        return (
            f"{name:<8} {rows:>9,} rows {self.seconds:>7.1f} s {rows / self.seconds:>8,.0f} rows/s "
            f"{self.cpu_seconds:>7.1f} s CPU   "
            f"peak {self.worker_mb} MB a worker, {self.upload_mb} MB the upload"
        )


def run_ours(here: Installation, path: Path) -> Run:
    worker = here.start_worker()
    time.sleep(5)
    with PeakMemory(worker.pid) as peak:
        began = time.monotonic()
        upload_mb, upload_cpu = map(float, finish(script(here, DRAFT, path)).split())
        seconds = time.monotonic() - began
    here.kill(worker)
    return Run(seconds, peak.cpu_seconds + upload_cpu, peak.megabytes, int(upload_mb))


def main() -> None:
    rows = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, short = folder / "list.csv", folder / "short.csv"
        write_list(path, rows)
        write_list(short, STOCK_ROWS)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
        with Installation(folder, url, **OPTIONS) as here:
            ours = run_ours(here, path)
            found = here.ask(
                "[Batch.objects.get().status, Recipient.objects.filter(status='pending').count()]"
            )
            if found != ["ready", rows]:
                sys.exit(f"Not every row got its verdict: {found}")
            print(ours.told("ours", rows), flush=True)
            here.act("Recipient.objects.all()._raw_delete('default')")
            if rows < MOST_WORKBOOK_ROWS:
                write_workbook(folder / "list.xlsx", path)
                book = run_ours(here, folder / "list.xlsx")
                print(
                    f"{book.told('workbook', rows)}; {book.seconds / ours.seconds:.2f} x CSV, "
                    f"{book.cpu_seconds / ours.cpu_seconds:.2f} x its CPU",
                    flush=True,
                )
                here.act("Recipient.objects.all()._raw_delete('default')")
                here.act("Batch.objects.order_by('-created_at').first().delete()")
            if "--no-stock" not in sys.argv:
                compare_stock(here, short, rows / ours.seconds)
            half = rows // 2
            began = time.monotonic()
            halves = [script(here, FLOOR, path, 0, half), script(here, FLOOR, path, half, rows)]
            cpu = sum(float(finish(process)) for process in halves)
            floor = time.monotonic() - began
            print(
                f"by hand  {rows:>9,} rows {floor:>7.1f} s {rows / floor:>8,.0f} rows/s "
                f"{cpu:>7.1f} s CPU   ours takes {ours.seconds / floor:.2f} x as long and "
                f"{ours.cpu_seconds / cpu:.2f} x the CPU",
                flush=True,
            )


def compare_stock(here: Installation, short: Path, our_speed: float) -> None:
    stock, memory = map(float, finish(script(here, STOCK, short)).split())
    print(
        f"stock    {STOCK_ROWS:>9,} rows {stock:>7.1f} s {STOCK_ROWS / stock:>8,.0f} rows/s"
        f"   peak {memory:.0f} MB   ours is {our_speed / STOCK_ROWS * stock:.1f} x as fast",
        flush=True,
    )
    here.act("Recipient.objects.all()._raw_delete('default')")


if __name__ == "__main__":
    main()
