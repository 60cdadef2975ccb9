"""Search the audit log among many entries, and purge it: seconds for each.

    python -m tests.benchmarks.audit_log [ENTRIES]     (default: 1,000,000)

Uses the database that DATABASE_URL names, which must be migrated and is filled.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta

import django

django.setup()

from django.http import QueryDict  # noqa: E402
from django.utils import timezone  # noqa: E402

from batchcalls.access import audit, audit_purge  # noqa: E402
from batchcalls.models import AuditAction, AuditEntry, Batch  # noqa: E402
from batchcalls.reporting.filters.audit import AuditFilter, order_of  # noqa: E402
from batchcalls.reporting.keyset import page_of  # noqa: E402

ROWS_AT_ONCE = 5_000
PURGED = 20_000
SEARCHES = (
    *("", "at=oldest", "who=user-7", "who=user-7&action=deleted", "action=exported"),
    *("kind=batchcalls.callresult&object_id=4711", "number=%2B12025550123", "who=nobody"),
    *("from={old}&to={old}", "door=api&address=203.0.113.7"),
)


def fill(entries: int) -> None:
    start, values = timezone.now() - timedelta(days=400), {"prompt": "x" * 300}
    actions = [*(["viewed"] * 8), "changed", "deleted"]
    for first in range(0, entries, ROWS_AT_ONCE):
        AuditEntry.objects.bulk_create(
            AuditEntry(
                at=start + timedelta(days=400) * (index / entries),
                action=actions[index % 10],
                kind="batchcalls.callresult" if index % 10 < 8 else "campaigns.campaign",
                object_id=str(index),
                object_name="Reminder",
                actor_name=f"user-{index % 23}",
                door="page",
                address="127.0.0.1",
                before=values if index % 10 >= 8 else None,
                after=values if index % 10 >= 8 else None,
            )
            for index in range(first, min(first + ROWS_AT_ONCE, entries))
        )


def main() -> None:
    """Print the time of each search, of an entry, and of a purge."""
    fill(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    print(f"{AuditEntry.objects.count():,} entries")
    old = f"{timezone.now() - timedelta(days=300):%Y-%m-%d}"
    for search in SEARCHES:
        query = QueryDict(search.format(old=old))
        rows = AuditFilter(query, queryset=AuditEntry.objects.all()).qs
        took = []
        for _ in range(3):
            began = time.perf_counter()
            found = len(page_of(rows, query.dict(), order=order_of(query)).rows)
            took.append(time.perf_counter() - began)
        print(f"  {min(took) * 1000:8.1f} ms  {found:3} rows  {search or 'newest'}")
    began = time.perf_counter()
    for _ in range(200):
        audit.record(AuditAction.VIEWED, Batch, note="Transcript")
    print(f"  {(time.perf_counter() - began) * 5:8.1f} ms  to add an entry")
    oldest = AuditEntry.objects.order_by("pk").values_list("at", flat=True)
    days = (timezone.now() - oldest[PURGED]).days
    began = time.perf_counter()
    deleted = audit_purge.purge(days)
    print(f"  {time.perf_counter() - began:8.1f} s   to purge {deleted:,} entries")


main()
