"""Turn a call id into the times when a call rings, is answered and ends."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from batchcalls.states import CallStatus
from batchcalls.voice.simulator.options import Outcome
from batchcalls.voice.simulator.outcomes import Draws
from campaigns.vocabulary import AnsweredBy

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
#: Nine base-36 digits reach the year 5188, so every match is a date that Python supports.
CALL_ID = re.compile(r"sim-([0-9a-z]{1,9})-([0-9a-f]{32})")


class CallIdentity(NamedTuple):
    """The contents of a call id: when the call began, and its correlation id."""

    started_at: datetime
    correlation_hex: str


class Stage(NamedTuple):
    """One step of a call, in simulated seconds since it was placed.

    ``raw_status`` is the carrier's own word. ``answered_by`` is who picked up, ``no_answer`` if
    no one did, and blank if picking up was impossible: before the answer, for a busy line and for
    a failed call.
    """

    at_seconds: float
    status: CallStatus
    raw_status: str
    answered_by: str = ""


def make_call_id(started_at: datetime, correlation_id: UUID) -> str:
    """Return the id of a call; ``started_at`` must be aware and is stored in milliseconds."""
    number = max((started_at - EPOCH) // MILLISECOND, 0)
    digits = DIGITS[number % 36]
    while number := number // 36:
        digits = DIGITS[number % 36] + digits
    return f"sim-{digits}-{correlation_id.hex}"


def read_call_id(text: str) -> CallIdentity:
    """Parse the output of `make_call_id`; raise `ValueError` for anything else."""
    match = CALL_ID.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not a call id of the simulator: expected "
            "sim-<start in base 36>-<correlation id, 32 hex digits>."
        )
    return CallIdentity(EPOCH + int(match[1], 36) * MILLISECOND, match[2])


def instant(started_at: datetime, at_seconds: float, speed: float) -> datetime:
    """Return when a simulated second is reached; at speed 0 that is immediately."""
    return started_at + timedelta(seconds=at_seconds / speed) if speed else started_at


def stages_before_end(outcome: Outcome, draws: Draws) -> list[Stage]:
    """Return the ringing stage and, if the call is picked up, the answer."""
    rings_at = draws.between("rings", 1, 2)
    stages = [Stage(rings_at, CallStatus.RINGING, "ringing")]
    if outcome is Outcome.HUMAN:
        answered_at = rings_at + draws.between("answers", 4, 18)
        stages.append(
            Stage(answered_at, CallStatus.IN_PROGRESS, "answered", AnsweredBy.HUMAN.value)
        )
    elif outcome is Outcome.VOICEMAIL:
        answered_at = rings_at + draws.between("answers", 20, 26)
        stages.append(
            Stage(answered_at, CallStatus.IN_PROGRESS, "answered", AnsweredBy.VOICEMAIL.value)
        )
    return stages


def end_stage(outcome: Outcome, last: Stage, talk_seconds: int, draws: Draws) -> Stage:
    """Return the end of a call from its last stage and the talk time in seconds."""
    if outcome is Outcome.NO_ANSWER:
        rung_out_at = last.at_seconds + draws.between("ends", 27, 31)
        return Stage(rung_out_at, CallStatus.NO_ANSWER, "no-answer", AnsweredBy.NO_ANSWER.value)
    if outcome is Outcome.BUSY:
        return Stage(last.at_seconds + draws.between("ends", 1, 2), CallStatus.BUSY, "busy")
    if outcome is Outcome.FAILED:
        failed_at = last.at_seconds + draws.between("ends", 0.3, 0.9)
        return Stage(failed_at, CallStatus.FAILED, "failed")
    ended_at = last.at_seconds + talk_seconds
    return Stage(ended_at, CallStatus.COMPLETED, "hangup", last.answered_by)
