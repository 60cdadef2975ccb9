"""Parsers of times: time zones, times of day, start times."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from datetime import timezone as fixed_offset
from functools import cache
from typing import Any

from campaigns.call_settings.types import invalid, returns

_CLOCK_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})(:?(?P<minute>[0-5][0-9]))?\s*(?P<half>am|pm)?", re.I
)
_START_TIME = re.compile(
    r"(?P<date>20[0-9]{2}-[0-9]{2}-[0-9]{2})[T ]\s*"
    r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2})(\.[0-9]{1,9})?)?\s*"
    r"(?P<offset>Z|(?P<sign>[+-])(?P<hours>[0-9]{1,2})(:?(?P<minutes>[0-5][0-9]))?)?",
    re.I,
)


@cache
def _zones() -> Mapping[str, str]:
    # "localtime" and "Factory" are files of the time zone database, not places.
    names = zoneinfo.available_timezones() - {"localtime", "Factory"}
    return {name.casefold(): name for name in names}


@returns({"type": "string", "format": "timezone", "example": "America/New_York"})
def timezone_name(name: str, value: Any) -> str:
    """Return the IANA name of a time zone in the database's spelling."""
    zone = _zones().get(value.strip().casefold()) if isinstance(value, str) else None
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


def parse_start_time(text: Any, *, timezone: str | None) -> datetime:
    """Return the aware datetime that a documented ``start_time`` text means.

    A text without an offset is read in ``timezone``, or in UTC. A wall-clock time that the zone
    skips in spring moves forward by the gap; one that occurs twice in fall is the first.
    Raise `SettingInvalid` for any other text. Source: Bland API, Send Call and Create Batch,
    ``start_time``; its n8n node for texts without an offset.
    """
    remedy = "write it as 2026-01-31 09:00:00 -05:00, with a year from 2000 to 2099"
    match = _START_TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise invalid("start_time", text, remedy)
    clock = f"{match['hour']:0>2}:{match['minute']}:{match['second'] or '00'}"
    try:
        naive = datetime.fromisoformat(f"{match['date']}T{clock}")
    except ValueError:
        raise invalid("start_time", text, remedy) from None
    if match["sign"]:
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
        if offset > timedelta(hours=14):
            raise invalid("start_time", text, "give an offset of at most 14:00")
        return naive.replace(tzinfo=fixed_offset(-offset if match["sign"] == "-" else offset))
    if match["offset"] or not timezone:
        return naive.replace(tzinfo=UTC)
    zone = zoneinfo.ZoneInfo(timezone_name("timezone", timezone))
    return naive.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


@returns({"type": "string", "format": "date-time", "pattern": "^20[0-9]{2}-"})
def start_time(name: str, value: Any) -> str:
    """Return the time as ISO 8601 with an offset; a text without an offset is read in UTC."""
    return parse_start_time(value, timezone=None).isoformat()
