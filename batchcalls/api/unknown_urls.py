"""Unknown URLs: programs get the 404 as a problem document."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from batchcalls.access import problem_details


# A program has no CSRF token, and the response would say only that.
@csrf_exempt
def nowhere(request: HttpRequest) -> JsonResponse:
    """Return a 404 problem."""
    text = "Unknown URL. See /api/docs/."
    return problem_details.answer(404, "no_such_address", text)
