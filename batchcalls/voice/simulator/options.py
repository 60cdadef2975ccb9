"""Read and validate the options of a simulator account."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from batchcalls.voice.errors import OptionsInvalid
from batchcalls.voice.options import finite, option, read_options


class Outcome(StrEnum):
    """Simulated outcomes of a call; the keys of the option ``mix``."""

    HUMAN = "human"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"


DEFAULT_MIX: Mapping[str, float] = {
    Outcome.HUMAN.value: 0.55,
    Outcome.VOICEMAIL.value: 0.20,
    Outcome.NO_ANSWER.value: 0.17,
    Outcome.BUSY.value: 0.06,
    Outcome.FAILED.value: 0.02,
}

#: At this speed a phone rings for hours; much slower, past the last date that Python supports.
SLOWEST_SPEED = 0.001


def _share(name: str, value: Any) -> float:
    rate = finite(value)
    if rate is None or not 0 <= rate <= 1:
        raise OptionsInvalid(
            f"Option {name} must be a share from 0 to 1, not {value!r}.", option=name
        )
    return rate


def _seed(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise OptionsInvalid(f"Option {name} must be a whole number, not {value!r}.", option=name)
    return value


def _at_least_0(name: str, value: Any) -> float:
    number = finite(value)
    if number is None or number < 0:
        raise OptionsInvalid(
            f"Option {name} must be a number of at least 0, not {value!r}.", option=name
        )
    return number


def _speed(name: str, value: Any) -> float:
    number = _at_least_0(name, value)
    if 0 < number < SLOWEST_SPEED:
        raise OptionsInvalid(
            f"Option {name} must be 0 (at once) or at least {SLOWEST_SPEED}, not {value!r}.",
            option=name,
        )
    return number


def _mix(name: str, given: Any) -> tuple[tuple[Outcome, float], ...]:
    """Turn weights into upper bounds between 0 and 1, in the order of `Outcome`."""
    names = ", ".join(Outcome)
    if not isinstance(given, Mapping):
        raise OptionsInvalid(f"Option mix must be an object of weights for {names}.", option="mix")
    weights: dict[str, float] = {}
    for outcome, value in given.items():
        if outcome not in set(Outcome):
            raise OptionsInvalid(
                f"Option mix: unknown outcome {outcome!r}; it knows {names}.", option="mix"
            )
        weight = finite(value)
        if weight is None or weight < 0:
            raise OptionsInvalid(
                f"Option mix: the weight of {outcome} must be a number of at least 0, "
                f"not {value!r}.",
                option="mix",
                part=str(outcome),
            )
        weights[outcome] = weight
    total = sum(weights.values())
    if not 0 < total < math.inf:
        raise OptionsInvalid(
            "Option mix: at least one weight must be greater than 0.", option="mix"
        )
    bounds, sum_so_far = [], 0.0
    for each in Outcome:
        if weights.get(each):
            sum_so_far += weights[each]
            bounds.append((each, sum_so_far / total))
    return tuple(bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """The validated options of one account.

    Rates are shares of calls, 0 to 1. ``mix`` holds (outcome, upper bound) pairs: the cumulative
    weights, scaled to 1.
    """

    seed: int = option(1, "Change the seed to get different simulated results.", read=_seed)
    speed: float = option(
        20.0,
        "Simulated seconds per real second. With 0, every call ends immediately.",
        read=_speed,
    )
    mix: tuple[tuple[Outcome, float], ...] = option(
        DEFAULT_MIX,
        "Weights of the simulated outcomes; only their proportions matter. A blank one "
        "never occurs.",
        read=_mix,
        label="Mix of outcomes",
    )
    latency_seconds: float = option(
        0.0, "How long the carrier takes to accept a call, in real seconds.", read=_at_least_0
    )
    throttle_rate: float = option(
        0.0, "Share of requests that are told to slow down, from 0 to 1.", read=_share
    )
    reject_rate: float = option(
        0.0, "Share of calls that are permanently rejected, from 0 to 1.", read=_share
    )
    lost_answer_rate: float = option(
        0.0, "Share of accepted calls whose response is lost.", read=_share
    )
    lost_call_rate: float = option(
        0.0, "Share of requests that are lost, with no response and no call.", read=_share
    )
    duplicate_rate: float = option(
        0.0, "Share of calls whose events are all sent twice.", read=_share
    )
    reverse_rate: float = option(
        0.0, "Share of calls whose events arrive in reverse order.", read=_share
    )

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> SimulatorOptions:
        """Validate the options; raise `OptionsInvalid` that names the option and the remedy."""
        return cls(**read_options(cls, given, whose="The simulator"))
