"""The rate limit of a key, and its response headers."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from batchcalls.access import api_keys
from batchcalls.models import ApiKey

_NOTED = "_admission"


class KeyThrottle(BaseThrottle):
    """Counts the requests of a key and of its owner, across all web servers."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Admit the request or not, and note the values of the headers."""
        if not isinstance(request.auth, ApiKey):
            return True
        self.admission = api_keys.admit(request.auth)
        setattr(request, _NOTED, self.admission)
        return self.admission.retry_after_seconds is None

    def wait(self) -> float | None:
        """Return the seconds after which to retry."""
        return self.admission.retry_after_seconds


def tell(request: Request, response: Response) -> None:
    """Set the rate-limit headers (IETF draft-ietf-httpapi-ratelimit-headers-10)."""
    admission: api_keys.Admission | None = getattr(request, _NOTED, None)
    if admission is not None:
        window = int(api_keys.WINDOW.total_seconds())
        name = admission.of
        response["RateLimit-Policy"] = f'"{name}";q={admission.limit};w={window}'
        reset = admission.reset_seconds
        response["RateLimit"] = f'"{name}";r={admission.remaining};t={reset}'
