"""Every change of an uploaded list's status; the loser of a race changes nothing."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import structlog
from django.db import transaction

from batchcalls import queue
from batchcalls.database import clock
from batchcalls.models import ListPart, StoredList
from batchcalls.states import LIST_LEFT_OUT, LIST_OPEN, ListStatus

log = structlog.get_logger(__name__)


@transaction.atomic
def begin(stored: StoredList) -> None:
    """Have workers import a list: uploaded → importing."""
    uploaded = StoredList.objects.filter(pk=stored.pk, status=ListStatus.UPLOADED)
    if uploaded.update(status=ListStatus.IMPORTING):
        stored.status = ListStatus.IMPORTING
        queue.ring(queue.IMPORT_LIST, str(stored.pk))


def begin_next(batch_id: UUID, *, behind: int) -> bool:
    """Import the first list of a batch that waits, its rows numbered from ``behind``.

    Return False if none waits. A batch with several lists is checked list by list, because the rows
    of each are numbered after those of the one before it.
    """
    waiting = StoredList.objects.filter(batch=batch_id, status=ListStatus.UPLOADED)
    stored = waiting.order_by("created_at", "pk").first()
    if stored is None:
        return False
    StoredList.objects.filter(pk=stored.pk).update(row_offset=behind)
    begin(stored)
    return True


@transaction.atomic
def end(stored: StoredList, status: ListStatus, *, code: str = "", reason: str = "") -> bool:
    """End an import: importing → imported or failed; return False when it had already ended.

    On failure, wait for the parts in progress to commit. No further part begins.
    """
    ended = StoredList.objects.importing().filter(pk=stored.pk)
    log.info("list.ended", list_id=str(stored.pk), status=str(status), code=code)
    if not ended.update(status=status, reason_code=code, reason=reason, ended_at=clock.now()):
        return False
    if status == ListStatus.FAILED:
        _await_parts([stored.pk])
    return True


def forget(batch_id: UUID) -> None:
    """Reset a batch's usable lists to freshly uploaded, keeping their files.

    Only call this for batches whose lists are not being imported.
    """
    lists = StoredList.objects.filter(batch=batch_id).exclude(status__in=LIST_LEFT_OUT)
    parts = ListPart.objects.filter(stored_list__in=lists)
    files = list(parts.values_list("file", flat=True))
    parts.delete()
    storage = ListPart._meta.get_field("file").storage
    for name in files:
        transaction.on_commit(partial(storage.delete, name))
    lists.update(
        status=ListStatus.UPLOADED,
        evidence=None,
        is_split=False,
        split_through=0,
        row_offset=0,
        reason_code="",
        reason="",
        ended_at=None,
        # The import kept its lease to the end; clear it so that no one waits for it to expire.
        lease_token=None,
        lease_until=None,
    )


def stop(batch_id: UUID, *, code: str, reason: str) -> None:
    """Permanently stop importing a batch's lists, effective within the caller's transaction.

    A worker locks a part until its commit and checks the list's status after locking. Therefore
    this function waits for the rows of all parts in progress, and no further part begins.
    """
    lists = StoredList.objects.filter(batch=batch_id, status__in=LIST_OPEN)
    ending = list(lists.values_list("pk", flat=True))
    if not ending:
        return
    lists.update(status=ListStatus.STOPPED, reason_code=code, reason=reason, ended_at=clock.now())
    _await_parts(ending)


def _await_parts(list_ids: list[UUID]) -> None:
    parts = ListPart.objects.to_do().filter(stored_list__in=list_ids).order_by("pk")
    list(parts.select_for_update().values_list("pk", flat=True))
