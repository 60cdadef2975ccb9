"""The answers to unexpected errors, to missing pages, and to missing permissions."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
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


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that a permission is missing, with the sidebar of what is permitted."""
    return render(request, "403.html", _context(request), status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is no such page, with the sidebar."""
    return render(request, "404.html", _context(request), status=404)


def _context(request: HttpRequest) -> dict[str, Any]:
    # Middleware may refuse a request before it is known whose it is.
    return admin.site.each_context(request) if hasattr(request, "user") else {}
