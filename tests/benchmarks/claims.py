"""Measure how long a claim of 128 calls takes, with and without a past behind it.

    python -m tests.benchmarks.claims [past calls [do-not-call numbers]]
    tests/with-postgres python -m tests.benchmarks.claims [past calls [do-not-call numbers]]

The defaults are 10,000,000 and 1,000,000. Past calls have ended and belong to other batches, five
to a recipient. The baseline, in the same run and the same database, is the same claim without
them. Later claims also count the calls to each number for caps, and check the rules for real
phones. "Running" is the median without
the time in which the process waited for a processor: on a busy machine, compare it and the CPU
time, which on SQLite includes the database. "Read" is what the process read from the disk because
it was not in memory.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.importing import OPTIONS, finish, script
from tests.installation import Installation

FILL = """
import sys
from datetime import timedelta
from django.db import connection
from django.utils import timezone
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from campaigns.models import Suppression
from tests.benchmarks.page_times import analyze

ATTEMPTS, STEP = 5, 100_000
numbers, calls = int(sys.argv[1]), int(sys.argv[2])
is_postgres = connection.vendor == "postgresql"
now = timezone.now()

def multiply(row, first, count, **expressions):
    '''Copy a row for each n from first, with other values in some columns.'''
    table = row._meta.db_table
    names = [f.column for f in row._meta.concrete_fields if not f.primary_key]
    values = ", ".join(expressions.get(name, f't."{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    series = (
        f"SELECT n FROM generate_series({first}, {first + count - 1}) AS g(n)" if is_postgres else
        f"WITH RECURSIVE g(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM g"
        f" WHERE n < {first + count - 1}) SELECT n FROM g"
    )
    with connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO {table} ({columns}) SELECT {values} FROM ({series}) AS s,'
            f' {table} AS t WHERE t.id = {row.pk}')

NUMBER = "'+1' || CAST(7000000000 + n{} AS varchar(10))"
UUID = "CAST(lpad(to_hex(n), 32, '0') AS uuid)" if is_postgres else "printf('%032x', n)"
if numbers:
    listed = Suppression.objects.create(e164="+17000000000", source="import")
    for first in range(1, numbers, STEP):
        count = min(STEP, numbers - first)
        multiply(listed, first, count, e164=NUMBER.format(""))
if calls:
    account = VoiceAccount.objects.create(name="past", provider="simulator")
    batch = Batch.objects.create(name="Past", account=account, prompt="Hello.",
        status="completed", launched_at=now, ended_at=now)
    recipient = Recipient.objects.create(batch=batch, row_number=2, e164="+17000000000",
        status="done", outcome="reached", called=True, attempts=ATTEMPTS)
    call = CallResult.objects.create(batch=batch, recipient=recipient, account=account,
        attempt=ATTEMPTS, to_number=recipient.e164, provider_call_id="past-0", placed_at=now,
        claimed_at=now, ended_at=now, status="completed", answered_by="human",
        disposition="INTERESTED", summary="They spoke about the order. " * 4)
    people = calls // ATTEMPTS + 2
    for first in range(1, people, STEP):
        multiply(recipient, first, min(STEP, people - first),
            row_number="n + 2", e164=NUMBER.format(""))
    for first in range(ATTEMPTS, calls + ATTEMPTS - 1, STEP):
        CallResult.objects.filter(pk=call.pk).update(
            claimed_at=now - timedelta(seconds=(calls - first) / 10))
        multiply(call, first, min(STEP, calls + ATTEMPTS - 1 - first), call_id=UUID,
            provider_call_id="'past-' || n",
            to_number=NUMBER.format(f" / {ATTEMPTS}"),
            attempt=f"n % {ATTEMPTS} + 1", recipient_id=f"{recipient.pk} + n / {ATTEMPTS}")
    assert CallResult.objects.filter(account=account).count() == calls
analyze()
"""

MEASURE = """
import resource, statistics, sys, time
from pathlib import Path
from django.db import connection
from django.utils import timezone
from batchcalls.calling import claiming
from batchcalls.database.bulk import insert_each
from batchcalls.database.lease import Lease
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from campaigns.models import RulePackSwitch

SIZE, WARM_UP, ROUNDS = 128, 5, 60
PICKS = min, statistics.median, statistics.median, statistics.median
now = timezone.now()
rings = "real" in sys.argv or "packs" in sys.argv
account = VoiceAccount.objects.create(name=f"Now {now}", concurrency=1_000_000,
    provider="bland" if rings else "simulator")
zone = f"Etc/GMT{now.hour - 12:+d}"  # where it is noon
caps = {"attempts_24h": 3, "attempts_30d": 20} if "caps" in sys.argv else {}
if "budgets" in sys.argv:
    account.price_per_minute, account.daily_budget, account.monthly_budget = 1, 10**8, 10**9
    account.save()
batch = Batch.objects.create(name="Now", account=account, prompt="Call {{shop}}.",
    status="dispatching", launched_at=now, policy={"caps": caps},
    budget=10**8 if "budgets" in sys.argv else None,
    purpose="marketing" if "packs" in sys.argv else "informational")
RulePackSwitch.objects.create(pack="us", entry="federal-consent", reason="x", created_at=now)
names = ["batch_id", "row_number", "e164", "region", "time_zones", "zone_sources",
    "places", "request_data", "status", "due_at"]
insert_each(Recipient, names, [
    [batch.pk, n + 2, f"+1415{2_000_000 + n}", "US", zone, "number",
        ("US-FL", "US-FL,US-GA", "US-OK", "US-WA,US-OR")[n % 4],
        {"shop": f"Shop {n}"}, "queued", now]
    for n in range(SIZE * (WARM_UP + ROUNDS))
])
lease = Lease.acquire(VoiceAccount.objects.all(), account.pk, seconds=3600)
walls, waits, cpus = [], [], []
def waited():
    # Seconds on the run queue. Source: Linux, Documentation/scheduler/sched-stats.rst.
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
def blocks_read():
    return resource.getrusage(resource.RUSAGE_SELF).ru_inblock
for _ in range(WARM_UP + ROUNDS):
    if len(walls) == WARM_UP:
        before = blocks_read()
    wait, wall, cpu = waited(), time.perf_counter(), time.process_time()
    claims = claiming.claim(lease, want=SIZE)
    walls.append(time.perf_counter() - wall)
    cpus.append(time.process_time() - cpu)
    waits.append(waited() - wait)
    assert len(claims.placeable) == SIZE
kilobytes = (blocks_read() - before) / 2 / ROUNDS
CallResult.objects.filter(batch=batch).delete()
batch.recipients.all().delete()
running = [wall - wait for wall, wait in zip(walls, waits)]
measured = [times[WARM_UP:] for times in (walls, walls, running, cpus)]
print(*(1_000 * pick(times) for pick, times in zip(PICKS, measured)), kilobytes)
"""


NAMES = "fastest", "median", "running", "CPU"


def main() -> None:
    calls, numbers = 10_000_000, 1_000_000
    for position, word in enumerate(sys.argv[1:3]):
        count = int(word.replace(",", ""))
        calls, numbers = (count, numbers) if position == 0 else (calls, count)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
        with Installation(folder, url, **OPTIONS) as here:
            measured = {"nothing": measure(here)}
            finish(script(here, FILL, numbers, 0))
            measured[f"{numbers:,} do-not-call numbers"] = measure(here)
            finish(script(here, FILL, 0, calls))
            measured[f"and {calls:,} past calls"] = measure(here)
            measured["and caps"] = measure(here, "caps")
            measured["real phones"] = measure(here, "real")
            measured["and rule packs"] = measure(here, "packs")
            measured["and caps and budgets"] = measure(here, "caps", "budgets")
    base = measured["nothing"]
    print(f"claim of 128 calls, {url.partition(':')[0]}")
    for behind, times in measured.items():
        told = (
            f"{name} {took:6.1f} ms, {took / first:.2f} x"
            for name, took, first in zip(NAMES, times, base, strict=False)
        )
        print(f"{behind:30} {'; '.join(told)}; read {times[-1]:,.0f} kB")


def measure(here: Installation, *options: str) -> list[float]:
    """Return the milliseconds of each of `NAMES`, and the kilobytes that a claim read."""
    return [float(word) for word in finish(script(here, MEASURE, *options)).split()]


if __name__ == "__main__":
    main()
