"""Parsers of times: time zones, times of day, start times."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import timezone as fixed_offset
from enum import StrEnum
from functools import cache
from typing import Any

from campaigns.call_settings.dates import DateOrder, Written, readings
from campaigns.call_settings.types import SettingInvalid, invalid, returns, shorten
from campaigns.places.zone_names import us_zone

_CLOCK_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})(:?(?P<minute>[0-5][0-9]))?\s*(?P<half>am|pm)?", re.I
)
#: Days since 1900 (or 1904), as a spreadsheet stores dates.
_SERIAL = re.compile(r"[3-6][0-9]{4}([.,][0-9]+)?")


@cache
def _zones() -> Mapping[str, str]:
    # "localtime" and "Factory" are files of the time zone database, not places.
    names = zoneinfo.available_timezones() - {"localtime", "Factory"}
    return {name.casefold(): name for name in names}


@returns({"type": "string", "format": "timezone", "example": "America/New_York"})
def timezone_name(name: str, value: Any) -> str:
    """Return the IANA name of a time zone in the database's spelling.

    US names and abbreviations mean the zones with their summer time: EST is America/New_York.
    """
    zone = None
    if isinstance(value, str):
        zone = us_zone(value) or _zones().get(value.strip().casefold())
    if zone is None:
        raise invalid(name, value, "give an IANA time zone such as America/New_York")
    return zone


@returns({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "example": "09:00"})
def clock_time(name: str, value: Any) -> str:
    """Return a time of day as HH:MM; accept 09:00, 1:00pm and 0930."""
    match = _CLOCK_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    # A bare "9" is ambiguous: morning or evening.
    if match and (match["minute"] or match["half"]):
        hour, half = int(match["hour"]), match["half"]
        if half and 1 <= hour <= 12:
            hour, half = hour % 12 + (12 if half.lower() == "pm" else 0), None
        if not half and hour <= 23:
            return f"{hour:02}:{match['minute'] or '00'}"
    raise invalid(name, value, "write a time of day such as 09:00 or 1:00pm")


class ZoneSource(StrEnum):
    """Whose time zone a start time without an offset was read in."""

    ROW = "row"
    POSTCODE = "postcode"
    NUMBER = "number"
    BATCH = "batch"


class SettingUnclear(SettingInvalid):
    """A start time that has no single meaning; ``code`` says why."""

    def __init__(self, text: str, remedy: str, *, code: str, fault: str) -> None:
        super().__init__("start_time", remedy, shown=shorten(text), fault=fault)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class StartReading:
    """How start times are read: the order of their dates, and the zone of those without an offset.

    ``zones`` are those that a recipient may be in by ``zones_by``, ``timezone`` is the batch's, and
    ``order`` was decided for the whole column. Without ``is_of_row``, nothing but UTC is left for a
    text without any zone.
    """

    order: str = ""
    zones: Sequence[str] = ()
    zones_by: ZoneSource = ZoneSource.NUMBER
    timezone: str | None = None
    year: int = 0
    is_of_row: bool = False

    def read(self, text: Any, *, own_zone: str | None = None) -> tuple[datetime, str]:
        """Return the instant that a start time means, and the `ZoneSource` that it took.

        The source is blank for a text with an offset, and for UTC. A wall-clock time that the zone
        skips in spring moves forward by the gap; one that occurs twice in fall is the first.
        Raise `SettingInvalid`. Source: Bland API, Send Call and Create Batch, ``start_time``; its
        n8n node for texts without an offset.
        """
        written = self._written(text)
        naive = written.naive
        if written.offset is not None:
            return naive.replace(tzinfo=_fixed(written.offset)), ""
        if own_zone:
            return _at(naive, own_zone), ZoneSource.ROW
        instants = [_at(naive, zone) for zone in self.zones]
        if instants and all(at == instants[0] for at in instants):
            return instants[0], self.zones_by
        if self.timezone:
            return _at(naive, self.timezone), ZoneSource.BATCH
        if self.is_of_row:
            raise SettingUnclear(
                text,
                "add an offset such as -05:00, add a timezone column, or set the batch's timezone",
                code="start_time_without_zone",
                fault=f"has no time zone, and the {self.zones_by} is in no single one",
            )
        return naive.replace(tzinfo=UTC), ""

    def _written(self, text: Any) -> Written:
        found = readings(text, year=self.year or _this_year()) if isinstance(text, str) else {}
        if not found:
            raise invalid("start_time", text, _why_no_date(text))
        if self.order:
            written = found.get(DateOrder(self.order))
            if written is None:
                label = DateOrder(self.order).label
                remedy = f"write it as {label} like the other start times, or as 2026-01-31 09:00"
                raise invalid("start_time", text, remedy)
            return written
        if len(set(found.values())) == 1:
            return next(iter(found.values()))
        meanings = dict.fromkeys(f"{one.naive:%B} {one.naive.day}, {one.naive.year}"
                                 for one in found.values())  # fmt: skip
        raise SettingUnclear(
            text,
            "choose how start times are written (day/month/year or month/day/year), or write "
            "2026-01-31 09:00",
            code="ambiguous_date",
            fault=f"can be {' or '.join(meanings)}",
        )


def parse_start_time(text: Any, *, timezone: str | None) -> datetime:
    """Return the aware datetime of a start time; one without an offset is in ``timezone`` or UTC.

    Raise `SettingInvalid`. See `StartReading.read`.
    """
    return StartReading(timezone=timezone).read(text)[0]


def _at(naive: datetime, name: str) -> datetime:
    zone = zoneinfo.ZoneInfo(timezone_name("timezone", name))
    return naive.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


def _fixed(offset: timedelta) -> tzinfo:
    return fixed_offset(offset) if offset else UTC


def _this_year() -> int:
    return datetime.now(UTC).year


def _why_no_date(text: Any) -> str:
    if isinstance(text, str) and _SERIAL.fullmatch(text.strip()):
        return (
            "it is a date that the spreadsheet wrote as a number, so format the column as a date "
            "and export it again"
        )
    return (
        "write date and time as 2026-01-31 09:00 or 2026-01-31 09:00:00 -05:00, with a year from "
        "2000 to 2099"
    )


@returns({"type": "string", "format": "date-time", "pattern": "^20[0-9]{2}-"})
def start_time(name: str, value: Any) -> str:
    """Return the time as ISO 8601 with an offset; a text without an offset is read in UTC."""
    return parse_start_time(value, timezone=None).isoformat()
