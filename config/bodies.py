"""Request bodies, bounded by URL before anything is parsed or written to the temporary folder.

Django reads a form to check its CSRF token, so without these bounds anybody could fill the disk.
Only the upload doors accept files, and only for people who are signed in; programs send their key,
which the API checks before it reads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve

from batchcalls.access.json_bodies import BodyTooLong
from batchcalls.access.origins import door_of
from batchcalls.models import AuditDoor
from config.refusals import refusal

#: The pages that accept files.
UPLOAD_PAGES = frozenset(
    {
        "admin:batchcalls_batch_add",
        "admin:batchcalls_batch_upload",
        "admin:batchcalls_batch_add_rows",
        "admin:batchcalls_storedlist_add_do_not_call",
        "admin:campaigns_campaign_import",
        "admin:campaigns_suppression_import",
    }
)
#: The operations of the API that accept files.
UPLOAD_OPERATIONS = frozenset({"api:v1:batch-list", "api:v1:batch-detail", "api:v1:batch-rows"})
#: The fields beside a file, and the frame around each.
FORM_BYTES = 10_000_000
#: Why a list is refused whose sender has no session, or no longer.
SIGNED_OUT = (
    "You are signed out, and only people who are signed in may upload more. Sign in in another "
    "tab, go back, and try again."
)

Respond = Callable[[HttpRequest], HttpResponseBase]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApplication = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


def limit_of(path: str) -> int:
    """Return how many bytes the body of a request to this path may have."""
    name = _name_of(path)
    if name in UPLOAD_PAGES | UPLOAD_OPERATIONS:
        return int(settings.MAX_FILE_BYTES) + FORM_BYTES
    door = door_of(path)
    if door in {AuditDoor.API, AuditDoor.BLAND_API}:
        return int(settings.MAX_API_BYTES)
    if door == AuditDoor.HOOK:
        return int(settings.MAX_WEBHOOK_BYTES)
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def _name_of(path: str) -> str:
    try:
        found: ResolverMatch = resolve(path)
    except Resolver404:
        return ""
    return found.view_name


class BoundedBodies:
    """Middleware behind authentication and before the CSRF check, which reads the form."""

    def __init__(self, get_response: Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Refuse a body that is too long for its URL, or of unknown length; 413 or 411."""
        length = request.META.get("CONTENT_LENGTH") or ""
        if not length and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            text = "The length of the body is missing. Send it with a Content-Length header."
            return refusal(request, 411, "length_required", text)
        takes_files = request.method in {"POST", "PATCH"}
        name = _name_of(request.path_info) if takes_files else ""
        if name not in UPLOAD_PAGES | UPLOAD_OPERATIONS:
            request.upload_handlers = [NoFiles(request)]
        limit = limit_of(request.path_info)
        if name in UPLOAD_OPERATIONS and request.content_type == "application/json":
            limit = int(settings.MAX_API_BYTES)
        small = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        size = int(length) if length.isascii() and length.isdigit() else 0
        if size > small and name in UPLOAD_PAGES and not request.user.is_authenticated:
            text = f"{too_long(small)} {SIGNED_OUT}"
            return refusal(request, 413, "body_too_large", text)
        if size > limit:
            text = str(BodyTooLong()) if limit == settings.MAX_API_BYTES else too_long(limit)
            return refusal(request, 413, "body_too_large", text)
        return self._get_response(request)


class UnexpectedFile(SuspiciousOperation):
    """A file was sent where none is expected."""


class NoFiles(FileUploadHandler):
    """Refuses files where none is expected, before their first byte is stored."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Refuse a file, with status 400."""
        raise UnexpectedFile("Files are not accepted here. Upload lists on their own pages.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Store nothing."""

    def file_complete(self, file_size: int) -> None:
        """Return no file."""


def too_long(limit: int) -> str:
    """Return the sentence about a body that is too long."""
    return f"The request is too large: at most {limit:,} bytes are accepted here. Send less."


def bounded(application: AsgiApplication) -> AsgiApplication:
    """Return an ASGI application that stops reading at the limit.

    Django's handler for ASGI writes the whole body to a temporary file before any middleware runs.
    """

    async def bounded_application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        limit = limit_of(scope["path"])
        taken = _stated(scope["headers"])

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            # Django drops what it has written down when the client is gone.
            return message if taken <= limit else {"type": "http.disconnect"}

        if taken <= limit:
            taken = 0
            await application(scope, counted, send)
        if taken > limit:
            body = f"{too_long(limit)}\n".encode()
            headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return bounded_application


def _stated(headers: Iterable[tuple[bytes, bytes]]) -> int:
    lengths = [value for name, value in headers if name.lower() == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0
