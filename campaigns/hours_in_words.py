"""Calling hours in words: “Mon–Fri 09:00–20:00; Sat 10:00–14:00”."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from campaigns.calling_hours import MINUTES_PER_DAY, CallingHours, Span

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: A toll-free number may be in forty zones.
_ZONES_SHOWN = 4


def hours_in_words(hours: CallingHours) -> str:
    """Return when calls may begin, in the recipient's time; group days with the same hours."""
    if hours.is_unrestricted:
        return "Any hour"
    words = "; ".join(_runs(hours.windows)) or "Never"
    closed = len(hours.blackout_dates)
    days_off = f"; not on {closed} {'day' if closed == 1 else 'days'}" if closed else ""
    return f"{words} in the callee’s time{days_off}"


def windows_in_words(windows: Sequence[Sequence[Span]]) -> str:
    """Return the windows of seven weekdays: “Mon–Sat 08:00–20:00”, or only the times if equal."""
    if all(spans == windows[0] for spans in windows):
        return ", ".join(map(_span, windows[0])) or "never"
    return "; ".join(_runs(windows))


def _runs(windows: Sequence[Sequence[Span]]) -> Iterator[str]:
    """Yield the windows of days with the same hours: “Mon–Fri 09:00–20:00”."""
    for spans, group in groupby(enumerate(windows), key=lambda day: day[1]):
        days = [day for day, _ in group]
        if spans:
            name = DAYS[days[0]] if len(days) == 1 else f"{DAYS[days[0]]}–{DAYS[days[-1]]}"
            yield f"{name} {', '.join(map(_span, spans))}"


def open_in_words(hours: CallingHours, now: datetime, zones: Sequence[str]) -> str:
    """Return where hours are open, and what decides it: the local time, and the hours of its day.

    “open in America/New_York (Tue 10:05; hours 09:00–20:00)”.
    """
    return _open_in_words(hours, now.replace(second=0, microsecond=0), tuple(zones))


@lru_cache(maxsize=4096)
def _open_in_words(hours: CallingHours, minute: datetime, zones: tuple[str, ...]) -> str:
    places = {}
    for zone in zones[:_ZONES_SHOWN]:
        local = minute.astimezone(ZoneInfo(zone))
        spans = ", ".join(map(_span, hours.windows[local.weekday()]))
        places[zone] = f"{zone} ({DAYS[local.weekday()]} {local:%H:%M}; hours {spans})"
    return f"open in {zones_in_words([places.get(zone, zone) for zone in zones])}"


def zones_in_words(zones: Sequence[str]) -> str:
    """Return the first zones, and how many more there are."""
    shown = ", ".join(zones[:_ZONES_SHOWN])
    more = len(zones) - _ZONES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _span(span: Span) -> str:
    if span == (0, MINUTES_PER_DAY):
        return "any hour"
    return f"{_clock(span[0])}–{_clock(span[1])}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
