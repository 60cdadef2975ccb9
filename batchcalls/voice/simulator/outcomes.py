"""Decide the outcome of a call: forced by its number, or drawn from the seeded mix."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from batchcalls.voice.base import CallRequest
from batchcalls.voice.simulator.options import Outcome, SimulatorOptions


class Answer(StrEnum):
    """The carrier's answer to placing a call."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    ANSWER_LOST = "answer_lost"
    CALL_LOST = "call_lost"

    @property
    def call_exists(self) -> bool:
        """Return whether a phone rings, whatever the caller was told."""
        return self in (Answer.ACCEPTED, Answer.ANSWER_LOST)


class Ending(NamedTuple):
    """The behavior of a forced number.

    The carrier gives ``answer`` while ``tries`` is below ``while_tries_below`` (None: always) and,
    with ``first_attempt_only``, only to attempt 1. After that it accepts the call.
    """

    sentence: str
    outcome: Outcome = Outcome.HUMAN
    answer: Answer = Answer.ACCEPTED
    while_tries_below: int | None = None
    first_attempt_only: bool = False
    duplicated: bool = False
    backwards: bool = False


#: Fictional numbers whose last two digits force an ending: prefix -> number of further digits.
#: They are +1 202 555 01xx and +44 20 7946 0xxx, which are never assigned to anyone.
FORCED_RANGES: Mapping[str, int] = MappingProxyType({"+120255501": 2, "+442079460": 3})

#: Last two digits of a number in `FORCED_RANGES` -> its behavior. Every other number follows the
#: mix. Fault rates do not affect forced numbers, and their callees never ask to be taken off the
#: list, so that the same number can be called repeatedly.
FORCED_ENDINGS: Mapping[str, Ending] = MappingProxyType(
    {
        "90": Ending("A human answers."),
        "91": Ending("No one answers.", Outcome.NO_ANSWER),
        "92": Ending("The line is busy.", Outcome.BUSY),
        "93": Ending("Voicemail answers.", Outcome.VOICEMAIL),
        "94": Ending(
            "The carrier rejects the call for good.", Outcome.FAILED, answer=Answer.REJECTED
        ),
        "95": Ending(
            "The carrier asks twice to slow down, then accepts the call; a human answers.",
            answer=Answer.THROTTLED,
            while_tries_below=2,
        ),
        "96": Ending(
            "The call is accepted but the carrier's answer is lost; a human answers.",
            answer=Answer.ANSWER_LOST,
        ),
        "97": Ending("A human answers; every event is sent twice.", duplicated=True),
        "98": Ending(
            "A human answers; the events come only after the call, last one first.",
            backwards=True,
        ),
        "99": Ending(
            "The answer is lost and no call exists; offered again, a human answers.",
            answer=Answer.CALL_LOST,
            while_tries_below=1,
            first_attempt_only=True,
        ),
    }
)


class Plan(NamedTuple):
    """The carrier's answer, and the course of the call if there is one."""

    answer: Answer
    outcome: Outcome
    duplicated: bool
    backwards: bool
    forced: bool


class Draws:
    """Random draws determined by seed, number and attempt, the same in every process.

    Each draw has its own purpose, so that a new draw never changes the others.
    """

    __slots__ = ("_prefix",)

    def __init__(self, seed: int, request: CallRequest) -> None:
        self._prefix = f"{seed}/{request.to}/{request.attempt}/"

    def _digest(self, purpose: str) -> int:
        text = (self._prefix + purpose).encode()
        return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")

    def fraction(self, purpose: str) -> float:
        """Return a number in [0, 1)."""
        return (self._digest(purpose) >> 11) / (1 << 53)

    def between(self, purpose: str, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.fraction(purpose)

    def happens(self, purpose: str, rate: float) -> bool:
        """Return True with probability ``rate``."""
        return rate > 0 and self.fraction(purpose) < rate

    def generator(self, purpose: str) -> Random:
        """Return a generator for many draws in a row."""
        return Random(self._digest(purpose))  # noqa: S311 - reproducible, guards nothing


def forced_ending(number: str) -> Ending | None:
    """Return the ending that this E.164 number forces, or None when it follows the mix."""
    for prefix, free in FORCED_RANGES.items():
        if number.startswith(prefix) and len(number) == len(prefix) + free:
            return FORCED_ENDINGS.get(number[-2:])
    return None


def plan_call(request: CallRequest, options: SimulatorOptions, draws: Draws) -> Plan:
    """Plan the call of one request; the same request always gets the same plan."""
    ending = forced_ending(request.to)
    if ending is not None:
        return Plan(
            _forced_answer(ending, request),
            ending.outcome,
            ending.duplicated,
            ending.backwards,
            forced=True,
        )
    return Plan(
        _drawn_answer(request, options, draws),
        _drawn_outcome(options, draws),
        draws.happens("duplicate", options.duplicate_rate),
        draws.happens("reverse", options.reverse_rate),
        forced=False,
    )


def _forced_answer(ending: Ending, request: CallRequest) -> Answer:
    if ending.first_attempt_only and request.attempt > 1:
        return Answer.ACCEPTED
    if ending.while_tries_below is not None and request.tries >= ending.while_tries_below:
        return Answer.ACCEPTED
    return ending.answer


def _drawn_answer(request: CallRequest, options: SimulatorOptions, draws: Draws) -> Answer:
    # Check for a refusal before a loss: losing the answer to a refused request changes nothing.
    if draws.happens(f"throttle/{request.tries}", options.throttle_rate):
        return Answer.THROTTLED
    if draws.happens("reject", options.reject_rate):
        return Answer.REJECTED
    # Only the first try of an attempt can be lost without a trace: once found absent, it is
    # placed again, and would otherwise be lost again every time.
    if request.tries == 0 and draws.happens("lost_call", options.lost_call_rate):
        return Answer.CALL_LOST
    if draws.happens("lost_answer", options.lost_answer_rate):
        return Answer.ANSWER_LOST
    return Answer.ACCEPTED


def _drawn_outcome(options: SimulatorOptions, draws: Draws) -> Outcome:
    drawn = draws.fraction("outcome")
    for outcome, bound in options.mix[:-1]:
        if drawn < bound:
            return outcome
    return options.mix[-1][0]
