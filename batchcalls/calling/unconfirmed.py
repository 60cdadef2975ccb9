"""Let a person decide whether an unconfirmed call was placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.batches import lifecycle, spending
from batchcalls.calling import recording
from batchcalls.database import clock
from batchcalls.models import AuditAction, Batch, BatchEvent, CallResult, Recipient
from batchcalls.models.querysets import RESULT_UNKNOWN
from batchcalls.states import (
    BATCH_CALLS_AGAIN,
    BATCH_REOPENABLE,
    CALL_GIVEN_UP,
    CALL_IN_DOUBT,
    CallStatus,
    RecipientStatus,
)
from batchcalls.voice.base import CallAccepted
from batchcalls.webhooks import outbox

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class CannotSettle(Exception):
    """The call cannot be settled this way now; the message says why. Nothing was changed."""


@transaction.atomic
def was_placed(
    call: CallResult, *, actor: User, provider_call_id: str = "", note: str = ""
) -> None:
    """Record that the call was placed; its recipient is not dialed again. Raise `CannotSettle`.

    With the provider's call id, the result is fetched from the provider. Without it, the result
    stays unknown and the recipient is marked failed for that reason. An attempt that was given up
    needs the id: its recipient may have been called twice.
    """
    _lock(call, CALL_IN_DOUBT | CALL_GIVEN_UP if provider_call_id else CALL_IN_DOUBT)
    if provider_call_id:
        _attach(call, provider_call_id)
        verdict = f"was placed, as {provider_call_id}"
    else:
        now, reason = clock.now(), f"{actor} says that it was placed; its result is not known."
        CallResult.objects.filter(pk=call.pk).update(
            status=CallStatus.FAILED,
            ended_at=now,
            next_check_at=None,
            error_code=RESULT_UNKNOWN,
            error_message=reason,
            cost=F("reserved"),
        )
        # It may have cost as much as that.
        call.refresh_from_db(fields=["cost", "claimed_at"])
        spending.add(call.account_id, [call])
        Recipient.objects.filter(pk=call.recipient_id, status=RecipientStatus.UNCONFIRMED).update(
            status=RecipientStatus.FAILED,
            called=True,
            due_at=None,
            reason_code=RESULT_UNKNOWN,
            reason=reason,
        )
        outbox.calls_finished([call], now=now)
        verdict = "was placed; its result is not known"
    _log(call, actor, verdict, note)


def _attach(call: CallResult, provider_call_id: str) -> None:
    taken = CallResult.objects.filter(account=call.account_id, provider_call_id=provider_call_id)
    if taken.exists():
        raise CannotSettle(f"{provider_call_id} is the provider's id of another call.")
    now = clock.now()
    accepted = CallAccepted(provider_call_id=provider_call_id, next_event_at=now)
    recording.record_accepted([(call, accepted)], now=now)
    queue.ring(queue.DISPATCH_TICK, call.account_id)


@transaction.atomic
def was_not_placed(call: CallResult, *, actor: User, note: str = "") -> None:
    """Record that the call was not placed; its recipient is called again. Raise `CannotSettle`.

    The attempt stays as evidence. Nobody is called again after an earlier attempt turned up.
    A batch that was completed without this recipient is reopened. A person cannot decide while
    the provider is still being asked, because it may yet confirm the call.
    """
    batch = _lock(call)
    if call.next_check_at is not None:
        raise CannotSettle(
            "The provider is still being asked about this call, next at "
            f"{timezone.localtime(call.next_check_at):%Y-%m-%d %H:%M:%S %Z}. Wait for its answer."
        )
    if batch.status not in BATCH_CALLS_AGAIN:
        raise CannotSettle(
            f"The batch is {batch.get_status_display()}: no one can be called again."
        )
    recording.withdraw(
        [
            recording.Withdrawal(
                call=call,
                due_at=clock.now(),
                code="not_placed",
                reason=f"{actor} says that the call was not placed.",
                doubt="settled",
                reopens=True,
            )
        ]
    )
    # Not when an earlier attempt has turned up.
    again = Recipient.objects.not_yet_placed().filter(pk=call.recipient_id).exists()
    verdict = "was not placed; the recipient is called again" if again else "was not placed"
    _log(call, actor, verdict, note)
    if not again:
        return
    if batch.status in BATCH_REOPENABLE:
        lifecycle.reopen(
            batch, actor=actor, code="not_placed", message=f"To call {call.to_number} after all."
        )
    else:
        queue.ring(queue.DISPATCH_TICK, batch.account_id)


def _lock(call: CallResult, statuses: frozenset[CallStatus] = CALL_IN_DOUBT) -> Batch:
    """Lock the batch, then the call, and refresh the call. Raise `CannotSettle`."""
    batch = Batch.objects.lock([call.batch_id])[call.batch_id]
    rows = CallResult.objects.select_for_update(no_key=True)
    current = rows.filter(pk=call.pk, status__in=statuses, provider_call_id=None).first()
    if current is None:
        raise CannotSettle("This call is no longer unconfirmed.")
    call.next_check_at = current.next_check_at
    return batch


def _log(call: CallResult, actor: User, verdict: str, note: str) -> None:
    row = Recipient.objects.values_list("row_number", flat=True).get(pk=call.recipient_id)
    message = (
        f"Row {row}, {call.to_number}: {actor} says that attempt {call.attempt} "
        f"(our ID {call.call_id}) {verdict}."
    )
    BatchEvent.objects.create(
        batch_id=call.batch_id,
        actor=actor,
        code="call_settled",
        message=f"{message} {note}".strip(),
    )
    said = f"Attempt {call.attempt} {verdict}. {note}"
    audit.record(AuditAction.SETTLED, call, note=said, number=call.to_number, actor=actor)
