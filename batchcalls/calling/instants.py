"""Moments that can be compared within one process, however it or its host was held up."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment on the monotonic clock and on the wall clock, in seconds.

    The monotonic clock stops while a host is suspended; the wall clock can be set back.
    """

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> Self:
        """Return the current moment."""
        return cls(time.monotonic(), time.time())

    @property
    def age_seconds(self) -> float:
        """The time since then by the clock that has moved further.

        A wall clock that was set back counts as moved, because the true time is then unknown.
        """
        return max(time.monotonic() - self.monotonic, abs(time.time() - self.wall))
