"""Unknown URLs: programs get the 404 as a problem document."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from batchcalls.api.problems import MEDIA_TYPE


# A program has no CSRF token, and would be told of that instead.
@csrf_exempt
def nowhere(request: HttpRequest) -> JsonResponse:
    """Return a 404 problem."""
    problem = {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "no_such_address",
        "detail": "There is no such address. /api/docs/ lists those that there are.",
    }
    return JsonResponse(problem, status=404, content_type=MEDIA_TYPE)
