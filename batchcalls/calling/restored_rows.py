"""Recipients of a restored database of whom nobody knows whether they were called since."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, QuerySet

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.batches import lifecycle
from batchcalls.batches.halts import RESTORED
from batchcalls.database import clock
from batchcalls.models import AuditAction, Batch, BatchEvent, Recipient, VoiceAccount
from batchcalls.states import (
    BATCH_CALLING,
    BATCH_CALLS_AGAIN,
    BATCH_REOPENABLE,
    BATCH_RESUMABLE,
    RECIPIENT_NOT_YET_PLACED,
    RecipientStatus,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: Reason code of these recipients.
CODE = "restored"
#: Code of the event in the log of a batch all of whose waiting recipients became unconfirmed.
ALL_CODE = "restored_unconfirmed"
REASON = f"{RESTORED} Whether this person was called since is not known."


class CannotSettle(Exception):
    """The batch's recipients cannot be settled this way; nothing was changed."""


def leave_unconfirmed(account: VoiceAccount, *, why: str, since: datetime) -> str:
    """Mark all recipients unconfirmed who may have been called; return a sentence about it.

    Each batch only once after ``since``, so that what a person settled stays settled.
    """
    total = 0
    batches = Batch.objects.filter(account=account, status__in=BATCH_CALLING | BATCH_RESUMABLE)
    before = Exists(BatchEvent.objects.filter(batch=OuterRef("pk"), code=ALL_CODE, at__gte=since))
    for batch in batches.exclude(before):
        with transaction.atomic():
            Batch.objects.lock([batch.pk])
            count = _doubt(Recipient.objects.filter(batch=batch), REASON)
            if count:
                BatchEvent.objects.create(
                    batch=batch,
                    code=ALL_CODE,
                    message=f"{RESTORED} {why} Unconfirmed recipients: {count:,}.",
                )
        total += count
    return f"{why} Unconfirmed recipients: {total:,}."


def doubt(row: Recipient, reason: str) -> int:
    """Mark a recipient unconfirmed who has not been called as far as we know; return 1 or 0."""
    return _doubt(Recipient.objects.filter(pk=row.pk), reason)


def _doubt(rows: QuerySet[Recipient], reason: str) -> int:
    # Without a due time, because the provider is not asked about them.
    return rows.filter(status__in=RECIPIENT_NOT_YET_PLACED).update(
        status=RecipientStatus.UNCONFIRMED, reason_code=CODE, reason=reason, due_at=None
    )


def in_doubt(batch: Batch | None = None) -> QuerySet[Recipient]:
    """Return the recipients about whom a person must decide."""
    rows = Recipient.objects.filter(status=RecipientStatus.UNCONFIRMED, reason_code=CODE)
    return rows.filter(batch=batch) if batch else rows


def batches_in_doubt() -> list[tuple[Batch, int]]:
    """Return the batches with such recipients and their number, newest batch first."""
    counts = dict(in_doubt().order_by().values_list("batch").annotate(n=Count("pk")))
    batches = Batch.objects.filter(pk__in=counts).order_by("-created_at")
    return [(batch, counts[batch.pk]) for batch in batches]


@transaction.atomic
def settle(batch: Batch, *, called: bool, actor: User) -> int:
    """Record whether a batch's recipients in doubt were called; return how many they are.

    Those who were called are not called again. The others are queued again, and a finished batch
    is reopened. Raise `CannotSettle` when the batch has ended for good.
    """
    locked = Batch.objects.lock([batch.pk])[batch.pk]
    if not called and locked.status not in BATCH_CALLS_AGAIN:
        raise CannotSettle(
            f"The batch is {locked.get_status_display()}: no one can be called again."
        )
    rows = in_doubt(batch)
    count = _set_called(rows, actor) if called else _queue_again(rows, locked)
    if not count:
        return 0
    verdict = "were called since" if called else "were not called since, and are queued again"
    BatchEvent.objects.create(
        batch=batch,
        actor=actor,
        code="restored_settled",
        message=f"{RESTORED} {actor} says that {count:,} unconfirmed recipients {verdict}.",
    )
    note = f"Recipients in doubt after a restore {verdict}."
    audit.record(AuditAction.SETTLED, batch, note=note, count=count, actor=actor)
    if not called and locked.status in BATCH_REOPENABLE:
        message = "To call recipients who were unconfirmed after a restore."
        lifecycle.reopen(locked, actor=actor, code=CODE, message=message)
    elif not called:
        queue.ring(queue.DISPATCH_TICK, batch.account_id)
    return count


def _set_called(rows: QuerySet[Recipient], actor: User) -> int:
    return rows.update(
        status=RecipientStatus.FAILED,
        called=True,
        reason_code="result_unknown",
        reason=f"{actor} says that this person was called; the result is not known.",
    )


def _queue_again(rows: QuerySet[Recipient], batch: Batch) -> int:
    now = clock.now()
    cleared = {"reason_code": "", "reason": ""}
    # Those whose chunk was never queued wait for it again.
    count = rows.filter(row_number__gt=batch.queued_through, attempts=0).update(
        status=RecipientStatus.PENDING, **cleared
    )
    start = max(now, batch.start_at or now)
    count += rows.filter(start_at__gt=start).update(
        status=RecipientStatus.DEFERRED, due_at=F("start_at"), **cleared
    )
    later = RecipientStatus.DEFERRED if start > now else RecipientStatus.QUEUED
    return count + rows.update(status=later, due_at=start, **cleared)
