"""What happened to a call and when: our own steps, and what the provider said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from batchcalls.models import CallEvent, CallResult
from batchcalls.states import CALL_GIVEN_UP

#: The last of our own steps.
ENDED = "Ended"


class Moment(NamedTuple):
    """One entry of the timeline: what happened, and a detail in the provider's or our words."""

    at: datetime
    message: str
    detail: str


def moments(call: CallResult, events: Iterable[CallEvent]) -> list[Moment]:
    """Return the timeline of a call in order."""
    own = [
        (call.claimed_at, "Queued", "all checks passed"),
        (call.placed_at, "Placed", f"taken by {call.account}"),
        (call.answered_at, "Answered", str(call.get_answered_by_display())),
        (call.given_up_at, "Given up", "its answer was lost, and no call was found"),
        (
            None if call.status in CALL_GIVEN_UP else call.ended_at,
            ENDED,
            str(call.get_status_display()),
        ),
    ]
    told = [
        (
            event.occurred_at,
            f"{event.get_status_display()} (provider)",
            event.provider_status,
        )
        for event in events
    ]
    found = [Moment(at, message, detail) for at, message, detail in [*own, *told] if at]
    return sorted(found, key=lambda one: one.at)
