"""The carrier's wall clock, which can differ from ours; one for the process."""

from __future__ import annotations

import time
from email.utils import formatdate


class WallClock:
    """``offset_seconds`` ahead of the real time; None: the time is right, but answers omit it."""

    def __init__(self) -> None:
        self.offset_seconds: float | None = 0.0

    def time(self) -> float:
        """Return seconds since 1970."""
        return time.time() + (self.offset_seconds or 0.0)

    def header(self) -> str:
        """Return the Date header of an answer, with the end of its line."""
        if self.offset_seconds is None:
            return ""
        return f"date: {formatdate(self.time(), usegmt=True)}\r\n"


WALL_CLOCK = WallClock()
