"""The statuses of a batch and the transitions between them."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum, auto

from batchcalls.states.roles import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, Role, Status, those


class Phase(Enum):
    """The phase of a batch, which decides what can be done with it."""

    PREPARING = auto()
    #: Its lists are being read and checked.
    IMPORTING = auto()
    #: Calls may be placed.
    CALLING = auto()
    PAUSED = auto()
    #: Ended after calling; can be reopened.
    COMPLETED = auto()
    #: Ended permanently.
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class BatchRole(Role):
    """The meaning of a batch's status."""

    phase: Phase
    _: KW_ONLY
    #: Accepts another list, as any calling or paused batch does.
    takes_lists: bool = False
    #: Live calls are still followed after the batch gets this status.
    follows_calls: bool = False
    #: Ended without calling everyone; a Bland API message includes the reason.
    falls_short: bool = False
    #: The Bland API's name. Blank when it has no such status; no message is sent then.
    bland: str = ""


class BatchStatus(Status):
    role: BatchRole

    DRAFT = "draft", BatchRole(NEUTRAL, Phase.PREPARING), "Draft"
    INITIALIZING = "initializing", BatchRole(INFO, Phase.IMPORTING), "Initializing"
    VALIDATING = "validating", BatchRole(INFO, Phase.IMPORTING, bland="validating"), "Validating"
    READY = "ready", BatchRole(INFO, Phase.PREPARING, takes_lists=True), "Ready"
    DISPATCHING = "dispatching", BatchRole(INFO, Phase.CALLING, bland="dispatching"), "Dispatching"
    IN_PROGRESS = "in_progress", BatchRole(INFO, Phase.CALLING, bland="in_progress"), "In Progress"
    IN_PROGRESS_CHUNKED = (
        "in_progress_chunked",
        BatchRole(INFO, Phase.CALLING, bland="in_progress_chunked"),
        "In Progress (Chunked)",
    )
    WAITING_FOR_SCHEDULED_CALLS = (
        "waiting_for_scheduled_calls",
        BatchRole(INFO, Phase.CALLING, bland="waiting_for_scheduled_calls"),
        "Waiting for Scheduled Calls",
    )
    PAUSED = "paused", BatchRole(WARNING, Phase.PAUSED), "Paused"
    COMPLETED = "completed", BatchRole(SUCCESS, Phase.COMPLETED, bland="completed"), "Completed"
    COMPLETED_PARTIAL = (
        "completed_partial",
        BatchRole(
            WARNING, Phase.COMPLETED, takes_lists=True, falls_short=True, bland="completed_partial"
        ),
        "Completed Partial",
    )
    FAILED = "failed", BatchRole(DANGER, Phase.ENDED, falls_short=True, bland="failed"), "Failed"
    # The Bland API has no canceled status: there the batch ends early, with some people not called.
    CANCELED = (
        "canceled",
        BatchRole(
            NEUTRAL, Phase.ENDED, follows_calls=True, falls_short=True, bland="completed_partial"
        ),
        "Canceled",
    )


def _in_phase(*phases: Phase) -> frozenset[BatchStatus]:
    return those(BatchStatus, lambda status: status.role.phase in phases)


#: The reason code of a draft whose list was checked and of which no row can be called.
NOBODY_TO_CALL = "nobody_to_call"

BATCH_IMPORTING = _in_phase(Phase.IMPORTING)
#: Statuses in which calls may be placed.
BATCH_CALLING = BATCH_PAUSABLE = _in_phase(Phase.CALLING)
BATCH_RESUMABLE = _in_phase(Phase.PAUSED)
BATCH_TERMINAL = _in_phase(Phase.COMPLETED, Phase.ENDED)
BATCH_CANCELABLE = frozenset(BatchStatus) - BATCH_TERMINAL
#: Final statuses after calling, from which a batch can be reopened.
BATCH_REOPENABLE = _in_phase(Phase.COMPLETED)
BATCH_FALLEN_SHORT = those(BatchStatus, lambda status: status.role.falls_short)
#: Statuses in which the prompt and the recipients can still be changed.
BATCH_PREPARING = _in_phase(Phase.PREPARING, Phase.IMPORTING)
#: Nobody was called yet, so that nothing is lost when a batch is deleted.
BATCH_DELETABLE = _in_phase(Phase.PREPARING)
BATCH_ACTIVE = _in_phase(Phase.IMPORTING, Phase.CALLING, Phase.PAUSED)
#: Statuses in which calls may be live, so that events are still collected for them.
BATCH_WITH_LIVE_CALLS = _in_phase(Phase.CALLING, Phase.PAUSED) | those(
    BatchStatus, lambda status: status.role.follows_calls
)
#: Statuses in which a list can be added: earlier lists are checked, and calls may follow.
BATCH_JOINABLE = _in_phase(Phase.CALLING, Phase.PAUSED) | those(
    BatchStatus, lambda status: status.role.takes_lists
)
#: Statuses of a launched batch in which a recipient can still be called.
BATCH_CALLS_AGAIN = BATCH_JOINABLE - BATCH_PREPARING

B = BatchStatus
_LEAVE_CALLING = frozenset({B.PAUSED, B.COMPLETED, B.COMPLETED_PARTIAL, B.FAILED, B.CANCELED})

#: status -> the statuses that may follow it.
BATCH_TRANSITIONS: dict[BatchStatus, frozenset[BatchStatus]] = {
    B.DRAFT: frozenset({B.INITIALIZING, B.CANCELED}),
    B.INITIALIZING: frozenset({B.VALIDATING, B.FAILED, B.CANCELED}),
    B.VALIDATING: frozenset({B.READY, B.DRAFT, B.DISPATCHING, B.FAILED, B.CANCELED}),
    B.READY: frozenset({B.DRAFT, B.DISPATCHING, B.FAILED, B.CANCELED}),
    **{status: BATCH_CALLING - {status} | _LEAVE_CALLING for status in BATCH_CALLING},
    **dict.fromkeys(BATCH_RESUMABLE, frozenset({B.DISPATCHING, B.CANCELED})),
    **dict.fromkeys(BATCH_TERMINAL, frozenset()),
    # A recipient was not called after all, or is to be called again.
    **dict.fromkeys(BATCH_REOPENABLE, frozenset({B.DISPATCHING})),
}
