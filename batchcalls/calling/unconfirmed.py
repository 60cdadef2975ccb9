"""A person settles what the provider could not tell: was this call placed or not?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from batchcalls import queue
from batchcalls.batches import lifecycle
from batchcalls.calling import recording
from batchcalls.models import Batch, BatchEvent, CallResult, Recipient
from batchcalls.states import (
    BATCH_CALLS_AGAIN,
    BATCH_REOPENABLE,
    CallStatus,
    RecipientStatus,
)
from batchcalls.voice.base import CallAccepted
from batchcalls.webhooks import outbox

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class CannotSettle(Exception):
    """The call cannot be settled like this now; the text says why, and nothing was changed."""


@transaction.atomic
def was_placed(
    call: CallResult, *, actor: User, provider_call_id: str = "", note: str = ""
) -> None:
    """Settle that the call exists; nobody is dialed again. Raise `CannotSettle`.

    With the provider's id of the call, its result is fetched from the provider. Without it, what
    came of the call stays unknown: the recipient has failed, with that reason.
    """
    _lock(call)
    if provider_call_id:
        _attach(call, provider_call_id)
        said = f"was placed, as {provider_call_id}"
    else:
        now, reason = timezone.now(), f"{actor} says that it was placed; its result is not known."
        CallResult.objects.filter(pk=call.pk).update(
            status=CallStatus.FAILED,
            ended_at=now,
            next_check_at=None,
            error_code="result_unknown",
            error_message=reason,
        )
        Recipient.objects.filter(pk=call.recipient_id, status=RecipientStatus.UNCONFIRMED).update(
            status=RecipientStatus.FAILED,
            called=True,
            due_at=None,
            reason_code="result_unknown",
            reason=reason,
        )
        outbox.calls_finished([call], now=now)
        said = "was placed; its result is not known"
    _log(call, actor, said, note)


def _attach(call: CallResult, provider_call_id: str) -> None:
    taken = CallResult.objects.filter(account=call.account_id, provider_call_id=provider_call_id)
    if taken.exists():
        raise CannotSettle(f"{provider_call_id} is the provider's id of another call.")
    now = timezone.now()
    accepted = CallAccepted(provider_call_id=provider_call_id, next_event_at=now)
    recording.record_accepted([(call, accepted)], now=now)
    queue.ring(queue.DISPATCH_TICK, call.account_id)


@transaction.atomic
def was_not_placed(call: CallResult, *, actor: User, note: str = "") -> None:
    """Settle that the call does not exist: its recipient is called again. Raise `CannotSettle`.

    A batch that was completed without this recipient is reopened. While the provider is still
    being asked, a person does not decide: it might say "yes" a moment later.
    """
    batch = _lock(call)
    if call.next_check_at is not None:
        raise CannotSettle(
            "The provider is still being asked about this call, next at "
            f"{timezone.localtime(call.next_check_at):%Y-%m-%d %H:%M:%S}. Wait for its answer."
        )
    if batch.status not in BATCH_CALLS_AGAIN:
        raise CannotSettle(
            f"The batch is {batch.get_status_display()}: nobody can be called again."
        )
    # The log first: the attempt is gone afterwards.
    _log(call, actor, "was not placed; it is placed anew", note)
    recording.withdraw(
        [
            recording.Withdrawal(
                call=call,
                due_at=timezone.now(),
                code="not_placed",
                reason=f"{actor} says that the call was not placed; it is placed anew.",
                reopens=True,
            )
        ]
    )
    if batch.status in BATCH_REOPENABLE:
        lifecycle.reopen(
            batch, actor=actor, code="not_placed", message=f"To call {call.to_number} after all."
        )
    else:
        queue.ring(queue.DISPATCH_TICK, batch.account_id)


def _lock(call: CallResult) -> Batch:
    """Lock batch and call in the common order, and read the call anew. Raise `CannotSettle`."""
    batch = Batch.objects.lock([call.batch_id])[call.batch_id]
    rows = CallResult.objects.select_for_update(no_key=True)
    current = rows.filter(pk=call.pk, status=CallStatus.UNKNOWN, provider_call_id=None).first()
    if current is None:
        raise CannotSettle("This call is not unconfirmed any more.")
    call.next_check_at = current.next_check_at
    return batch


def _log(call: CallResult, actor: User, said: str, note: str) -> None:
    row = Recipient.objects.values_list("row_number", flat=True).get(pk=call.recipient_id)
    message = f"Row {row}, {call.to_number}: {actor} says that attempt {call.attempt} {said}."
    BatchEvent.objects.create(
        batch_id=call.batch_id,
        actor=actor,
        code="call_settled",
        message=f"{message} {note}".strip(),
    )
