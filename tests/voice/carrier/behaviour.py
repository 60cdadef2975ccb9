"""How the carrier behaves: set as a whole by a test, and drawn from for each request."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from random import Random
from typing import Any


@dataclass(slots=True)
class Behaviour:
    """Rates are shares from 0 to 1 of the requests to place a call, or of webhooks."""

    seed: int = 1
    #: Seconds before an answer to placing a call, and how much longer at most.
    latency_seconds: float = 0.0
    jitter_seconds: float = 0.0
    #: Answers without a call.
    unauthorized: bool = False
    throttle_rate: float = 0.0
    retry_after: str = ""
    throttle_message: str = "Rate limit exceeded"
    answer_status: int = 0
    answer_body: Any = None
    answer_text: str = ""
    reset_before_rate: float = 0.0
    error_before_rate: float = 0.0
    #: Answers that are lost although there is a call.
    reset_after_rate: float = 0.0
    error_after_rate: float = 0.0
    slow_body_rate: float = 0.0
    #: Questions about calls that fail.
    reads_fail: bool = False
    #: How a call goes: seconds until it rings, and until it ends after that.
    ring_seconds: float = 0.0
    talk_seconds: tuple[float, float] = (0.0, 0.0)
    mix: dict[str, float] = field(default_factory=lambda: {"human": 1.0})
    page_size: int = 1000
    #: Webhooks.
    webhook_secret: str = ""
    webhook_duplicate_rate: float = 0.0
    webhook_reverse_rate: float = 0.0
    webhook_delay_seconds: float = 0.0
    webhook_lost_rate: float = 0.0
    webhook_wrong_signature_rate: float = 0.0
    webhook_tries: int = 5

    def change(self, values: dict[str, Any]) -> None:
        """Set what is named; raise `ValueError` for a name that is none."""
        known = {one.name for one in fields(self)}
        if unknown := values.keys() - known:
            raise ValueError(f"The carrier has no {', '.join(sorted(unknown))}.")
        for name, value in values.items():
            setattr(self, name, tuple(value) if name == "talk_seconds" else value)


class Dice:
    """Seeded draws, so that a run can be repeated."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def hits(self, rate: float) -> bool:
        """Say yes in a share ``rate`` of all cases."""
        return rate > 0 and self._random.random() < rate

    def between(self, low: float, high: float) -> float:
        """Draw a number."""
        return low + (high - low) * self._random.random()

    def choose(self, mix: dict[str, float]) -> str:
        """Draw a word by weight."""
        return self._random.choices(list(mix), weights=list(mix.values()))[0]
