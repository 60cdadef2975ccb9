"""What halts calling beyond a batch's own status: the emergency stop, and an account's switch.

Batches keep their status and live calls continue. Where calls are claimed and placed,
`BatchQuerySet.dialing` checks both. What was claimed and not placed returns to the queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from batchcalls import queue
from batchcalls.models import Batch, BatchEvent, EmergencyStop, VoiceAccount

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)

LONGEST_REASON = 300


class HaltConflict(Exception):
    """Somebody else was faster: the halt is in force already, or lifted already."""


@transaction.atomic
def engage(actor: User | None, reason: str) -> EmergencyStop:
    """Stop all calling now, and say so in the log of each batch that this halts.

    Raises `HaltConflict` when it is stopped already; `ValueError` without a reason, or for one
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
        raise HaltConflict("All calling is stopped already.") from error
    _note(
        Batch.objects.calling(),
        actor,
        code="emergency_stop",
        message=f"All calling was stopped: {reason}",
    )
    log.warning("emergency.engaged", stop_id=stop.pk, by=_name(actor), reason=reason)
    return stop


@transaction.atomic
def lift(actor: User | None, stop: EmergencyStop) -> None:
    """Let calls go on, and ring for every account whose batches have waited.

    Lifts this stop and no other: whoever saw one reason does not lift another. Raises
    `HaltConflict` when it is lifted already.
    """
    lifted = EmergencyStop.objects.in_force().filter(pk=stop.pk)
    if not lifted.update(in_force=None, lifted_at=timezone.now(), lifted_by=actor):
        raise HaltConflict("This stop was lifted already.")
    _note(
        Batch.objects.calling(),
        actor,
        code="emergency_lifted",
        message="All calling may go on.",
    )
    log.warning("emergency.lifted", stop_id=stop.pk, by=_name(actor))
    for account_id in (
        Batch.objects.calling().order_by().values_list("account", flat=True).distinct()
    ):
        queue.ring(queue.DISPATCH_TICK, account_id)


@transaction.atomic
def switch_account(account: VoiceAccount, *, on: bool, actor: User | None) -> int:
    """Switch an account on or off, and say so in the log of each batch that this concerns.

    Switched on, its batches resume at once. Returns how many batches these are; raises
    `HaltConflict` when there is nothing to switch.
    """
    if not VoiceAccount.objects.filter(pk=account.pk, enabled=not on).update(enabled=on):
        raise HaltConflict(f"The account {account} is switched {'on' if on else 'off'} already.")
    account.enabled = on
    word = "on" if on else "off"
    batches = _note(
        Batch.objects.calling().filter(account=account),
        actor,
        code=f"account_{word}",
        message=f"The voice account {account} was switched {word}.",
    )
    log.warning("account.switched", account_id=account.pk, on=on, by=_name(actor), batches=batches)
    if on and batches:
        queue.ring(queue.DISPATCH_TICK, account.pk)
    return batches


def _note(batches: QuerySet[Batch], actor: User | None, *, code: str, message: str) -> int:
    """Write an event into the log of each batch; return how many batches these are."""
    events = BatchEvent.objects.bulk_create(
        BatchEvent(batch_id=pk, actor=actor, code=code, message=message)
        for pk in batches.order_by().values_list("pk", flat=True)
    )
    return len(events)


def _name(actor: User | None) -> str:
    return actor.get_username() if actor else ""
