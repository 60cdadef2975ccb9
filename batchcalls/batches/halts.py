"""The emergency stop, the account switch and holds, which halt calling for many batches.

Batches keep their status and live calls continue. `BatchQuerySet.dialing` checks the stop and the
switch when calls are claimed and placed; a hold, which a provider asks for, leaves no room for
claims. Calls that were claimed but not placed return to the queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from batchcalls import queue
from batchcalls.database import clock
from batchcalls.models import Batch, BatchEvent, EmergencyStop, VoiceAccount

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)

LONGEST_REASON = 300


class HaltConflict(Exception):
    """The halt is already in force or already lifted, because another person was faster."""


@transaction.atomic
def engage(actor: User | None, reason: str) -> EmergencyStop:
    """Stop all calling now, and log that in each batch that this halts.

    Raise `HaltConflict` when calling is already stopped; `ValueError` when the reason is blank or
    too long.
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
    """Resume all calling, and ring for every account with waiting batches.

    Only the given stop is lifted, so a person cannot lift a stop whose reason they have not seen.
    Raise `HaltConflict` when it is already lifted.
    """
    lifted = EmergencyStop.objects.in_force().filter(pk=stop.pk)
    if not lifted.update(in_force=None, lifted_at=clock.now(), lifted_by=actor):
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
    """Switch an account on or off, and log that in each calling batch of the account.

    Switching it on resumes its batches immediately. Return the number of these batches. Raise
    `HaltConflict` when the account is already switched that way.
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


@transaction.atomic
def end_hold(account: VoiceAccount, *, actor: User | None) -> int:
    """Call again before the provider wants it, and log that in each calling batch of the account.

    The provider may ask for another hold. Return the number of batches. Raise `HaltConflict` when
    the account is not on hold.
    """
    held = VoiceAccount.objects.filter(pk=account.pk, held_until__gt=clock.now())
    if not held.update(held_until=None, held_reason=""):
        raise HaltConflict(f"The account {account} is not on hold.")
    account.held_until, account.held_reason = None, ""
    batches = _note(
        Batch.objects.calling().filter(account=account),
        actor,
        code="hold_ended",
        message=f"The hold of the voice account {account} was ended early.",
    )
    log.warning("account.hold_ended", account_id=account.pk, by=_name(actor), batches=batches)
    queue.ring(queue.DISPATCH_TICK, account.pk)
    return batches


def _note(batches: QuerySet[Batch], actor: User | None, *, code: str, message: str) -> int:
    """Add an event to the log of each batch; return the number of batches."""
    events = BatchEvent.objects.bulk_create(
        BatchEvent(batch_id=pk, actor=actor, code=code, message=message)
        for pk in batches.order_by().values_list("pk", flat=True)
    )
    return len(events)


def _name(actor: User | None) -> str:
    return actor.get_username() if actor else ""
