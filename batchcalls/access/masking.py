"""Phone numbers for people who may not see them, and for logs: `+1 202 ••• ••90`.

This is the only place where numbers are masked. What a person gets leaves through a response or
through a table that a worker writes, so it is masked there, whatever shows the number: a field, a
text, or a form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from batchcalls.access import origins
from campaigns.masked_numbers import html_masked, json_masked, text_masked

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

PERMISSION: Final = "batchcalls.view_numbers"
_HTML, _JSON = "text/html", ("application/json", "application/problem+json")
_PLAIN: Final = ("text/csv", "text/plain")


def may_see(user: User | AnonymousUser | None) -> bool:
    """Return whether a person may see numbers; without one, as in commands, they may."""
    return user is None or not user.is_authenticated or user.has_perm(PERMISSION)


def sees_now() -> bool:
    """Return whether whoever is being answered may see numbers."""
    return may_see(origins.current().user)


def rows_masked(rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    """Mask every number of a table."""
    for row in rows:
        yield [json_masked(cell) for cell in row]


class MaskedNumbers:
    """Middleware that masks numbers in what is sent to people who may not see them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request; mask pages, JSON, CSV, and plain text, streamed or not."""
        response = self.get_response(request)
        if may_see(origins.Origin(request=request).user):
            return response
        mask = _mask_of(response.headers.get("Content-Type", ""))
        if name := response.headers.get("Content-Disposition"):
            response["Content-Disposition"] = _NAMED.sub("number", name)
        if mask is None:
            return response
        if isinstance(response, StreamingHttpResponse):
            if not response.is_async:
                blocks = cast("Iterable[bytes]", response.streaming_content)
                # Each block ends with a row.
                response.streaming_content = (mask(block.decode()).encode() for block in blocks)
        elif isinstance(response, HttpResponse):
            response.content = mask(response.content.decode(response.charset)).encode()
            if response.has_header("Content-Length"):
                response["Content-Length"] = str(len(response.content))
        return response


#: A number in the name of a file.
_NAMED: Final = re.compile(r"\+?\d{8,15}")


def _mask_of(content_type: str) -> Callable[[str], str] | None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _HTML:
        return html_masked
    if kind in _JSON:
        return _json_text_masked
    return text_masked if kind in _PLAIN else None


def _json_text_masked(text: str) -> str:
    if not text:
        return text
    try:
        return json.dumps(json_masked(json.loads(text)), ensure_ascii=False)
    except ValueError:
        return text_masked(text)
