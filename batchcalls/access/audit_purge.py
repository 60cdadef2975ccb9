"""The only way in which audit entries end: a purge of old ones, which is itself an entry."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.database.append_only import FEWEST_DAYS
from batchcalls.models import AuditAction, AuditEntry

#: Rows deleted in one transaction, so that others who write do not wait.
ROWS_AT_ONCE = 5_000


class TooYoung(ValueError):
    """Entries that may not be purged yet."""


def purge(days: int) -> int:
    """Delete the entries older than a number of days; return how many.

    Earlier purges stay. The entry about this purge is written first: the triggers of the database
    let nothing go that it does not cover. Raise `TooYoung` for fewer than 90 days.
    """
    if days < FEWEST_DAYS:
        raise TooYoung(f"Audit entries are kept for {FEWEST_DAYS} days at least.")
    before = clock.now() - timedelta(days=days)
    # Clocks may have been set back: what is behind the first younger entry stays.
    younger = AuditEntry.objects.filter(at__gte=before).order_by("pk").values_list("pk", flat=True)
    first_kept = younger.first()
    old = AuditEntry.objects.filter(at__lt=before).exclude(action=AuditAction.PURGED)
    if first_kept is not None:
        old = old.filter(pk__lt=first_kept)
    last = old.order_by("-pk").values_list("pk", flat=True).first()
    if last is None:
        return 0
    audit.record(
        AuditAction.PURGED,
        AuditEntry,
        note=f"Entries before {before:%Y-%m-%d %H:%M} UTC",
        count=old.count(),
        purged_through=last,
    )
    deleted = 0
    while keys := list(old.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        with transaction.atomic():
            deleted += AuditEntry.objects.filter(pk__in=keys).delete()[0]
    return deleted
