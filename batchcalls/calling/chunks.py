"""Queue a large batch in chunks: the next one when the last has been called."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from batchcalls.batches import lifecycle
from batchcalls.database.bulk import update_each
from batchcalls.models import Batch, Recipient, VoiceAccount
from batchcalls.models.recipient import SCHEDULED
from batchcalls.states import BATCH_CALLING, RecipientStatus


def queue_due(account: VoiceAccount, *, now: datetime) -> set[UUID]:
    """Queue the next chunk of each batch with an empty queue: pending → queued or deferred.

    Return the batches that had another chunk.
    """
    batches = Batch.objects.calling().filter(account=account).order_by("pk")
    queued = Recipient.objects.filter(batch=OuterRef("pk"), status=RecipientStatus.QUEUED)
    pending = Recipient.objects.filter(
        batch=OuterRef("pk"),
        status=RecipientStatus.PENDING,
        row_number__lte=OuterRef("ready_through"),
    )
    return {
        batch.pk
        for batch in batches.filter(~Exists(queued), Exists(pending))
        if _queue_next_chunk(batch, now=now)
    }


def _queue_next_chunk(batch: Batch, *, now: datetime) -> int:
    with transaction.atomic():
        locked = Batch.objects.lock([batch.pk])[batch.pk]
        if locked.status not in BATCH_CALLING:
            return 0
        rows = Recipient.objects.filter(batch=batch)
        chunk = list(
            rows.filter(
                row_number__gt=locked.queued_through,
                row_number__lte=locked.ready_through,
                status=RecipientStatus.PENDING,
            )
            .order_by("row_number")
            .values_list("pk", "row_number", "start_at")[: locked.chunk_size]
        )
        if not chunk:
            return 0
        if locked.queued_through:
            lifecycle.next_chunk(locked)
        Batch.objects.filter(pk=batch.pk).update(queued_through=chunk[-1][1])
        starts = {
            pk: start
            for pk, _, row_start in chunk
            if (start := max(filter(None, (row_start, batch.start_at)), default=now)) > now
        }
        update_each(
            Recipient,
            ["status", "due_at", "reason_code", "reason"],
            [(pk, RecipientStatus.DEFERRED, start, *SCHEDULED) for pk, start in starts.items()],
            where_in=("status", [RecipientStatus.PENDING]),
        )
        # A recipient may have been refused in the meantime; see `intake.refusals`.
        at_once = [pk for pk, *_ in chunk if pk not in starts]
        Recipient.objects.filter(pk__in=at_once, status=RecipientStatus.PENDING).update(
            status=RecipientStatus.QUEUED, due_at=now
        )
    return len(chunk)
