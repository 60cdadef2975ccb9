"""Bodies that are read: of a size and a depth that do no harm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from batchcalls.api.problems import Problem


class BoundedJSONParser(JSONParser):
    """Reads JSON (RFC 8259) up to the installation's limits; no NaN, no name twice."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the value; raise `ParseError`, or a 413 `Problem`."""
        body = stream.read(settings.MAX_API_BYTES + 1)
        return parse(body)


def parse(body: bytes) -> Any:
    """Read a body; raise `ParseError`, or `Problem` (413) for one that is too long."""
    if len(body) > settings.MAX_API_BYTES:
        raise Problem(
            413,
            "body_too_large",
            f"The body is longer than {settings.MAX_API_BYTES:,} bytes. "
            "Send a long list as a file (multipart/form-data).",
        )
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_no_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise ParseError("The body is not UTF-8.") from error
    except RecursionError as error:
        raise ParseError(_too_deep()) from error
    except ValueError as error:
        raise ParseError(f"The body is not JSON: {error}") from error
    if _depth(value) > settings.MAX_JSON_DEPTH:
        raise ParseError(_too_deep())
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
    """Count the levels without recursing."""
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
