"""JSON request bodies, parsed with limits on size and depth."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

from django.conf import settings

from campaigns.storable import texts_in

#: An escape of half a character. Whole characters may be written as two halves.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class BodyTooLong(Exception):
    """The body exceeds the maximum size and was not read."""

    def __init__(self) -> None:
        super().__init__(
            f"The body is longer than {settings.MAX_API_BYTES:,} bytes. Send a long list as a file "
            "(multipart/form-data) to /api/v1/batches, or as several batches."
        )


class BodyUnreadable(Exception):
    """The body is not JSON, or is nested too deeply."""


def parse(body: bytes) -> Any:
    """Parse a body (RFC 8259). Reject NaN, duplicate names, and halves of characters.

    Raise `BodyTooLong` or `BodyUnreadable`.
    """
    if len(body) > settings.MAX_API_BYTES:
        raise BodyTooLong
    try:
        text = body.decode("utf-8-sig")
        value = DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise BodyUnreadable("The body is not UTF-8.") from error
    except RecursionError as error:
        raise BodyUnreadable(too_deep()) from error
    except ValueError as error:
        raise BodyUnreadable(f"The body is not JSON: {error}") from error
    check(value, text)
    return value


def check(value: Any, text: str, *, levels: int = 0) -> None:
    """Raise `BodyUnreadable` for a value that is nested too deeply, or has halves of characters.

    ``text`` is what it was parsed from, and ``levels`` how deep it is nested itself.
    """
    room = settings.MAX_JSON_DEPTH - levels
    # Counting is faster than looking, and mostly enough.
    if text.count("[") + text.count("{") > room and _depth(value) > room:
        raise BodyUnreadable(too_deep())
    if _HALF.search(text):
        _refuse_halves(value)


def _refuse_halves(value: Any) -> None:
    """Raise `BodyUnreadable` for text that UTF-8, and so no database, can express."""
    try:
        for text in texts_in(value):
            text.encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        message = f"The body has half a character ({half}). Send both halves, or leave it out."
        raise BodyUnreadable(message) from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = times.most_common(1)[0][0]
        raise ValueError(f"the name {twice!r} appears twice in an object.")
    return found


def _float(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError(f"the number {text[:40]} is too large.")
    return number


#: Parses JSON (RFC 8259), without NaN, infinite numbers, and names that appear twice.
DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float
)


def too_deep() -> str:
    """Return the sentence about a body that is nested too deeply."""
    return f"The body is nested more than {settings.MAX_JSON_DEPTH} levels deep."


def _depth(value: Any) -> int:
    """Return the nesting depth without recursion."""
    deepest, level = 0, [value]
    while level:
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
            else:
                continue
        if any(isinstance(one, dict | list) for one in level):
            deepest += 1
        level = inner
    return deepest
