"""Stopping one call, on somebody's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from batchcalls import queue
from batchcalls.models import BatchEvent, CallResult
from batchcalls.states import StopRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class CallOver(Exception):
    """The call has ended; there is nothing to stop. ``status`` is how it ended."""

    def __init__(self, call: CallResult) -> None:
        super().__init__(f"This call is over: {call.get_status_display()}.")
        self.status = call.status


@transaction.atomic
def stop(call: CallResult, *, actor: User | None = None) -> None:
    """Have the provider end a call, whether it rings or is spoken; raise `CallOver`.

    That happens soon, by a worker. Of a call that is just being placed the provider knows nothing
    yet: it is stopped as soon as it is known.
    """
    mine = CallResult.objects.filter(pk=call.pk, ended_at=None)
    if not mine.update(stop_requested=StopRequest.HANG_UP):
        call.refresh_from_db()
        raise CallOver(call)
    mine.exclude(provider_call_id=None).update(next_check_at=timezone.now())
    BatchEvent.objects.create(
        batch_id=call.batch_id,
        actor=actor,
        code="call_stopped",
        message=f"The call to {call.to_number} is stopped.",
    )
    queue.ring(queue.DISPATCH_TICK, call.account_id)
