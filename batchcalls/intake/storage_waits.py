"""Imports that wait for a disk: they are tried again for a day, and say why they wait.

The list's ``reason`` says it, and its lease without a holder lasts until the next try.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from batchcalls.database import clock, disks
from batchcalls.models import Batch, BatchEvent, StoredList

log = structlog.get_logger(__name__)

#: The code of the log entry after a wait. The one before has the code of the disk's problem.
RESUMED = "storage_back"


def is_waiting(stored: StoredList) -> bool:
    """Return whether the next try of an import is not due yet."""
    until = stored.lease_until
    is_held = stored.lease_token is not None
    return bool(stored.reason and not is_held and until and until > clock.now())


@transaction.atomic
def postpone(stored: StoredList, error: disks.DiskFull | disks.StorageAway) -> bool:
    """Have an import wait for its disk. Return False if it has waited for too long."""
    now, reason = clock.now(), f"{error} Until then, the import of {stored.file_name} waits."
    if stored.batch_id:
        Batch.objects.lock([stored.batch_id])  # always before the list
    mine = StoredList.objects.importing().filter(pk=stored.pk)
    is_first = mine.filter(reason="").exists()
    due = disks.next_try(now if is_first else _since(stored, now), now)
    if due is None:
        return False
    mine.update(reason_code=error.code, reason=reason, lease_token=None, lease_until=due)
    if is_first and stored.batch_id:
        BatchEvent.objects.create(batch_id=stored.batch_id, code=error.code, message=reason)
    log.warning("import.waits", list_id=str(stored.pk), code=error.code, until=due.isoformat())
    return True


@transaction.atomic
def resume(stored: StoredList) -> None:
    """Record that the disk of a waiting import works again."""
    stored.reason = ""
    waiting = StoredList.objects.waiting().filter(pk=stored.pk)
    if waiting.update(reason_code="", reason="") and stored.batch_id:
        message = f"The import of {stored.file_name} continues."
        BatchEvent.objects.create(batch_id=stored.batch_id, code=RESUMED, message=message)


def _since(stored: StoredList, now: datetime) -> datetime:
    """Return when the import began to wait. A do-not-call list is imported once it is stored."""
    if stored.batch_id is None:
        return stored.created_at
    began = BatchEvent.objects.filter(batch=stored.batch_id, code__in=[disks.FULL, disks.AWAY])
    return began.order_by("at").values_list("at", flat=True).last() or now
