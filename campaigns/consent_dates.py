"""The day on which a person agreed, as CRMs, forms and spreadsheets write it."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from campaigns.call_settings.dates import DateOrder, readings
from campaigns.consent import EARLIEST

_MONTHS: Final = tuple(map(str.lower, calendar.month_abbr[1:]))
_MONTH: Final = re.compile(
    r"(?:(?P<month>0?[1-9]|1[0-2])[-/.](?P<year>20[0-9]{2})"
    r"|(?P<year_2>20[0-9]{2})[-/.](?P<month_2>0?[1-9]|1[0-2])"
    rf"|(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?[ ,/-]+(?P<year_3>20[0-9]{{2}}))",
    re.IGNORECASE,
)
#: Seconds or milliseconds since 1970, from 2001 on.
_UNIX: Final = re.compile(r"1[0-9]{9}(?:[0-9]{3})?")
#: Days since 1900, as spreadsheets store dates: the years 2000 to 2064.
_SERIAL: Final = re.compile(r"(?:3[6-9]|4[0-9]|5[0-9])[0-9]{3}(?:[.,][0-9]+)?")
#: A time zone after a time. The day stays as it is written.
_ZONE: Final = re.compile(r"(?<=[0-9mM])\s*\(?[A-Z]{1,3}T\)?$")
#: A date, and perhaps a time, within a longer text.
_WITHIN: Final = re.compile(
    r"(?<![\w/.-])(?:\d{4}-\d{2}-\d{2}"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?"
    r"|\d{1,4}(?P<sep>[-/.])\d{1,2}(?P=sep)\d{1,4}(?: \d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]m)?)?"
    r"|\d{1,2}[-/.]20\d{2})(?![\w/-])",
    re.IGNORECASE,
)


@lru_cache(maxsize=4_000)
def days_meant(text: str, *, year: int) -> Mapping[DateOrder, date]:
    """Return the day that a text means in each order in which it is a date; empty if it is none.

    A month without a day counts from its first day, the longest ago. ``year`` is the current one.
    """
    text = _ZONE.sub("", text.strip())
    try:
        return dict.fromkeys(DateOrder, datetime.fromisoformat(text).date())
    except ValueError:
        pass
    if _UNIX.fullmatch(text):
        moment = datetime.fromtimestamp(int(text[:10]), tz=UTC)
        return dict.fromkeys(DateOrder, moment.date())
    if month := _MONTH.fullmatch(text):
        years = month["year"] or month["year_2"] or month["year_3"]
        number = month["month"] or month["month_2"]
        named = month["name"] and _MONTHS.index(month["name"].lower()) + 1
        return dict.fromkeys(DateOrder, date(int(years), int(number or named), 1))
    found = readings(text, year=year) or readings(f"{text} 00:00", year=year)
    return {order: written.naive.date() for order, written in found.items()}


def within(text: str) -> Iterator[str]:
    """Yield the dates within a text, or the whole text if it is a date of another form."""
    yield from (match[0] for match in _WITHIN.finditer(text))


def without(text: str) -> str:
    """Return a text without the dates in it."""
    return _WITHIN.sub(" ", text)


def read(text: str, *, order: str, today: date) -> date | str:
    """Return the day that a cell means, or a clause that says why it is unclear.

    ``order`` is that of all dates in the list, or blank if it is not known. ``today`` is the latest
    current date anywhere on earth.
    """
    quoted = f"the consent date “{text[:40]}”"
    found = days_meant(text, year=today.year)
    days = {day for known, day in found.items() if order in {"", known}}
    if found and not days:
        order_label = DateOrder(order).label
        return f"{quoted} is not a date in the order {order_label}. Write it like 2026-01-31."
    if not days:
        if _SERIAL.fullmatch(text):
            return (
                f"{quoted} is a date that a spreadsheet turned into a number. Format the column as "
                "dates and save the list again."
            )
        return f"{quoted} cannot be read. Write it like 2026-01-31."
    if len(days) > 1:
        return f"{quoted} can be read in several ways. Choose how dates are written."
    return _believed(days.pop(), quoted, today)


def _believed(day: date, quoted: str, today: date) -> date | str:
    """Return a day on which somebody may have consented, or a clause that says why not."""
    if day < EARLIEST:
        return f"{quoted} is what databases write for no date. Write the day, or leave it blank."
    if day > today:
        return f"{quoted} is in the future. Correct it."
    return day
