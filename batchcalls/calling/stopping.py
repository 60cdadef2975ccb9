"""Stop one call on a person's request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.models import AuditAction, Batch, BatchEvent, CallResult, Recipient
from batchcalls.states import RECIPIENT_NOT_YET_PLACED, RecipientStatus, StopRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class CallOver(Exception):
    """The call has already ended; ``status`` is its final status."""

    def __init__(self, call: CallResult) -> None:
        super().__init__(f"This call is over: {call.get_status_display()}.")
        self.status = call.status


def _cancel_waiting(call: CallResult) -> bool:
    """Cancel the recipient of a withdrawn attempt; return False if it is no longer waiting.

    Without its row, the recipient has one attempt less; with it, the attempt was given up.
    """
    is_there = Exists(
        CallResult.objects.counted().filter(recipient=OuterRef("pk"), attempt__gte=call.attempt)
    )
    waiting = Recipient.objects.filter(
        pk=call.recipient_id,
        status__in=RECIPIENT_NOT_YET_PLACED,
        attempts__in=[call.attempt - 1, call.attempt],
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
    """Have the provider end a call, ringing or answered. Raise `CallOver` when it has ended.

    A worker asks the provider soon after. A call that is just being placed is stopped as soon as
    its provider id is known. If its attempt was withdrawn in the meantime, the recipient is
    canceled and not called again.
    """
    # Nobody withdraws or claims the attempt between the questions below.
    Batch.objects.lock([call.batch_id])
    # After a withdrawal, the next attempt has the same number but is another row.
    mine = CallResult.objects.filter(
        recipient=call.recipient_id, attempt=call.attempt, ended_at=None
    )
    if mine.update(stop_requested=StopRequest.HANG_UP):
        mine.exclude(provider_call_id=None).update(next_check_at=clock.now())
    elif not _cancel_waiting(call):
        ended = CallResult.objects.filter(recipient=call.recipient_id, attempt=call.attempt)
        raise CallOver(ended.first() or call)
    BatchEvent.objects.create(
        batch_id=call.batch_id,
        actor=actor,
        code="call_stopped",
        message=f"The call to {call.to_number} is stopped.",
    )
    audit.record(AuditAction.STOPPED, call, number=call.to_number, actor=actor)
    queue.ring(queue.DISPATCH_TICK, call.account_id)
