"""Calling hours in words: “Mon–Fri 09:00–20:00; Sat 10:00–14:00”."""

from __future__ import annotations

from itertools import groupby

from campaigns.calling_hours import CallingHours, Span

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def hours_in_words(hours: CallingHours) -> str:
    """Return when calls may begin, in the recipient's time; group days with the same hours."""
    if hours.is_unrestricted:
        return "Any hour"
    runs = []
    for spans, group in groupby(enumerate(hours.windows), key=lambda day: day[1]):
        days = [day for day, _ in group]
        if spans:
            name = DAYS[days[0]] if len(days) == 1 else f"{DAYS[days[0]]}–{DAYS[days[-1]]}"
            runs.append(f"{name} {', '.join(map(_span, spans))}")
    words = "; ".join(runs) if runs else "Never"
    closed = len(hours.blackout_dates)
    days_off = f"; not on {closed} {'day' if closed == 1 else 'days'}" if closed else ""
    return f"{words} in the callee’s time{days_off}"


def _span(span: Span) -> str:
    return f"{_clock(span[0])}–{_clock(span[1])}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
