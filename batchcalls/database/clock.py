"""The time by the database's clock, which all hosts share.

Hosts compare the times that other hosts stored: leases, due times, claims. If each used its own
clock, a host whose clock is ahead would take over leases that others still hold.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

#: How often the database is asked for its time, at most.
MEASURE_SECONDS = 10.0
#: If the wall clock and the monotonic clock differ by this much since the last measurement, the
#: wall clock was set or the host was asleep.
STEP_SECONDS = 0.5
#: A measurement is wrong by up to half of its round trip, so a slow one is repeated.
SLOW_SECONDS, MOST_TRIES = 1.0, 3
#: A worker does not dial when its clock differs by more.
TOLERANCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Measurement:
    """How far this host's clock was ahead of the database's; negative when it was behind."""

    ahead_seconds: float
    wall: float
    monotonic: float
    round_trip_seconds: float

    @property
    def is_outdated(self) -> bool:
        age = time.monotonic() - self.monotonic
        return age > MEASURE_SECONDS or abs(time.time() - self.wall - age) > STEP_SECONDS


class _DatabaseClock:
    """The last measurement, shared by the threads of this process."""

    def __init__(self) -> None:
        self._last: _Measurement | None = None

    def ahead_seconds(self) -> float:
        last = self._last
        if last is None or (last.is_outdated and _may_ask()):
            last = self._last = _measure()
        return last.ahead_seconds


def now() -> datetime:
    """Return the time by the database's clock, or by this host's if the database has none."""
    own = timezone.now()
    return own - timedelta(seconds=ahead) if (ahead := ahead_seconds()) else own


def text_of(moment: datetime) -> str:
    """Return a time as programs read it everywhere: RFC 3339, in UTC, with milliseconds.

    This is how JavaScript writes times too.
    """
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def ahead_seconds() -> float:
    """Return how far this host's clock is ahead of the database's; negative when it is behind.

    0 for SQLite, which has no clock of its own.
    """
    return _clock.ahead_seconds() if _has_own_clock() else 0.0


class _Steps:
    """Notices that this host's wall clock was set, or its database's, or that the host slept."""

    def __init__(self) -> None:
        self._offset: float | None = None
        self._noticed_at = -math.inf

    def seconds_since_last(self) -> float:
        """Return the seconds since the last step; infinite if there was none."""
        offset = time.time() - ahead_seconds() - time.monotonic()
        if self._offset is not None and abs(offset - self._offset) > STEP_SECONDS:
            self._noticed_at = time.monotonic()
        self._offset = offset
        return time.monotonic() - self._noticed_at


def seconds_since_step() -> float:
    """Return the seconds since `now` jumped; infinite if this process noticed no jump.

    Until then, the age of a stored time may be wrong by as much.
    """
    return _steps.seconds_since_last()


def is_off() -> bool:
    """Return whether this host's clock is too wrong for dialing."""
    return abs(ahead_seconds()) > TOLERANCE_SECONDS


_clock = _DatabaseClock()
_steps = _Steps()


def _has_own_clock() -> bool:
    return connection.vendor == "postgresql"


def _may_ask() -> bool:
    """Return whether a query is possible here: threads that only send requests must not connect."""
    return connection.connection is not None and not connection.needs_rollback


def _measure() -> _Measurement:
    connection.ensure_connection()
    best = _measure_once()
    for _ in range(MOST_TRIES - 1):
        if best.round_trip_seconds <= SLOW_SECONDS:
            break
        best = min(best, _measure_once(), key=lambda one: one.round_trip_seconds)
    return best


def _measure_once() -> _Measurement:
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there: datetime = cursor.fetchone()[0]
    monotonic, wall = time.monotonic(), time.time()
    round_trip = monotonic - began
    return _Measurement(
        ahead_seconds=wall - round_trip / 2 - there.timestamp(),
        wall=wall,
        monotonic=monotonic,
        round_trip_seconds=round_trip,
    )
