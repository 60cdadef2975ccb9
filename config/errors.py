"""The pages about errors, in our design, each with a way back.

Those for which the database or the session may be missing are rendered without them.
"""

from __future__ import annotations

import sys
from typing import Any

import structlog
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from batchcalls.admin import kept_forms, sign_in
from batchcalls.database.disks import HTTP_STATUS, full_disk
from config.bodies import UnexpectedFile
from config.refusals import refusal

_TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def unexpected(request: HttpRequest) -> HttpResponse:
    """Name the disk if one is full. Nothing else about the error is shown; the log has it."""
    error = sys.exception()
    full = full_disk(error) if error else None
    if full is not None:
        text = f"{full} Nothing was stored. Then go back and try again."
        return refusal(request, HTTP_STATUS[full.code], full.code, text)
    text = "Something went wrong on our side, and it has been logged. Go back and try again."
    if reference := structlog.contextvars.get_contextvars().get("request_id"):
        text += f" If it happens again, give your administrator this reference: {reference}"
    return refusal(request, 500, "internal_error", text)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that a request cannot be read, or that a form is too large."""
    if isinstance(exception, _TOO_LARGE):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1_000_000
        text = f"This form is too large: at most {most} MB are accepted. Go back and shorten it."
        return refusal(request, 413, "body_too_large", text)
    text = "Your browser sent something that cannot be read. Go back and try again."
    if isinstance(exception, UnexpectedFile):
        text = str(exception)
    return refusal(request, 400, "bad_request", text)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that a permission is missing, with the sidebar of what is permitted."""
    return render(request, "403.html", _context(request), status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is no such page, with the sidebar."""
    return render(request, "404.html", _context(request), status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Keep a long form that certainly came from a page of ours; refuse any other.

    Whoever signs in in another tab, or deletes cookies, makes the tokens of open pages worthless.
    """
    form = kept_forms.kept(request) if _is_ours(request) else None
    if form is not None and request.user.is_authenticated:
        title = "You signed in again while this page was open"
        return sign_in.continue_page(request, form, title=title, status=403)
    if form is not None:
        return sign_in.ask_again(request, form)
    text = (
        "This page was open for too long, or your browser blocks cookies. Go back, reload the "
        "page, and try again."
    )
    return refusal(request, 403, "csrf_failed", text)


def _is_ours(request: HttpRequest) -> bool:
    """Return whether the browser says that a page of ours sent a request, as others cannot."""
    origin = f"{request.scheme}://{request.get_host()}"
    return request.headers.get("Origin") == origin or (
        request.headers.get("Sec-Fetch-Site") == "same-origin"
    )


def _context(request: HttpRequest) -> dict[str, Any]:
    # Middleware may refuse a request before it is known whose it is.
    return admin.site.each_context(request) if hasattr(request, "user") else {}
