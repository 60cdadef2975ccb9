"""The statuses and outcomes of a recipient."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum

from batchcalls.states.roles import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, Role, Status, those

#: Reason code of rows whose whole list could not be used.
LIST_UNUSABLE = "list_unusable"


class RecipientOutcome(Status):
    """How a finished recipient was reached. Each value is a field of `Totals`."""

    REACHED = "reached", Role(SUCCESS), "Reached"
    VOICEMAIL = "voicemail", Role(INFO), "Voicemail"
    NOT_REACHED = "not_reached", Role(NEUTRAL), "Not reached"


class Stage(StrEnum):
    """The stage of a recipient; these are the segments of a progress bar, in order."""

    #: A call was finished, whoever answered.
    DONE = "done"
    #: A call is, or may be, live.
    LIVE = "live"
    #: Skipped by a rule or a person.
    SKIPPED = "skipped"
    #: A call was attempted, but as far as we know not finished.
    FAILED = "failed"
    #: A call has not been placed yet, and a cancel still prevents it.
    WAITING = "waiting"


#: Stages that keep a batch from ending.
OPEN_STAGES = frozenset({Stage.WAITING, Stage.LIVE})


@dataclass(frozen=True, slots=True)
class RecipientRole(Role):
    """The meaning of a recipient's status."""

    stage: Stage
    _: KW_ONLY
    #: May be claimed for dialing from ``due_at`` on.
    claimable: bool = False
    #: Waits only for its turn, so the batch is dispatching.
    in_line: bool = False
    #: Waits for another attempt.
    retries: bool = False
    #: Not final: open while the provider is being asked, that is while ``due_at`` is set.
    in_doubt: bool = False
    #: Has an outcome and is counted by it.
    by_outcome: bool = False
    #: The field of `Totals` that counts it. Blank for the field named after its stage.
    counts_as: str = ""

    @property
    def figure(self) -> str:
        """The field of `Totals` that counts it if it has no outcome."""
        return self.counts_as or self.stage.value


class RecipientStatus(Status):
    role: RecipientRole

    PENDING = "pending", RecipientRole(NEUTRAL, Stage.WAITING, in_line=True), "Pending"
    QUEUED = "queued", RecipientRole(NEUTRAL, Stage.WAITING, claimable=True, in_line=True), "Queued"
    DIALING = "dialing", RecipientRole(INFO, Stage.LIVE), "Dialing"
    IN_CALL = "in_call", RecipientRole(INFO, Stage.LIVE), "In call"
    DONE = "done", RecipientRole(SUCCESS, Stage.DONE, by_outcome=True), "Done"
    SKIPPED = "skipped", RecipientRole(WARNING, Stage.SKIPPED), "Skipped"
    DEFERRED = "deferred", RecipientRole(NEUTRAL, Stage.WAITING, claimable=True), "Deferred"
    RETRY_WAIT = (
        "retry_wait",
        RecipientRole(NEUTRAL, Stage.WAITING, claimable=True, retries=True),
        "Waiting to retry",
    )
    UNCONFIRMED = (
        "unconfirmed",
        RecipientRole(WARNING, Stage.FAILED, in_doubt=True, counts_as="unconfirmed"),
        "Unconfirmed",
    )
    FAILED = "failed", RecipientRole(DANGER, Stage.FAILED), "Failed"
    CANCELED = "canceled", RecipientRole(NEUTRAL, Stage.SKIPPED, counts_as="canceled"), "Canceled"


def _at_stage(*stages: Stage) -> frozenset[RecipientStatus]:
    return those(RecipientStatus, lambda status: status.role.stage in stages)


RECIPIENT_NOT_YET_PLACED = _at_stage(Stage.WAITING)
RECIPIENT_CLAIMABLE = those(RecipientStatus, lambda status: status.role.claimable)
RECIPIENT_IN_LINE = those(RecipientStatus, lambda status: status.role.in_line)
RECIPIENT_RETRYING = those(RecipientStatus, lambda status: status.role.retries)
RECIPIENT_IN_FLIGHT = _at_stage(Stage.LIVE)
RECIPIENT_IN_DOUBT = those(RecipientStatus, lambda status: status.role.in_doubt)
#: Statuses of a recipient whose attempt has no result yet.
RECIPIENT_AWAITING_RESULT = RECIPIENT_IN_FLIGHT | RECIPIENT_IN_DOUBT
RECIPIENT_LEFT_OUT = _at_stage(Stage.SKIPPED)
#: A call was attempted, but as far as we know not finished.
RECIPIENT_UNFINISHED = _at_stage(Stage.FAILED)
#: These keep a batch open; so does a status in doubt while the provider is being asked.
RECIPIENT_OPEN = _at_stage(*OPEN_STAGES)
RECIPIENT_TERMINAL = frozenset(RecipientStatus) - RECIPIENT_OPEN - RECIPIENT_IN_DOUBT
#: stage -> the fields of `Totals` that count it.
FIGURES: dict[Stage, frozenset[str]] = {
    stage: frozenset(
        figure
        for status in _at_stage(stage)
        for figure in (RecipientOutcome.values if status.role.by_outcome else [status.role.figure])
    )
    for stage in Stage
}
