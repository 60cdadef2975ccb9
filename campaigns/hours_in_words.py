"""Calling hours in words: “Mon–Fri 09:00–20:00; Sat 10:00–14:00”."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from campaigns.calling_hours import MINUTES_PER_DAY, CallingHours, Span

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


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


def _span(span: Span) -> str:
    if span == (0, MINUTES_PER_DAY):
        return "any hour"
    return f"{_clock(span[0])}–{_clock(span[1])}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
