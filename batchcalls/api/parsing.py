"""Request bodies, limited in size and depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access import json_bodies, json_lists
from batchcalls.api.fields import Strict
from batchcalls.api.problems import Problem


class BoundedJSONParser(BaseParser):
    """Parses JSON (RFC 8259) up to the installation's limits. Rejects NaN and duplicate names.

    Not a ``JSONParser``: for those, REST framework reads the body itself, up to Django's limit for
    forms.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the value. Raise `ParseError`, or `Problem` (413) for a body that is too long."""
        return parse(stream.read(settings.MAX_API_BYTES + 1))


class RecipientsJSONParser(BoundedJSONParser):
    """Parses JSON whose ``recipients`` may be many: they become a `JsonList`."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the value. Raise as a `BoundedJSONParser` does."""
        return _parsed(lambda: json_lists.parse(stream, lists={"recipients"}))


class _Nothing(Strict):
    """A body without members."""


def without_body(view: Callable[..., Response]) -> Callable[..., Response]:
    """Refuse a body with members, or none of JSON, for an operation that takes none.

    Ignoring the body would launch a batch for a client that sent ``{"dry_run": true}``.
    """

    @wraps(view)
    def checked(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        _Nothing(data=request.data).is_valid(raise_exception=True)
        return view(self, request, *args, **kwargs)

    return checked


def parse(body: bytes) -> Any:
    """Parse a body. Raise `ParseError`, or `Problem` (413) for a body that is too long."""
    return _parsed(lambda: json_bodies.parse(body))


def _parsed(parse: Callable[[], Any]) -> Any:
    """Parse a body, and convert its errors to those of the API."""
    try:
        return parse()
    except json_bodies.BodyTooLong as error:
        raise Problem(413, "body_too_large", str(error)) from error
    except json_bodies.BodyUnreadable as error:
        raise ParseError(str(error)) from error
