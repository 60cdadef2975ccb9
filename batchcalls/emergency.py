"""The kill switch: while it is engaged nobody is dialled, whatever the batches say.

Batches keep their status and calls that are live go on; where calls are claimed and placed
`BatchQuerySet.dialling` asks whether a stop is in force. What was claimed and not placed goes
back to the queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from batchcalls import queue
from batchcalls.models import Batch, BatchEvent, EmergencyStop

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)

LONGEST_REASON = 300


class StopConflict(Exception):
    """Somebody else was faster: calling is stopped already, or goes on already."""


@transaction.atomic
def engage(actor: User | None, reason: str) -> EmergencyStop:
    """Stop all calling now, and say so in the log of each batch that this halts.

    Raises `StopConflict` when it is stopped already; `ValueError` without a reason, or for one
    that is too long.
    """
    reason = reason.strip()
    if not reason:
        raise ValueError("Say why all calling is stopped.")
    if len(reason) > LONGEST_REASON:
        raise ValueError(f"The reason may have {LONGEST_REASON} characters at most.")
    try:
        with transaction.atomic():
            stop = EmergencyStop.objects.create(reason=reason, stopped_by=actor)
    except IntegrityError as error:
        raise StopConflict("All calling is stopped already.") from error
    _note(actor, code="emergency_stop", message=f"All calling was stopped: {reason}")
    log.warning("emergency.engaged", stop_id=stop.pk, by=_name(actor), reason=reason)
    return stop


@transaction.atomic
def lift(actor: User | None, stop: EmergencyStop) -> None:
    """Let calls go on, and ring for every account whose batches have waited.

    Lifts this stop and no other: whoever saw one reason does not lift another. Raises
    `StopConflict` when it is lifted already.
    """
    lifted = EmergencyStop.objects.in_force().filter(pk=stop.pk)
    if not lifted.update(in_force=None, lifted_at=timezone.now(), lifted_by=actor):
        raise StopConflict("This stop was lifted already.")
    _note(actor, code="emergency_lifted", message="All calling may go on.")
    log.warning("emergency.lifted", stop_id=stop.pk, by=_name(actor))
    for account_id in (
        Batch.objects.calling().order_by().values_list("account", flat=True).distinct()
    ):
        queue.ring(queue.DISPATCH_TICK, account_id)


def _note(actor: User | None, *, code: str, message: str) -> None:
    BatchEvent.objects.bulk_create(
        BatchEvent(batch_id=pk, actor=actor, code=code, message=message)
        for pk in Batch.objects.calling().values_list("pk", flat=True)
    )


def _name(actor: User | None) -> str:
    return actor.get_username() if actor else ""
