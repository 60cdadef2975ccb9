"""Batches that are stored as calling, because all their rows were checked before."""

from __future__ import annotations

from django.db import transaction

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.models import AuditAction, Batch, BatchEvent, Recipient, StoredList
from batchcalls.states import BatchStatus
from batchcalls.webhooks import outbox
from campaigns.rules import packs


@transaction.atomic
def store(batch: Batch, stored: StoredList, recipient: Recipient) -> None:
    """Store a batch of one with its list and its row, launched: nothing → dispatching.

    The log, the audit log and the webhooks tell of it as of any other launch.
    """
    actor, now = batch.created_by, clock.now()
    batch.status = BatchStatus.DISPATCHING
    batch.launch_when_ready = True
    batch.launched_at = now
    # Its only chunk is queued already: a tick can claim it at once.
    batch.queued_through = batch.ready_through
    recipient.batch = batch
    recipient.queue(batch, now=now)
    batch.rule_packs = packs.versions()
    batch.save(force_insert=True)
    stored.save(force_insert=True)
    recipient.save(force_insert=True)
    message = f"Created from {stored.file_name}."
    event = BatchEvent.objects.create(
        batch=batch, to_status=batch.status, actor=actor, message=message
    )
    audit.record(AuditAction.IMPORTED, stored, note=f"Batch {batch.pk}", actor=actor)
    audit.record(AuditAction.LAUNCHED, batch, after={"status": batch.status}, actor=actor)
    outbox.batch_changed(event, batch)
    queue.ring_tick(batch.account_id)
