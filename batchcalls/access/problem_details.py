"""Problem details (RFC 9457) as they are sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse

MEDIA_TYPE = "application/problem+json"
_TITLES = {422: "Unprocessable Content"}


def about(status: int) -> dict[str, Any]:
    """Return the members that every problem of this status has."""
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status}


def answer(status: int, code: str, detail: str) -> JsonResponse:
    """Return a problem that no view raised."""
    body = about(status) | {"code": code, "detail": detail}
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE)
