"""Refusals before a view is asked, in the shape that the clients of each URL understand."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from batchcalls.access import problem_details
from batchcalls.access.origins import door_of
from batchcalls.blandapi import errors
from batchcalls.models import AuditDoor

#: The headings of pages about refusals, by status.
TITLES = {
    400: "This request could not be read",
    403: "This form has expired",
    411: "This request could not be read",
    413: "Too large",
    500: "Something went wrong",
    503: "Not available right now",
    507: "The disk is full",
}


def refusal(
    request: HttpRequest,
    status: int,
    code: str,
    text: str,
    *,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Return a response with a sentence for people and a code for programs.

    Browsers get a page that needs no database, no session and no context.
    """
    door = door_of(request.path)
    if door == AuditDoor.API:
        response: HttpResponse = problem_details.answer(status, code, text)
    elif door == AuditDoor.BLAND_API:
        response = errors.answer(errors.Refused(status, code.upper(), text))
    elif "text/html" in request.headers.get("Accept", ""):
        title = TITLES.get(status, "This did not work")
        page = render_to_string("error.html", {"title": title, "text": text})
        response = HttpResponse(page, status=status)
    else:
        response = HttpResponse(f"{text}\n", status=status, content_type="text/plain")
    for name, value in (headers or {}).items():
        response[name] = value
    return response
