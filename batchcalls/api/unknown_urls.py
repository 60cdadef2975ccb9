"""Addresses under which there is nothing: programs are told so in their own language."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse

from batchcalls.api.problems import MEDIA_TYPE


def nowhere(request: HttpRequest) -> JsonResponse:
    """Answer 404, as a problem."""
    problem = {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "no_such_address",
        "detail": "There is no such address. /api/docs/ lists those that there are.",
    }
    return JsonResponse(problem, status=404, content_type=MEDIA_TYPE)
