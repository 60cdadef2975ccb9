"""Measure the dry run of a large batch.

    python -m tests.benchmarks.dry_run [recipients]         (default: 1,000,000)
    tests/with-postgres python -m tests.benchmarks.dry_run [recipients]

The recipients are in 40 area codes of four time zones and in London. One in ten has its own start
time, and one in twenty is skipped; 100,000 numbers are on the do-not-call list, and calling hours
apply. The baseline, in the same run, is one pass over the same rows with a bare cursor.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.importing import OPTIONS, finish, script
from tests.installation import Installation

RUN = """
import random, resource, sys, time
from datetime import timedelta
from django.db import connection, transaction
from django.utils import timezone
from batchcalls.intake import dry_run
from batchcalls.database.bulk import insert_each
from batchcalls.intake.resource import SAVED_FIELDS
from batchcalls.models import Batch, Recipient, VoiceAccount
from campaigns.models import Suppression, SuppressionSource

count = int(sys.argv[1])
random.seed(1)
now = timezone.now()
hours = {"windows": {str(day): [["08:00", "21:00"]] for day in range(7)}}
batch = Batch.objects.create(
    account=VoiceAccount.objects.built_in(), prompt="Call {{name}} of {{company}}.",
    status="ready", policy={"calling_hours": hours}, row_count=count, ready_through=count + 1,
)
codes = [*range(201, 221), *range(301, 321)]
zones = {2: "America/New_York", 3: "America/Chicago"}

def row(n):
    code = random.choice(codes)
    number, region = f"+1{code}{2_000_000 + n}", "US"
    where = zones[code // 100] if n % 2 else "America/Denver,America/Los_Angeles"
    if n % 10 == 3:
        number, region, where = f"+44207{n:07}", "GB", "Europe/London"
    skipped = n % 20 == 7
    start = now + timedelta(minutes=random.randrange(10_000)) if n % 10 == 5 else None
    values = {
        "batch_id": batch.pk, "row_number": n + 2, "raw_number": number, "e164": number,
        "region": region, "time_zones": where, "zone_sources": "number",
        "metadata": {}, "call_settings": {},
        "request_data": {"name": f"Name {n}", "company": f"Company {n}", "city": "Springfield"},
        "start_at": start, "status": "skipped" if skipped else "pending",
        "reason_code": random.choice(["duplicate", "too_short"]) if skipped else "",
        "reason": "Row 2 has the same number." if skipped else "",
    }
    if n % 10 == 1:
        listed.append(number)
    return [values.get(name, "") for name in SAVED_FIELDS]

listed = []
for first in range(0, count, 10_000):
    insert_each(Recipient, SAVED_FIELDS, map(row, range(first, min(first + 10_000, count))))
manual = SuppressionSource.MANUAL.value
insert_each(Suppression, ["e164", "reason", "source", "created_at"],
    [(number, "", manual, now) for number in set(listed)], ignore_conflicts=True)
connection.cursor().execute("ANALYZE")

began = time.monotonic()
rows = 0
with transaction.atomic():
    connection.ensure_connection()
    is_postgres = connection.vendor == "postgresql"
    cursor = connection.connection.cursor("plain") if is_postgres else connection.cursor()
    cursor.execute("SELECT row_number, e164, status, request_data FROM batchcalls_recipient")
    while chunk := cursor.fetchmany(2_000):
        rows += len(chunk)
    cursor.close()
assert rows == count
plain = time.monotonic() - began
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
began = time.monotonic()
report = dry_run.compute(batch, now=now)
seconds = time.monotonic() - began
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
in_all = report["now"] + report["later"]["count"]
in_all += sum(report["never"].values()) + sum(report["skipped"].values())
assert in_all == report["rows"] == count, report
print(f"{count:,} recipients: {seconds:.1f} s, {seconds / plain:.2f} x one plain pass "
    f"({plain:.1f} s); memory grew by {after - before} MB")
"""


def main() -> None:
    recipients = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
        with Installation(folder, url, **OPTIONS) as here:
            print(finish(script(here, RUN, recipients)), end="")


if __name__ == "__main__":
    main()
