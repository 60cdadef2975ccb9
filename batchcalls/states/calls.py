"""The statuses of a call, and requests to stop one."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices

from batchcalls.states.roles import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, Role, Status, those

#: Ranks: it is unknown whether the call exists; we believe that it does not; it may not have begun;
#: it has ended.
IN_DOUBT, GIVEN_UP, PLACED, OVER = 0, 1, 2, 9


@dataclass(frozen=True, slots=True)
class CallRole(Role):
    """The meaning of a call's status. A call's status only ever rises in ``rank``."""

    rank: int
    #: The Bland API's ``queue_status``.
    bland_queue: str
    #: The Bland API's ``status``, which has no value for a call that has not ended.
    bland: str = "unknown"


class CallStatus(Status):
    """Progress of one attempt; a provider's own vocabulary is mapped onto it."""

    role: CallRole

    QUEUED = "queued", CallRole(NEUTRAL, PLACED, "queued"), "Queued"
    RINGING = "ringing", CallRole(INFO, 3, "allocated"), "Ringing"
    IN_PROGRESS = "in_progress", CallRole(INFO, 4, "started"), "In progress"
    COMPLETED = "completed", CallRole(SUCCESS, OVER, "complete", "completed"), "Completed"
    NO_ANSWER = "no_answer", CallRole(NEUTRAL, OVER, "complete", "no-answer"), "No answer"
    BUSY = "busy", CallRole(NEUTRAL, OVER, "complete", "busy"), "Busy"
    FAILED = "failed", CallRole(DANGER, OVER, "call_error", "failed"), "Failed"
    CANCELED = "canceled", CallRole(NEUTRAL, OVER, "complete", "canceled"), "Canceled"
    # Its answer was lost, and the provider or a person says that the call does not exist.
    NOT_PLACED = "not_placed", CallRole(NEUTRAL, GIVEN_UP, "call_error", "failed"), "Not placed"
    # The Bland API has no such status, so the call is reported as allocated.
    UNKNOWN = "unknown", CallRole(WARNING, IN_DOUBT, "allocated"), "Unknown"


CALL_IN_DOUBT = those(CallStatus, lambda status: status.role.rank == IN_DOUBT)
#: The attempt is kept as evidence and counts as no call, unless the call turns up.
CALL_GIVEN_UP = those(CallStatus, lambda status: status.role.rank == GIVEN_UP)
#: A final status is never replaced, except when a call that was given up turns up.
CALL_FINAL = CALL_GIVEN_UP | those(CallStatus, lambda status: status.role.rank == OVER)
CALL_LIVE = frozenset(CallStatus) - CALL_FINAL - CALL_IN_DOUBT
#: Statuses of an attempt whose provider may not have answered.
CALL_UNANSWERED = CALL_IN_DOUBT | those(CallStatus, lambda status: status.role.rank == PLACED)


class StopRequest(TextChoices):
    """A requested stop of a call, or confirmation that the provider was told."""

    WITHDRAW = "withdraw", "Withdraw it if it has not begun"
    HANG_UP = "hang_up", "Hang up"
    TOLD = "told", "The provider was told"


#: Requests that have not been sent to the provider yet.
STOP_DUE = frozenset(StopRequest) - {StopRequest.TOLD}
