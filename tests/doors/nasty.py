"""Values that break programs, and how to put one into each place of a request.

After https://github.com/minimaxir/big-list-of-naughty-strings, and what databases, JSON, and
calendars refuse.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

from django.db import transaction

DIGITS = "9" * 5_000  # more than int() reads
TEXTS = {
    "NUL": "a\0b",
    "digits": DIGITS,
    "far": "99999999999999999999",
    "negative": "-1",
    "infinite": "1e999",
    "not a number": "NaN",
    "last day": "9999-12-31T23:59:59-14:00",
    "first day": "0001-01-01T00:00:00+14:00",
    "no day": "2026-02-30",
    "blank": " ",
    "quotes": "'\";--%s{0}{{x}}<b>\\",
    "path": "../../etc/passwd",
    "backwards": "\u202e\ufeff\u0300😀",
    "nested": "[" * 900,
    "long": "x" * 70_000,
}
#: What only JSON can say.
VALUES: dict[str, Any] = {
    **TEXTS,
    "surrogate": "a\ud800b",
    "null": None,
    "true": True,
    "zero": 0,
    "minus one": -1,
    "huge": 10**400,
    "float": 1.7e308,
    "list": [],
    "object": {},
    "strange object": {"\0": {"\ud800": ["\0", {"": None}]}},
    "strange list": ["a\0b", "\ud800", None, [], {}, 10**30],
    "deep": {"a": [[[[[[[[[[[["x"]]]]]]]]]]]]},
}
#: What to try everywhere, in short runs.
ALWAYS = ("NUL", "surrogate")

Value = tuple[str, Any]


def values_for(place: str, values: dict[str, Any], *, more: int = 1) -> list[Value]:
    """Return the values to put into a place: all with DOORS=all, else a few that the name picks."""
    if os.environ.get("DOORS") == "all":
        return list(values.items())
    names = [name for name in ALWAYS if name in values]
    others = [name for name in values if name not in names]
    first = crc32(place.encode())
    names += {others[(first + step * 7) % len(others)]: None for step in range(more)}
    return [(name, values[name]) for name in names]


def places_in(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a JSON structure, containers included."""
    if at:
        yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places_in(inner, (*at, key))
    elif isinstance(value, list) and value:
        yield from places_in(value[0], (*at, 0))


def with_value(body: Any, at: tuple[Any, ...], value: Any) -> Any:
    """Copy a JSON structure with another value at a path."""
    if not at:
        return value
    key, *rest = at
    copied = dict(body) if isinstance(body, dict) else list(body)
    copied[key] = with_value(body[key], tuple(rest), value)
    return copied


class Faults:
    """Sends requests that leave nothing behind, and collects those that are errors of ours."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.sent = 0

    def ask(self, door: str, request: Callable[[], Any]) -> Any:
        """Send a request; return the answer, or None for an error of ours."""
        self.sent += 1
        try:
            with transaction.atomic():
                answer = request()
                if getattr(answer, "streaming", False):
                    for _ in answer.streaming_content:
                        pass
                transaction.set_rollback(True)
        except Exception as error:
            self.found.append(f"{door}: {_told(error)}")
            return None
        if answer.status_code >= 500:
            self.found.append(f"{door}: {answer.status_code} {answer.content[:200]!r}")
        return answer


def _told(error: Exception) -> str:
    trace, place = error.__traceback__, ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "/tests/" not in name:
            short = name.split("site-packages/")[-1]
            if "/batchcalls/" in name or "/campaigns/" in name or not place:
                place = f"{short}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}: {str(error)[:120]} ({place})"
