"""Date formats of a workbook: moments as the text that their cells show.

A complete date is written as 2026-03-01 whatever its format, because day and month change places
with the country of whoever opens the file. Source: ECMA-376-1, 18.8.31 (numFmts).
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from openpyxl.styles import numbers

_TOKENS = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[[^\]]*\]|(?P<noon>AM/PM|A/P)'
    r"|(?P<part>y+|m+|d+|h+|s+(?:\.0+)?)|@|(?P<text>.)",
    re.IGNORECASE | re.DOTALL,
)
# fmt: off
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# fmt: on


class DateFormat:
    """How a number format shows dates, times, or durations."""

    def __init__(self, code: str) -> None:
        self.is_date = numbers.is_date_format(code)
        self.is_duration = numbers.is_timedelta_format(code)
        self._parts = _parts_of(code.partition(";")[0]) if self.is_date else []
        self._kinds = {kind for kind, _ in self._parts}

    def show(self, moment: date | time | timedelta | None) -> str:
        """Return the moment as its cell shows it."""
        if isinstance(moment, timedelta):
            minutes, seconds = divmod(round(abs(moment).total_seconds()), 60)
            sign = "-" if moment < timedelta() else ""
            return f"{sign}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        if moment is None:
            return ""
        if isinstance(moment, time):
            moment = datetime.combine(date(1900, 1, 1), moment)
        elif not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        has_time = "hour" in self._kinds if self._kinds else moment.time() != time()
        if not self._kinds or self._kinds >= {"year", "month", "day"}:
            return moment.isoformat() if has_time else moment.date().isoformat()
        return "".join(self._shown(kind, text, moment) for kind, text in self._parts).strip()

    def _shown(self, kind: str, text: str, moment: datetime) -> str:
        size, month, day = len(text), _MONTHS[moment.month - 1], _DAYS[moment.weekday()]
        hour = (moment.hour - 1) % 12 + 1 if "noon" in self._kinds else moment.hour
        noon = "AM" if moment.hour < 12 else "PM"
        names = {
            "month": {3: month[:3], 4: month, 5: month[0]},
            "day": {3: day[:3], 4: day},
            "noon": {3: noon[0], 5: noon},
        }
        if name := names.get(kind, {}).get(size):
            return name
        if kind == "year" and size < 3:
            return f"{moment.year % 100:02}"
        number = hour if kind == "hour" else getattr(moment, kind, None)
        return text if number is None else f"{number:0{min(size, 2)}}"


def _parts_of(code: str) -> list[tuple[str, str]]:
    """Return each part of a date format with its kind."""
    tokens = list(_TOKENS.finditer(code))
    letters = [token["part"][0].lower() for token in tokens if token["part"]]
    parts, place = list[tuple[str, str]](), -1
    for token in tokens:
        if token["part"]:
            place += 1
            around = (letters[place - 1] if place else "", *letters[place + 1 : place + 2])
            is_minute = len(token[0]) < 3 and (around[0] == "h" or around[1:] == ("s",))
            kind = "minute" if letters[place] == "m" and is_minute else _KINDS[letters[place]]
            parts.append((kind, token[0]))
        elif token["noon"]:
            parts.append(("noon", token[0]))
        else:
            parts.append(("text", token["quoted"] or token["escaped"] or token["text"] or ""))
    return parts


_KINDS = {"y": "year", "m": "month", "d": "day", "h": "hour", "s": "second"}
