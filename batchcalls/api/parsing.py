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

from batchcalls.access import json_bodies
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
        body = stream.read(settings.MAX_API_BYTES + 1)
        return parse(body)


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
    try:
        return json_bodies.parse(body)
    except json_bodies.BodyTooLong as error:
        text = f"{error} Send a long list as a file (multipart/form-data)."
        raise Problem(413, "body_too_large", text) from error
    except json_bodies.BodyUnreadable as error:
        raise ParseError(str(error)) from error
