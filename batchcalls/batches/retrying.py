"""Retry recipients whom a batch did not reach, on a person's request."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.batches import lifecycle
from batchcalls.database import clock
from batchcalls.models import AuditAction, Batch, BatchEvent, Recipient
from batchcalls.states import (
    BATCH_CALLS_AGAIN,
    BATCH_REOPENABLE,
    RecipientOutcome,
    RecipientStatus,
)
from campaigns import pseudonyms

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

#: Only certain outcomes: an unconfirmed call may have been placed, and skipped rows have a reason.
RETRIABLE: dict[str, Q] = {
    "not_reached": Q(status=RecipientStatus.DONE, outcome=RecipientOutcome.NOT_REACHED),
    "voicemail": Q(status=RecipientStatus.DONE, outcome=RecipientOutcome.VOICEMAIL),
    "failed": Q(status=RecipientStatus.FAILED),
}


def retriable(batch: Batch, outcomes: Collection[str]) -> QuerySet[Recipient]:
    """Return the recipients that ended with one of the outcomes (keys of `RETRIABLE`).

    Erased numbers are left out: nobody knows them any more.
    """
    wanted = Q(pk__in=[])
    for outcome in outcomes:
        wanted |= RETRIABLE[outcome]
    rows = Recipient.objects.filter(wanted, batch=batch)
    return rows.exclude(e164__startswith=pseudonyms.PREFIX)


#: Ends after which a person may have a recipient called once more.
_CALLED = frozenset({RecipientStatus.DONE, RecipientStatus.FAILED})
_PLACES_CALLS = BATCH_CALLS_AGAIN | BATCH_REOPENABLE


def may_call_again(recipient: Recipient) -> bool:
    """Return whether a person may have this recipient called again in the same batch."""
    return (
        recipient.status in _CALLED
        and recipient.batch.status in _PLACES_CALLS
        and not pseudonyms.is_pseudonym(recipient.e164)
    )


@transaction.atomic
def call_again(recipient: Recipient, *, actor: User | None) -> None:
    """Queue one recipient again, whoever answered before. A finished batch is reopened for it.

    Every rule is checked again at the moment of dialing. Raise `lifecycle.Conflict` unless the
    recipient's last call ended for certain and its batch may still place calls.
    """
    batch = Batch.objects.lock([recipient.batch_id])[recipient.batch_id]
    message = f"Row {recipient.row_number:,} is called again."
    if batch.status in BATCH_REOPENABLE:
        lifecycle.reopen(batch, actor=actor, code="call_again", message=message)
    elif batch.status in BATCH_CALLS_AGAIN:
        BatchEvent.objects.create(batch=batch, actor=actor, code="call_again", message=message)
        audit.record(AuditAction.REOPENED, recipient, note=message, actor=actor)
        queue.ring(queue.DISPATCH_TICK, batch.account_id)
    else:
        raise lifecycle.Conflict("changed", batch.status)
    rows = Recipient.objects.filter(pk=recipient.pk, status__in=_CALLED)
    if not _queue(rows.exclude(e164__startswith=pseudonyms.PREFIX)):
        why = "this recipient is waiting, in a call, or was not called"
        raise lifecycle.Conflict("changed", batch.status, why=why)


@transaction.atomic
def retry(batch: Batch, *, outcomes: Collection[str], actor: User | None = None) -> int:
    """Queue the recipients with these outcomes again in the same batch; return their number.

    The batch is reopened, and every rule is checked again at the moment of dialing. Raise
    `lifecycle.Conflict` unless the batch is completed, fully or partly, and has such recipients.
    """
    names = ", ".join(outcome.replace("_", " ") for outcome in sorted(outcomes))
    lifecycle.reopen(batch, actor=actor, code="retry", message=f"Called again: {names}.")
    queued = _queue(retriable(batch, outcomes))
    if not queued:
        raise lifecycle.Conflict("called again", batch.status, why=f"no one ended as {names}")
    return queued


def _queue(rows: QuerySet[Recipient]) -> int:
    """Queue recipients for another attempt, due now. Return their number."""
    return rows.update(
        status=RecipientStatus.QUEUED,
        outcome="",
        reason_code="",
        reason="",
        due_at=clock.now(),
        tries=0,
        claim_token=None,
        claimed_at=None,
    )
