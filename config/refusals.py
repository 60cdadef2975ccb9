"""Refusals before a view is asked, in the shape that the clients of each URL understand."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from batchcalls.api import problem_details
from batchcalls.blandapi import errors


def refusal(
    request: HttpRequest,
    status: int,
    code: str,
    text: str,
    *,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Return a response with a sentence for people and a code for programs."""
    if request.path.startswith("/api/"):
        response: HttpResponse = problem_details.answer(status, code, text)
    elif request.path.startswith(("/v1/", "/v2/")):
        response = errors.answer(errors.Refused(status, code.upper(), text))
    else:
        response = HttpResponse(f"{text}\n", status=status, content_type="text/plain")
    for name, value in (headers or {}).items():
        response[name] = value
    return response
