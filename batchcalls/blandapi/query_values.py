"""Query parameters, in the forms that clients send. Each invalid one is an error."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, QueryDict

from batchcalls.blandapi.errors import invalid
from campaigns import e164
from campaigns.call_settings import REGISTRY, SettingInvalid

MOST_INDEX = 10**9
_WORDS = {"true": True, "1": True, "false": False, "0": False}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class NotedQuery(QueryDict):
    """A query that knows which of its parameters were read."""

    def __init__(self, text: str) -> None:
        self.read: set[str] = set()
        super().__init__(text)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a parameter, and note that it was read."""
        self.read.add(key)
        return super().get(key, default)

    @property
    def unread(self) -> list[str]:
        """The names of the parameters that nothing has read."""
        return [name for name in self if name not in self.read]


def query_of(request: HttpRequest) -> NotedQuery:
    """Return the query of a request. Raise `Refused` for a repeated parameter.

    Which of two values counts is not defined.
    """
    query = NotedQuery(request.META.get("QUERY_STRING", ""))
    repeated = [name for name, values in query.lists() if len(values) > 1]
    if repeated:
        raise invalid(*(f"{name[:100]} is repeated. Send it once." for name in repeated))
    return query


def integer(
    query: QueryDict, name: str, *, default: int, least: int = 0, most: int = MOST_INDEX
) -> int:
    """Return a whole number, capped at ``most``."""
    text = query.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or int(text[:20]) < least:
        raise invalid(f"{name} must be a whole number, {least} at least.")
    return min(int(text[:20]), most)


def number(query: QueryDict, name: str) -> float | None:
    """Return a number, or None when it is missing."""
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > MOST_INDEX:
        raise invalid(f"{name} must be a number.")
    return value


def boolean(query: QueryDict, name: str) -> bool | None:
    """Return true or false, or None when it is missing."""
    text = query.get(name, "").strip().lower()
    if not text:
        return None
    if text not in _WORDS:
        raise invalid(f"{name} must be true or false.")
    return _WORDS[text]


def zone(query: QueryDict) -> Any:
    """Return the time zone of the days in a query."""
    text = query.get("timezone", "").strip()
    if not text:
        return UTC
    try:
        return ZoneInfo(REGISTRY["timezone"].parse(text))
    except SettingInvalid as error:
        raise invalid(str(error)) from error


def moment(query: QueryDict, name: str, *, end_of_day: bool = False) -> datetime | None:
    """Return a time from ISO 8601. A day gives its first or its last moment."""
    # An unencoded plus arrives as a space.
    text = re.sub(r" (\d\d:?\d\d)$", r"+\1", query.get(name, "").strip())
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            clock = time.max if end_of_day else time.min
            found = datetime.combine(date.fromisoformat(text), clock)
        else:
            found = datetime.fromisoformat(text)
        aware = found if found.tzinfo else found.replace(tzinfo=zone(query))
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid(f"{name} must be a time such as 2026-01-31T09:00:00-05:00.") from None


def phone(query: QueryDict, name: str) -> str | None:
    """Return a number as E.164, unchanged if it is invalid, or None when it is missing."""
    text = query.get(name, "")
    if not text.strip():
        return None
    # An unencoded plus arrives as a space. Databases reject NUL in text.
    given = ("+" + text[1:] if text.startswith(" ") else text).strip().replace("\x00", "")
    parsed = e164.parse(given, region="US")
    return given if isinstance(parsed, e164.NumberProblem) else parsed.e164
