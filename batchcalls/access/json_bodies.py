"""JSON request bodies, parsed with limits on size and depth."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings


class BodyTooLong(Exception):
    """The body exceeds the maximum size and was not read."""

    def __init__(self) -> None:
        super().__init__(f"The body is longer than {settings.MAX_API_BYTES:,} bytes.")


class BodyUnreadable(Exception):
    """The body is not JSON, or is nested too deeply."""


def parse(body: bytes) -> Any:
    """Parse a body (RFC 8259). Reject NaN and duplicate names.

    Raise `BodyTooLong` or `BodyUnreadable`.
    """
    if len(body) > settings.MAX_API_BYTES:
        raise BodyTooLong
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_no_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise BodyUnreadable("The body is not UTF-8.") from error
    except RecursionError as error:
        raise BodyUnreadable(_too_deep()) from error
    except ValueError as error:
        raise BodyUnreadable(f"The body is not JSON: {error}") from error
    if _depth(value) > settings.MAX_JSON_DEPTH:
        raise BodyUnreadable(_too_deep())
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice in an object.")
    return found


def _too_deep() -> str:
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
