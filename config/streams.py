"""Downloads, bounded so that those who read slowly leave threads for everybody else.

A response that is streamed holds its thread until the last byte is taken. A process has
``STREAMS_AT_ONCE`` such responses at most, fewer than it has threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from config.refusals import refusal

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = 10

Respond = Callable[[HttpRequest], HttpResponseBase]


class BoundedStreams:
    """Middleware that lets only so many responses be streamed by a process at once."""

    def __init__(self, get_response: Respond) -> None:
        self._get_response = get_response
        self._free = threading.BoundedSemaphore(settings.STREAMS_AT_ONCE)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Count a streamed response until it is closed; refuse one too many with 503."""
        response = self._get_response(request)
        if not isinstance(response, StreamingHttpResponse) or response.is_async:
            return response
        if not self._free.acquire(blocking=False):
            response.close()
            log.warning("streams.refused", path=request.path)
            text = "Too many downloads are running. Try again in a few seconds."
            retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            return refusal(request, 503, "too_many_downloads", text, headers=retry)
        response.streaming_content = _Counted(response.streaming_content, self._free.release)
        return response


class _Counted:
    """Content that tells once when it was read to its end, or when the response was closed."""

    def __init__(self, content: Any, done: Callable[[], None]) -> None:
        self._content = content
        self._done: Callable[[], None] | None = done

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._content
        finally:
            self.close()

    def close(self) -> None:
        """Free the place."""
        if self._done is not None:
            done, self._done = self._done, None
            done()
