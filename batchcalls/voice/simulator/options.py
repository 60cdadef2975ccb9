"""Read and check the options of a simulator account."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from batchcalls.voice.errors import OptionsInvalid


class Outcome(StrEnum):
    """Who or what meets a call; the keys of the option ``mix``."""

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

#: At this speed a phone rings for hours; far below it, past the last date that Python knows.
SLOWEST_SPEED = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """The options of one account, checked.

    ``speed`` is how many simulated seconds pass in a real one; 0 makes every event due at once.
    ``latency_seconds`` is how long `place` takes, in real seconds. Rates are shares of calls,
    0 to 1. ``mix`` holds (outcome, upper bound) pairs: the weights, summed up and scaled to 1.
    """

    seed: int = 1
    speed: float = 20.0
    mix: tuple[tuple[Outcome, float], ...] = ()
    latency_seconds: float = 0.0
    throttle_rate: float = 0.0
    reject_rate: float = 0.0
    lost_answer_rate: float = 0.0
    lost_call_rate: float = 0.0
    duplicate_rate: float = 0.0
    reverse_rate: float = 0.0

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> SimulatorOptions:
        """Check what the account says; raise `OptionsInvalid` naming the option and the remedy."""
        known = [option.name for option in fields(cls)]
        unknown = [str(name) for name in given if name not in known]
        if unknown:
            raise OptionsInvalid(
                f"The simulator has no option {', '.join(sorted(unknown))}; "
                f"it knows {', '.join(known)}."
            )
        values: dict[str, Any] = {name: _read(name, value) for name, value in given.items()}
        values.setdefault("mix", _mix(DEFAULT_MIX))
        return cls(**values)


def _read(name: str, value: Any) -> Any:
    """Check one option."""
    if name == "mix":
        return _mix(value)
    if name == "seed":
        if not isinstance(value, int) or isinstance(value, bool):
            raise OptionsInvalid(f"Option seed must be a whole number, not {value!r}.")
        return value
    if name.endswith("_rate"):
        rate = _number(value)
        if rate is None or not 0 <= rate <= 1:
            raise OptionsInvalid(f"Option {name} must be a share from 0 to 1, not {value!r}.")
        return rate
    number = _number(value)
    if number is None or number < 0:
        raise OptionsInvalid(f"Option {name} must be a number of at least 0, not {value!r}.")
    if name == "speed" and 0 < number < SLOWEST_SPEED:
        raise OptionsInvalid(
            f"Option speed must be 0 (at once) or at least {SLOWEST_SPEED}, not {value!r}."
        )
    return number


def _number(value: Any) -> float | None:
    """Return a finite number, or None for anything else; a bool is not a number here."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _mix(given: Any) -> tuple[tuple[Outcome, float], ...]:
    """Turn weights into upper bounds between 0 and 1, in the order of `Outcome`."""
    names = ", ".join(Outcome)
    if not isinstance(given, Mapping):
        raise OptionsInvalid(f"Option mix must be an object of weights for {names}.")
    weights: dict[str, float] = {}
    for name, value in given.items():
        if name not in set(Outcome):
            raise OptionsInvalid(f"Option mix has no outcome {name!r}; it knows {names}.")
        weight = _number(value)
        if weight is None or weight < 0:
            raise OptionsInvalid(
                f"Option mix: the weight of {name} must be a number of at least 0, not {value!r}."
            )
        weights[name] = weight
    total = sum(weights.values())
    if not 0 < total < math.inf:
        raise OptionsInvalid("Option mix: at least one weight must be greater than 0.")
    bounds, sum_so_far = [], 0.0
    for outcome in Outcome:
        if weights.get(outcome):
            sum_so_far += weights[outcome]
            bounds.append((outcome, sum_so_far / total))
    return tuple(bounds)
