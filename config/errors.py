"""The answer to an unexpected error."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error

from batchcalls.database.disks import HTTP_STATUS, full_disk


def unexpected(request: HttpRequest) -> HttpResponse:
    """Name the disk if one is full. Nothing else about the error is shown; the log has it."""
    error = sys.exception()
    full = full_disk(error) if error else None
    if full is None:
        return server_error(request)
    text = f"{full} Nothing was stored. Then go back and try again.\n"
    return HttpResponse(text, status=HTTP_STATUS[full.code], content_type="text/plain")
