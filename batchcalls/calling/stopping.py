"""Stopping one call, on somebody's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from batchcalls import queue
from batchcalls.models import BatchEvent, CallResult, Recipient
from batchcalls.states import RECIPIENT_NOT_YET_PLACED, RecipientStatus, StopRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class CallOver(Exception):
    """The call has ended; there is nothing to stop. ``status`` is how it ended."""

    def __init__(self, call: CallResult) -> None:
        super().__init__(f"This call is over: {call.get_status_display()}.")
        self.status = call.status


def _cancel_waiting(call: CallResult) -> bool:
    """Cancel the recipient of an attempt that was taken back; False when it is gone no longer."""
    is_there = Exists(
        CallResult.objects.filter(recipient=OuterRef("pk"), attempt__gte=call.attempt)
    )
    waiting = Recipient.objects.filter(
        pk=call.recipient_id, status__in=RECIPIENT_NOT_YET_PLACED, attempts=call.attempt - 1
    )
    return bool(
        waiting.exclude(is_there).update(
            status=RecipientStatus.CANCELED,
            reason_code="call_stopped",
            reason="The call was stopped before it was placed.",
            due_at=None,
        )
    )


@transaction.atomic
def stop(call: CallResult, *, actor: User | None = None) -> None:
    """Have the provider end a call, whether it rings or is spoken; raise `CallOver`.

    That happens soon, by a worker. Of a call that is just being placed the provider knows nothing
    yet: it is stopped as soon as it is known. One that was not placed, and whose attempt was taken
    back meanwhile, is not placed again: its recipient is canceled.
    """
    # An attempt that was taken back comes again under the same number, as another row.
    mine = CallResult.objects.filter(
        recipient=call.recipient_id, attempt=call.attempt, ended_at=None
    )
    if mine.update(stop_requested=StopRequest.HANG_UP):
        mine.exclude(provider_call_id=None).update(next_check_at=timezone.now())
    elif not _cancel_waiting(call):
        ended = CallResult.objects.filter(recipient=call.recipient_id, attempt=call.attempt)
        raise CallOver(ended.first() or call)
    BatchEvent.objects.create(
        batch_id=call.batch_id,
        actor=actor,
        code="call_stopped",
        message=f"The call to {call.to_number} is stopped.",
    )
    queue.ring(queue.DISPATCH_TICK, call.account_id)
