"""Retry recipients whom a batch did not reach, on a person's request."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from batchcalls.batches import lifecycle
from batchcalls.database import clock
from batchcalls.models import Batch, Recipient
from batchcalls.states import RecipientOutcome, RecipientStatus
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


@transaction.atomic
def retry(batch: Batch, *, outcomes: Collection[str], actor: User | None = None) -> int:
    """Queue the recipients with these outcomes again in the same batch; return their number.

    The batch is reopened, and every rule is checked again at the moment of dialing. Raise
    `lifecycle.Conflict` unless the batch is completed, fully or partly, and has such recipients.
    """
    names = ", ".join(outcome.replace("_", " ") for outcome in sorted(outcomes))
    lifecycle.reopen(batch, actor=actor, code="retry", message=f"Called again: {names}.")
    queued = retriable(batch, outcomes).update(
        status=RecipientStatus.QUEUED,
        outcome="",
        reason_code="",
        reason="",
        due_at=clock.now(),
        tries=0,
        claim_token=None,
        claimed_at=None,
    )
    if not queued:
        raise lifecycle.Conflict("called again", batch.status, why=f"nobody ended as {names}")
    return queued
