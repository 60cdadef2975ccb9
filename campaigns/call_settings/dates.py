"""Read dates and times as people, spreadsheets and programs write them.

A date such as 03/04/2026 can be read in several orders, so that `readings` returns what a text
means in each. Which order applies is decided for the whole column, never for one cell.
Source: the date formats of Excel's CSV exports, and ISO 8601.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final


class DateOrder(StrEnum):
    """The order of day, month and year in dates that are written in digits."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"

    @property
    def label(self) -> str:
        """Return the order in words."""
        return _LABELS[self]


_LABELS: Final = {
    DateOrder.DMY: "day/month/year",
    DateOrder.MDY: "month/day/year",
    DateOrder.YMD: "year/month/day",
}
EVERY_ORDER: Final = frozenset(DateOrder)
#: A date far away is no start time: 31/01/26 is not read as 2031 when it can be this year.
_YEARS_BACK, _YEARS_AHEAD = 1, 3
_MONTHS: Final = {
    spelling: number
    for number, spellings in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sept", "sep"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for spelling in spellings
}
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s+)?"
_DATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<first>20[0-9]{2})(?P<sep>[-/.])(?P<month>[0-9]{1,2})(?P=sep)(?P<last>[0-9]{1,2})",
        r"(?P<first>[0-9]{1,2})(?P<sep>[-/.])\s?(?P<middle>[0-9]{1,2})(?P=sep)\s?"
        r"(?P<last>20[0-9]{2}|[0-9]{2})",
        rf"{_WEEKDAY}(?P<first>[0-9]{{1,2}})(?:st|nd|rd|th)?(?P<sep>-|\.?\s+|)(?P<name>{_NAME})"
        r"\.?(?:(?P=sep)|,?\s+)(?P<last>20[0-9]{2}|[0-9]{2})",
        rf"{_WEEKDAY}(?P<name>{_NAME})\.?\s+(?P<first>[0-9]{{1,2}})(?:st|nd|rd|th)?,?\s+"
        r"(?P<last>20[0-9]{2})",
    )
)
_TIME: Final = re.compile(
    r"(?P<hour>[0-9]{1,2})(?:(?P<colon>[:.])(?P<minute>[0-9]{2})"
    r"(?:(?P=colon)(?P<second>[0-9]{2})(?:\.[0-9]{1,9})?)?)?\s*(?P<half>[ap]\.?\s?m\.?)?\s*"
    r"(?P<offset>Z|(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-5][0-9]))?"
    r"|UTC|GMT)?",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"T\s*|,?\s+(?:at\s+)?", re.IGNORECASE)
_LONGEST: Final = 60
_FARTHEST_OFFSET: Final = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Written:
    """A wall-clock time, and its offset from UTC if the text gives one."""

    naive: datetime
    offset: timedelta | None = None


def readings(text: str, *, year: int) -> Mapping[DateOrder, Written]:
    """Return what a text means in each order in which it is a date; empty if it is none.

    A text whose order is plain (year first, or a month's name) means the same in each. A date
    alone is no start time. ``year`` is the current one.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return {}
    for pattern in _DATES:
        if (match := pattern.match(text)) and (time := _time_of(text[match.end() :])):
            found = {}
            for order, (years, month, day) in _orders(match, year):
                try:
                    date = datetime(_full(years), month, day)  # noqa: DTZ001 - its zone comes later
                except ValueError:
                    continue
                found[order] = Written(date + time.since_midnight, time.offset)
            return found
    return {}


def possible_orders(texts: Iterable[str], *, year: int) -> frozenset[DateOrder]:
    """Return the orders in which every text that is a date can be read."""
    possible = EVERY_ORDER
    for text in texts:
        if found := _orders_of(text, year):
            possible &= found
    return possible


@lru_cache(maxsize=4096)
def _orders_of(text: str, year: int) -> frozenset[DateOrder]:
    """Return the orders in which a text is a date. Cached, because start times repeat."""
    return frozenset(readings(text, year=year))


@dataclass(frozen=True, slots=True)
class _Time:
    since_midnight: timedelta
    offset: timedelta | None


def _time_of(text: str) -> _Time | None:
    """Read what follows a date; None if it is no time of day."""
    between = _BETWEEN.match(text)
    match = _TIME.fullmatch(text, between.end()) if between else None
    if match is None:
        return None
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    half = (match["half"] or "")[:1].casefold()
    is_plain = 1 <= hour <= 12 if half else match["minute"] is not None and hour <= 23
    offset = _offset_of(match)
    if not is_plain or minute > 59 or second > 59 or (offset and abs(offset) > _FARTHEST_OFFSET):
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return _Time(timedelta(hours=hour, minutes=minute, seconds=second), offset)


def _offset_of(match: re.Match[str]) -> timedelta | None:
    if not match["offset"]:
        return None
    offset = timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
    return -offset if match["sign"] == "-" else offset


def _orders(match: re.Match[str], year: int) -> Iterator[tuple[DateOrder, tuple[str, int, int]]]:
    """Yield year, month and day of a date in each order in which it could be written."""
    parts = match.groupdict()
    first, last = parts["first"], parts["last"]
    if parts.get("month"):
        yield from ((order, (first, int(parts["month"]), int(last))) for order in DateOrder)
        return
    if name := parts.get("name"):
        month = _MONTHS[name.casefold()]
        yield DateOrder.DMY, (last, month, int(first))
        yield DateOrder.MDY, (last, month, int(first))
        if len(last) == 4:
            yield DateOrder.YMD, (last, month, int(first))
            return
    else:
        month = int(parts["middle"])
        yield DateOrder.DMY, (last, month, int(first))
        yield DateOrder.MDY, (last, int(first), month)
    is_near = len(first) == 2 and -_YEARS_BACK <= _full(first) - year <= _YEARS_AHEAD
    if len(last) == 2 and is_near:
        yield DateOrder.YMD, (first, month, int(last))


def _full(years: str) -> int:
    return int(years) if len(years) == 4 else 2000 + int(years)
