"""Decide whether a person may be called now by their local time, and if not, when next.

Hours are wall-clock times of the recipient. If several time zones are possible, all must be open
at the same time; if none is known, the person is not called.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo

ClosedReason = Literal["outside_calling_hours", "blackout_date", "unknown_timezone", "never_open"]
Span = tuple[int, int]

SEARCH_DAYS: Final = 60
MINUTES_PER_DAY: Final = 24 * 60
_DAY: Final = 24 * 60 * 60
_KEYS: Final = frozenset({"windows", "blackout_dates"})
_EPOCH: Final = date(1970, 1, 1)
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_STEP: Final = 3 * 60 * 60  # no zone changes its clocks twice within this many seconds
# Files that are no real zones: the machine's own zone, an unset one, clocks with leap seconds.
_NOT_A_PLACE: Final = re.compile(r"localtime|posixrules|Factory|(?:posix|right)/.*")


@dataclass(frozen=True, slots=True)
class Open:
    """All possible time zones are open."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Why no call may start now, and the next instant (UTC) when one may, if any."""

    reason: ClosedReason
    message: str
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallingHours:
    """Windows of each weekday (0 is Monday) in minutes since local midnight, and blackout dates.

    A window is (opens, closes) with 0 <= opens < closes <= 1440; closes is exclusive. Special days
    have windows of their own instead of their weekday's; only rule packs have such days.
    Raises ValueError for malformed and for overlapping windows.
    """

    windows: tuple[tuple[Span, ...], ...]
    blackout_dates: frozenset[date] = frozenset()
    special_days: frozenset[tuple[date, tuple[Span, ...]]] = frozenset()

    def __post_init__(self) -> None:
        """Sort the windows and refuse invalid ones."""
        if len(self.windows) != len(_WEEKDAYS):
            raise ValueError("Calling hours need the windows of seven weekdays.")
        ordered = tuple(tuple(sorted(spans)) for spans in self.windows)
        for name, spans in zip(_WEEKDAYS, ordered, strict=True):
            for opens, closes in spans:
                if not 0 <= opens < closes <= MINUTES_PER_DAY:
                    raise ValueError(
                        f"On {name} a window must open before it closes, from 00:00 to 24:00, "
                        f"unlike {_clock(opens)} to {_clock(closes)}; split it at midnight."
                    )
            for earlier, later in pairwise(spans):
                if later[0] < earlier[1]:
                    raise ValueError(f"On {name} windows overlap: {_listed([earlier, later])}.")
        object.__setattr__(self, "windows", ordered)

    @classmethod
    def always(cls) -> Self:
        """Return hours without restrictions."""
        return cls(windows=_ALWAYS)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the output of `to_dict`; times such as "09:00" and "24:00" are accepted too.

        {"windows": {"0": [[540, 1200]]}, "blackout_dates": ["2025-12-25"]}: a weekday that is
        left out has no calls. Raises ValueError for anything else.
        """
        if not isinstance(data, Mapping) or not {"windows"} <= data.keys() <= _KEYS:
            raise ValueError("Calling hours are written as windows and blackout_dates.")
        days, dates = data["windows"], data.get("blackout_dates", [])
        if not isinstance(days, Mapping) or not set(map(str, days)) <= set("0123456"):
            raise ValueError('Windows are written by weekday, from "0" for Monday to "6".')
        if not isinstance(dates, list | tuple):
            raise ValueError("Blackout dates are written as a list of dates such as 2025-12-25.")
        by_day = {str(day): spans for day, spans in days.items()}
        return cls(
            windows=tuple(_spans(by_day.get(str(day), [])) for day in range(7)),
            blackout_dates=frozenset(map(_date, dates)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the hours as JSON-like data, as a batch's snapshot stores them."""
        return {
            "windows": {
                str(day): [list(span) for span in spans] for day, spans in enumerate(self.windows)
            },
            "blackout_dates": sorted(day.isoformat() for day in self.blackout_dates),
        }

    @property
    def is_unrestricted(self) -> bool:
        """True when calls may start at any time, so that no time zone is needed."""
        return self.windows == _ALWAYS and not self.blackout_dates and not self.special_days

    def on(self, day: date) -> tuple[Span, ...]:
        """Return the windows of a local date."""
        if day in self.blackout_dates:
            return ()
        spans = _by_date(self.special_days).get(day) if self.special_days else None
        return self.windows[day.weekday()] if spans is None else spans

    def intersected(self, other: CallingHours) -> CallingHours:
        """Return the hours when both are open."""
        both = tuple(map(_common, self.windows, other.windows))
        days = {day for day, _ in self.special_days | other.special_days}
        return CallingHours(
            both,
            self.blackout_dates | other.blackout_dates,
            frozenset((day, _common(self.on(day), other.on(day))) for day in days),
        )

    def check(self, now: datetime, zones: Sequence[str]) -> Open | Closed:
        """Return whether a call may start now, given the IANA zones the recipient may be in.

        1. Without restrictions it may; without a known time zone it may not.
        2. It may if the local time of every zone is inside a window on a day not blacked out.
        3. Otherwise find the first instant in the next 60 days when that is true.

        Raises ValueError for a time without an offset.
        """
        if now.utcoffset() is None:
            raise ValueError("The time to check must carry its UTC offset.")
        if self.is_unrestricted:
            return Open()
        possible = tuple(dict.fromkeys(zones))
        unknown = [name for name in possible if _zone(name) is None]
        if unknown or not possible:
            return Closed("unknown_timezone", _unknown_message(unknown), opens_at=None)
        closed = next((name for name in possible if not self._is_open(now, name)), None)
        if closed is None:
            return Open()
        opens_at = self._next_opening(now, possible)
        if opens_at is None:
            return Closed("never_open", _never_message(possible), opens_at=None)
        local = now.astimezone(_zone(closed))
        message = self._closed_message(local, closed, among=len(possible))
        is_blackout = local.date() in self.blackout_dates
        return Closed(
            "blackout_date" if is_blackout else "outside_calling_hours", message, opens_at
        )

    def closes_at(self, now: datetime, zones: Sequence[str], *, until: datetime) -> datetime | None:
        """Return when open hours end, if a zone closes before ``until``; None if all stay open."""
        if self.is_unrestricted:
            return None
        possible, end = tuple(dict.fromkeys(zones)), int(now.timestamp())
        for day in range(end // _DAY, int(until.timestamp()) // _DAY + 1):
            for opens, closes in _common_spans(self, possible, day):
                if opens <= end < closes:
                    end = closes
        return datetime.fromtimestamp(end, UTC) if end < until.timestamp() else None

    def _is_open(self, now: datetime, zone_name: str) -> bool:
        """Return whether one zone's local time is inside a window."""
        local = now.astimezone(_zone(zone_name))
        minute = local.hour * 60 + local.minute
        return any(opens <= minute < closes for opens, closes in self.on(local.date()))

    def _next_opening(self, now: datetime, zones: tuple[str, ...]) -> datetime | None:
        """Find the first whole second after now when all zones are open."""
        after = int(now.timestamp())
        today = after // _DAY
        for day in range(today, today + SEARCH_DAYS + 1):
            for opens, closes in _common_spans(self, zones, day):
                if closes > after:
                    return datetime.fromtimestamp(max(opens, after), UTC)
        return None

    def _closed_message(self, local: datetime, zone_name: str, *, among: int) -> str:
        """Name the local time, the zone, and what forbids a call there."""
        weekday = _WEEKDAYS[local.weekday()]
        place = f"{zone_name}, one of {among} possible time zones" if among > 1 else zone_name
        now = f"It is {weekday} {local:%Y-%m-%d %H:%M} in {place}"
        if local.date() in self.blackout_dates:
            return f"{now}, and that day is a blackout date."
        if spans := self.on(local.date()):
            days = "on that day" if self._is_special(local.date()) else f"on {weekday}s"
            return f"{now}; calls may start there {days} at {_listed(spans)}."
        if self._is_special(local.date()):
            return f"{now}; no calls may start there on that day."
        return f"{now}; no calls may start there on {weekday}s."

    def _is_special(self, day: date) -> bool:
        return day in _by_date(self.special_days)


_ALWAYS: Final[tuple[tuple[Span, ...], ...]] = (((0, MINUTES_PER_DAY),),) * 7


@lru_cache(maxsize=1024)
def _by_date(
    special_days: frozenset[tuple[date, tuple[Span, ...]]],
) -> dict[date, tuple[Span, ...]]:
    return dict(special_days)


def _common(some: Iterable[Span], others: Collection[Span]) -> tuple[Span, ...]:
    """Return what both groups of spans cover."""
    return tuple(
        (max(a[0], b[0]), min(a[1], b[1]))
        for a in some
        for b in others
        if a[0] < b[1] and b[0] < a[1]
    )


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    """Load a zone and cache it; ZoneInfo itself caches only the last eight."""
    if _NOT_A_PLACE.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # depends on the Python version and the name
        return None


@lru_cache(maxsize=8192)
def _common_spans(hours: CallingHours, zones: tuple[str, ...], day: int) -> tuple[Span, ...]:
    """List the spans (Unix seconds) of one UTC day when all zones are open."""
    common: Collection[Span] = _open_spans(hours, zones[0], day)
    for name in zones[1:]:
        common = _common(common, _open_spans(hours, name, day))
    return tuple(common)


def _open_spans(hours: CallingHours, zone_name: str, day: int) -> list[Span]:
    """List in order the spans (Unix seconds) of one UTC day when one zone is open.

    1. Cut the day where the zone's offset changes; in each piece, local time = UTC + offset.
    2. Convert the windows of a piece's local dates to UTC and cut them to the piece. Hours that
       clocks skip are thus left out, and hours that they repeat are found twice.
    """
    spans = []
    for start, end, offset in _pieces(zone_name, day):
        for local_day in range((start + offset) // _DAY, (end - 1 + offset) // _DAY + 1):
            local_date = date.fromordinal(_EPOCH.toordinal() + local_day)
            midnight = local_day * _DAY - offset
            for opens, closes in hours.on(local_date):
                first, last = max(start, midnight + opens * 60), min(end, midnight + closes * 60)
                if first < last:
                    spans.append((first, last))
    return spans


@lru_cache(maxsize=16384)
def _pieces(zone_name: str, day: int) -> tuple[tuple[int, int, int], ...]:
    """Cut one UTC day into (start, end, offset), in seconds, at the zone's clock changes."""
    zone = _zone(zone_name)

    def offset_at(instant: int) -> int:
        offset = datetime.fromtimestamp(instant, zone).utcoffset()
        return int(offset.total_seconds()) if offset else 0

    start, end = day * _DAY, (day + 1) * _DAY
    pieces = []
    offset = offset_at(start)
    for step in range(start, end, _STEP):
        after = offset_at(step + _STEP)
        if after != offset:
            seconds = range(step, step + _STEP)
            change = step + bisect_left(seconds, True, key=lambda at: offset_at(at) == after)
            pieces.append((start, change, offset))
            start, offset = change, after
    return (*pieces, (start, end, offset))


def _spans(data: Any) -> tuple[Span, ...]:
    """Read the windows of one weekday; raises ValueError."""
    if not isinstance(data, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in data
    ):
        raise ValueError("Windows of a weekday are a list of pairs such as [540, 1200].")
    return tuple((_minutes(opens), _minutes(closes)) for opens, closes in data)


def _minutes(data: Any) -> int:
    """Read a time of day as minutes since midnight; raises ValueError."""
    if type(data) is int:
        return data
    if isinstance(data, str) and (match := _CLOCK.fullmatch(data)):
        return int(match[1]) * 60 + int(match[2]) if match[1] else MINUTES_PER_DAY
    raise ValueError(f"A window's time is minutes since midnight or as in 09:00, not {data!r:.40}.")


def _date(data: Any) -> date:
    """Read an ISO date; raises ValueError."""
    try:
        return date.fromisoformat(data)
    except (TypeError, ValueError):
        raise ValueError(
            f"A blackout date is written as in 2025-12-25, not {data!r:.40}."
        ) from None


def _clock(minutes: int) -> str:
    """Format minutes since midnight as hours and minutes."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _listed(spans: Sequence[Span]) -> str:
    """Format windows for people to read."""
    return ", ".join(f"{_clock(opens)} to {_clock(closes)}" for opens, closes in spans)


def _unknown_message(unknown: Sequence[str]) -> str:
    """Explain that the time zone is unknown, and how to provide it."""
    remedy = "add a postcode or timezone column."
    if not unknown:
        return f"The recipient's time zone is not known; {remedy}"
    return f"{unknown[0]!r:.40} is not an IANA time zone; {remedy}"


def _never_message(zones: Sequence[str]) -> str:
    """Explain that no opening will come."""
    if len(zones) == 1:
        return f"No call may start in {zones[0]} during the next {SEARCH_DAYS} days."
    return (
        f"During the next {SEARCH_DAYS} days the number's {len(zones)} possible time zones are "
        "never open at once; add a postcode or timezone column."
    )
