"""The emergency stop, the account switch and holds, which halt calling for many batches.

Batches keep their status and live calls continue. `BatchQuerySet.dialing` checks the stop and the
switch when calls are claimed and placed; a hold, which a provider asks for, leaves no room for
claims. Calls that were claimed but not placed return to the queue.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.models import AuditAction, Batch, BatchEvent, EmergencyStop, VoiceAccount

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)

LONGEST_REASON = 300
RESTORED = "The database was restored from a backup."


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
        raise ValueError("Enter a reason for stopping all calls.")
    if len(reason) > LONGEST_REASON:
        raise ValueError(f"The reason may have {LONGEST_REASON} characters at most.")
    try:
        with transaction.atomic():
            stop = EmergencyStop.objects.create(reason=reason, stopped_by=actor)
    except IntegrityError as error:
        raise HaltConflict("All calling is already stopped.") from error
    batches = note(
        Batch.objects.calling(),
        actor,
        code="emergency_stop",
        message=f"All calling was stopped: {reason}",
    )
    audit.record(AuditAction.STOPPED, stop, note=reason, count=batches, actor=actor)
    log.warning("emergency.engaged", stop_id=stop.pk, by=_name(actor), reason=reason)
    return stop


@transaction.atomic
def engage_restored(actor: User | None, *, since: datetime) -> EmergencyStop:
    """Stop all calling because the database was restored from a backup made at about ``since``.

    A stop that is already in force, perhaps from the backup, becomes this stop.
    """
    stop = EmergencyStop.objects.in_force().select_for_update().first()
    if stop is None:
        stop = engage(actor, RESTORED)
    elif stop.restored_from is None:
        stop.reason = f"{RESTORED} Before: {stop.reason}"[:LONGEST_REASON]
    # An earlier restore that nobody reconciled still counts.
    earlier = stop.restored_from if stop.must_reconcile else None
    stop.restored_from = min(earlier or since, since)
    stop.stopped_at, stop.reconciled_at, stop.reconciliation = clock.now(), None, []
    stop.save()
    audit.record(AuditAction.STOPPED, stop, note=stop.reason, actor=actor)
    log.error("emergency.restored", stop_id=stop.pk, since=since.isoformat(), by=_name(actor))
    return stop


@transaction.atomic
def lift(actor: User | None, stop: EmergencyStop, *, unreconciled: bool = False) -> None:
    """Resume all calling, and ring for every account with waiting batches.

    Only the given stop is lifted, so a person cannot lift a stop whose reason they have not seen.
    Raise `HaltConflict` when it is already lifted, or when the database was restored and the
    providers have not been asked; ``unreconciled`` lifts it nevertheless.
    """
    stop.refresh_from_db()
    if stop.must_reconcile and not unreconciled:
        raise HaltConflict(
            f"{RESTORED} Reconcile it with the providers first, or people may be called twice."
        )
    lifted = EmergencyStop.objects.in_force().filter(
        # Unless the database was found to be restored just now.
        pk=stop.pk,
        restored_from=stop.restored_from,
        reconciled_at=stop.reconciled_at,
    )
    if not lifted.update(in_force=None, lifted_at=clock.now(), lifted_by=actor):
        raise HaltConflict("This stop has already been lifted.")
    batches = note(
        Batch.objects.calling(),
        actor,
        code="emergency_lifted",
        message="All calling has resumed."
        + (" The restored database was not reconciled." if stop.must_reconcile else ""),
    )
    unasked = "The restored database was not reconciled." if stop.must_reconcile else ""
    audit.record(AuditAction.RESUMED, stop, note=unasked, count=batches, actor=actor)
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
    batches = note(
        Batch.objects.calling().filter(account=account),
        actor,
        code=f"account_{word}",
        message=f"The voice account {account} was switched {word}.",
    )
    audit.record(
        AuditAction.SWITCHED_ON if on else AuditAction.SWITCHED_OFF,
        account,
        before={"enabled": not on},
        after={"enabled": on},
        count=batches,
        actor=actor,
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
    if not held.update(held_until=None, held_code="", held_reason=""):
        raise HaltConflict(f"The account {account} is not on hold.")
    was = {"held_until": account.held_until, "held_reason": account.held_reason}
    account.held_until, account.held_code, account.held_reason = None, "", ""
    batches = note(
        Batch.objects.calling().filter(account=account),
        actor,
        code="hold_ended",
        message=f"The hold of the voice account {account} was ended early.",
    )
    now = {"held_until": None, "held_reason": ""}
    audit.record(AuditAction.CHANGED, account, before=was, after=now, count=batches, actor=actor)
    log.warning("account.hold_ended", account_id=account.pk, by=_name(actor), batches=batches)
    queue.ring(queue.DISPATCH_TICK, account.pk)
    return batches


def note(batches: QuerySet[Batch], actor: User | None, *, code: str, message: str) -> int:
    """Add an event to the log of each batch; return the number of batches."""
    events = BatchEvent.objects.bulk_create(
        BatchEvent(batch_id=pk, actor=actor, code=code, message=message)
        for pk in batches.order_by().values_list("pk", flat=True)
    )
    return len(events)


def _name(actor: User | None) -> str:
    return actor.get_username() if actor else ""
