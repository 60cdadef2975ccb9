"""Add another list to a batch: corrected rows, or more recipients.

Existing rows stay unchanged. The numbers of the added rows continue after them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, F, Max
from django.template.defaultfilters import pluralize

from batchcalls import queue
from batchcalls.batches import lifecycle, list_imports
from batchcalls.models import Batch, BatchEvent, Recipient, StoredList
from batchcalls.states import (
    BATCH_CALLING,
    BATCH_IMPORTING,
    BATCH_JOINABLE,
    BATCH_REOPENABLE,
    LIST_UNUSABLE,
    RecipientStatus,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def join(stored: StoredList, *, actor: User | None = None) -> None:
    """Save a new list of a batch and start its import; raise `lifecycle.Conflict`.

    Its rows are dialed as soon as they are checked if the batch is calling or ended short of
    calling everyone, else when it is launched or resumed. A draft of which nobody can be called is
    checked again, together with them.
    """
    batch = Batch.objects.lock([stored.batch_id])[stored.batch_id]
    may_join = batch.status in BATCH_JOINABLE or batch.awaits_correction
    if not may_join or batch.lists.importing().exists():
        raise lifecycle.Conflict("given more rows", batch.status)
    stored.row_offset = batch.ready_through
    stored.created_by = actor
    stored.save(force_insert=True)
    BatchEvent.objects.create(
        batch=batch,
        actor=actor,
        code="list_joined",
        message=f"{stored.file_name} was added: its row 2 is row {stored.row_offset + 2:,}.",
    )
    if batch.awaits_correction:
        lifecycle.submit(batch, launch=False, actor=actor, adds_rows=True)
    else:
        list_imports.begin(stored)


@transaction.atomic
def make_ready(stored: StoredList, *, row_count: int, callable_rows: int) -> None:
    """Release the checked rows of an added list for dialing; reopen a batch that ended short."""
    batch = Batch.objects.lock([stored.batch_id])[stored.batch_id]
    if batch.status not in BATCH_JOINABLE:
        give_up(stored, reason=f"The batch is {batch.get_status_display()}.")
        return
    Batch.objects.filter(pk=batch.pk).update(
        ready_through=stored.last_row, row_count=F("row_count") + row_count
    )
    BatchEvent.objects.create(
        batch=batch,
        code="list_ready",
        message=f"{callable_rows:,} of {row_count:,} row{pluralize(row_count)} of "
        f"{stored.file_name} can be called.",
    )
    if batch.status in BATCH_REOPENABLE and callable_rows:
        lifecycle.reopen(batch, code="list_joined", message="There are new rows to call.")
    elif batch.status in BATCH_CALLING:
        queue.ring(queue.DISPATCH_TICK, batch.account_id)


@transaction.atomic
def give_up(stored: StoredList, *, reason: str) -> None:
    """Cancel the rows of an added list that turned out to be unusable; keep the batch."""
    batch = Batch.objects.lock([stored.batch_id])[stored.batch_id]
    rows = Recipient.objects.filter(batch=batch, row_number__gt=batch.ready_through)
    rows.filter(status=RecipientStatus.PENDING).update(
        status=RecipientStatus.CANCELED, reason_code=LIST_UNUSABLE, reason=reason
    )
    # Another process may have split more of the file since this one read it.
    stored.refresh_from_db(fields=["split_through"])
    taken_in = rows.aggregate(count=Count("pk"), last=Max("row_number"))
    Batch.objects.filter(pk=batch.pk).update(
        ready_through=max(batch.ready_through, stored.last_row, taken_in["last"] or 0),
        row_count=F("row_count") + taken_in["count"],
    )
    BatchEvent.objects.create(
        batch=batch,
        code=LIST_UNUSABLE,
        message=f"{stored.file_name} cannot be used: {reason} None of its rows will be called.",
    )
    if batch.status in BATCH_CALLING:
        queue.ring(queue.DISPATCH_TICK, batch.account_id)
    elif batch.status in BATCH_IMPORTING:
        lifecycle.return_to_draft(batch, message=f"{stored.file_name} cannot be used: {reason}")
