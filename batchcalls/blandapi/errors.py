"""Errors, in one body that clients of both generations understand.

Some clients check the HTTP status, some check ``status``, some only check for ``errors``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import JsonResponse

from batchcalls.access.idempotency import NameRefused
from batchcalls.access.permissions import Denied
from batchcalls.batches.lifecycle import Conflict
from batchcalls.database import disks
from batchcalls.drafting.authority import SettingsDenied
from batchcalls.drafting.recipient_objects import RecipientsError
from batchcalls.intake.uploads import UploadError
from batchcalls.lists.mapping import MappingError
from batchcalls.lists.unreadable import UnreadableList
from campaigns.setting_permissions import NOT_ALLOWED

#: Maximum number of entry errors in one response.
MOST_ERRORS = 100
INVALID = "INVALID_PARAMETERS"


class Refused(Exception):
    """A rejected request. Nothing was changed.

    ``errors`` has a (code, message) pair for each error. Without it, the only error is ``message``.
    ``word`` is the ``status`` of the response.
    """

    def __init__(
        self,
        http_status: int,
        code: str,
        message: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        word: str = "error",
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(message)
        self.http_status, self.code, self.message = http_status, code, message
        self.errors = list(errors) or [(code, message)]
        self.word = word
        self.headers = headers or {}
        self.members = members


def invalid(*sentences: str) -> Refused:
    """Return the error for invalid parameters, with one sentence for each."""
    errors = [(INVALID, sentence) for sentence in sentences]
    message = sentences[0] if len(sentences) == 1 else "Invalid parameters"
    return Refused(400, INVALID, message, errors=errors)


def not_found(what: str) -> Refused:
    """Return the error for something that does not exist."""
    return Refused(404, f"{what.upper()}_NOT_FOUND", f"No {what} has this ID.")


def known(error: Exception) -> Refused | None:
    """Return the error for a known exception, or None for an unexpected one."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, NameRefused):
        return Refused(error.status, error.code.upper(), str(error))
    if isinstance(error, Denied | Conflict):
        status, code = (403, "FORBIDDEN") if isinstance(error, Denied) else (409, "CONFLICT")
        return Refused(status, code, str(error))
    if denied := _denied(error):
        return denied
    if isinstance(error, RecipientsError) and error.errors:
        return invalid(*(f"Entry #{one.index + 1}: {one.message}" for one in error.errors))
    is_refusal = isinstance(error, UploadError | MappingError | UnreadableList)
    return _disk_error(error) or (invalid(str(error)) if is_refusal else None)


def _denied(error: Exception) -> Refused | None:
    """Return the error for call settings that the owner of the key may not set."""
    if isinstance(error, RecipientsError) and error.code == NOT_ALLOWED:
        sentences = [f"Entry #{one.index + 1}: {one.message}" for one in error.errors]
    elif isinstance(error, SettingsDenied):
        sentences = [one.message for one in error.refusals] or [str(error)]
    else:
        return None
    errors = [("FORBIDDEN", sentence) for sentence in sentences]
    return Refused(403, "FORBIDDEN", sentences[0], errors=errors)


def _disk_error(error: Exception) -> Refused | None:
    """Return the error for a disk that is full or away."""
    refusal = disks.full_disk(error) or error
    code = refusal.code if isinstance(refusal, UploadError | disks.DiskFull) else ""
    status = disks.HTTP_STATUS.get(code)
    return Refused(status, code.upper(), str(refusal)) if status else None


def answer(error: Refused) -> JsonResponse:
    """Return the response for an error, in every form that clients check."""
    shown = [{"error": code, "message": text} for code, text in error.errors[:MOST_ERRORS]]
    body = {
        "status": error.word,
        "message": error.message,
        "data": None,
        "errors": shown,
        **error.members,
    }
    return JsonResponse(body, status=error.http_status, headers=error.headers)
