"""Times of the back office in the time zone of the person who looks at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from batchcalls.models import preferences_of


class TimeZoneOfUser:
    """Shows times, and reads days and times, in a person's time zone. Programs get offsets."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Process a request, and leave the site's time zone to the next one."""
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Set the time zone for a page of the back office."""
        match = request.resolver_match
        if match is not None and match.namespace == "admin" and request.user.is_authenticated:
            timezone.activate(preferences_of(request.user).zone)
