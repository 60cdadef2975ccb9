"""How often one number may be called: caps on attempts and on answered calls, in any batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Self

from campaigns.times_in_words import moments_in_words

DAY: Final = timedelta(days=1)
#: A call under way may be answered or not. A number that it would bring to a cap waits this long.
UNTIL_ENDED: Final = timedelta(minutes=10)
#: The latest calls of a window are named.
_TIMES_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call to a number: the latest moment it may have been sent, and whether a person answered.

    ``answered`` is also true while it is not known who answered. ``under_way``: it has not ended,
    so that somebody may still answer.
    """

    at: datetime
    answered: bool = False
    under_way: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a cap counts, and over which time."""

    length: timedelta
    words: str
    answered_only: bool = False

    def counted(self, count: int) -> str:
        """Return a number of calls in words: “1 call in 24 hours”."""
        return f"{count} {self.words.replace('calls', 'call') if count == 1 else self.words}"

    def times(self, attempts: Sequence[Attempt], *, now: datetime) -> list[datetime]:
        """Return when the counted attempts were made, latest first."""
        since = now - self.length
        counted = (one for one in attempts if one.answered or not self.answered_only)
        return sorted((one.at for one in counted if one.at > since), reverse=True)

    def may_add(self, attempts: Sequence[Attempt]) -> int:
        """Count the calls under way that count if somebody answers."""
        if not self.answered_only:
            return 0
        return sum(one.under_way and not one.answered for one in attempts)


#: The window of each cap, by the name of its field in `Caps`.
WINDOWS: Final = {
    "attempts_8h": Window(length=timedelta(hours=8), words="calls in 8 hours"),
    "attempts_24h": Window(length=DAY, words="calls in 24 hours"),
    "attempts_7d": Window(length=7 * DAY, words="calls in 7 days"),
    "attempts_30d": Window(length=30 * DAY, words="calls in 30 days"),
    "answered_7d": Window(length=7 * DAY, words="answered calls in 7 days", answered_only=True),
}
#: The caps that a calling policy may set; only a rule pack sets the others.
POLICY_CAPS: Final = tuple(name for name in WINDOWS if name != "attempts_8h")


@dataclass(frozen=True, slots=True)
class Capped:
    """Why a number may not be called now, and the first moment when the caps allow it.

    ``is_open``: only calls under way may bring it to a cap, so ``free_at`` is when to look again.
    """

    message: str
    free_at: datetime
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most calls to one number in each window; None is no cap. Raises ValueError below 1.

    ``skip``: a row at a cap is skipped instead of waiting.
    """

    attempts_8h: int | None = None
    attempts_24h: int | None = None
    attempts_7d: int | None = None
    attempts_30d: int | None = None
    answered_7d: int | None = None
    skip: bool = False

    def __post_init__(self) -> None:
        """Refuse caps that are not positive whole numbers."""
        for name in WINDOWS:
            limit = getattr(self, name)
            if limit is not None and (type(limit) is not int or limit < 1):
                raise ValueError(f"{name} must be a whole number from 1, not {limit!r:.40}.")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the output of `to_dict`, or {} for no caps; raises ValueError for anything else."""
        if not isinstance(data, Mapping) or not data.keys() <= {one.name for one in fields(cls)}:
            raise ValueError(f"Caps are written as {', '.join(WINDOWS)}, and skip.")
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """Return the caps that are set, as a batch's snapshot stores them."""
        limits = {name: limit for name, (_, limit) in self.limits.items()}
        return {**limits, "skip": self.skip} if limits else {}

    @property
    def limits(self) -> dict[str, tuple[Window, int]]:
        """The caps that are set: the window and the most calls of each, by name."""
        return {
            name: (window, limit)
            for name, window in WINDOWS.items()
            if (limit := getattr(self, name)) is not None
        }

    @property
    def longest(self) -> timedelta:
        """The length of the longest window that has a cap; zero without caps."""
        return max((window.length for window, _ in self.limits.values()), default=timedelta(0))

    def narrowed(self, other: Caps) -> Caps:
        """Return the stricter of both caps for each window."""
        return _narrowed(self, other)

    def check(self, attempts: Sequence[Attempt], *, now: datetime) -> Capped | None:
        """Return whether and until when a cap is reached: the cap that lasts longest."""
        reached = [
            capped
            for window, limit in self.limits.values()
            if (capped := _capped(window, limit, attempts, now=now))
        ]
        return max(reached, key=lambda capped: capped.free_at, default=None)

    def in_words(self, attempts: Sequence[Attempt], *, now: datetime) -> str:
        """Return how much of each cap is used, and by which calls.

        “1 of 3 calls in 24 hours (2026-11-27 09:00 UTC)”.
        """
        return ", ".join(
            f"{len(times := window.times(attempts, now=now))} of {limit} {window.words}"
            + (f" ({moments_in_words(times[:_TIMES_SHOWN])})" if times else "")
            for window, limit in self.limits.values()
        )


@lru_cache(maxsize=256)
def _narrowed(some: Caps, others: Caps) -> Caps:
    stricter = {
        name: min(filter(None, (getattr(some, name), getattr(others, name))), default=None)
        for name in WINDOWS
    }
    return Caps(**stricter, skip=some.skip or others.skip)


def _capped(
    window: Window, limit: int, attempts: Sequence[Attempt], *, now: datetime
) -> Capped | None:
    times = window.times(attempts, now=now)
    said = f"The number had {window.counted(len(times))}"
    if len(times) >= limit:
        free_at = times[limit - 1] + window.length
        return Capped(message=f"{said}; the cap is {limit}.", free_at=free_at)
    if len(times) + window.may_add(attempts) < limit:
        return None
    message = f"{said}, and a call under way may be answered; the cap is {limit}."
    return Capped(message=message, free_at=now + UNTIL_ENDED, is_open=True)
