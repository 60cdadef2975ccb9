"""Errors as problem details (RFC 9457): what is wrong, where, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import set_rollback

from batchcalls.access.idempotency import NameRefused
from batchcalls.access.problem_details import MEDIA_TYPE, about
from batchcalls.batches.lifecycle import Conflict
from batchcalls.batches.suppressing import IsHeld
from batchcalls.calling.stopping import CallOver
from batchcalls.database import disks
from batchcalls.drafting.authority import SettingsDenied
from batchcalls.drafting.recipient_objects import RecipientsError
from batchcalls.intake.uploads import UploadError
from batchcalls.lists.mapping import MappingError
from batchcalls.lists.unreadable import UnreadableList
from campaigns.setting_permissions import NOT_ALLOWED

#: Maximum row errors in a response. Beyond it, the response says where to find them.
MOST_ERRORS = 100
#: The field of a batch request that each error code points at.
_FIELDS = {
    "no_prompt": "prompt",
    "no_purpose": "purpose",
    "bad_prompt": "prompt",
    "variable_without_column": "prompt",
    "no_consent_column": "campaign",
    "rules_of_campaign": "rules",
    "bad_region": "region",
    "file_too_large": "file",
    "no_recipients": "recipients",
    "too_many_recipients": "recipients",
    "too_many_columns": "recipients",
    "invalid_call_setting": "call_settings",
    "unknown_call_setting": "call_settings",
    "host_not_allowed": "call_settings",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One error: ``pointer`` is the place in the request's body (RFC 6901)."""

    pointer: str
    code: str
    detail: str


class Problem(exceptions.APIException):
    """An error that the framework does not define, with its status, code and location."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: list[FieldError] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.errors = errors or []
        self.members = members


class ProblemError(serializers.Serializer[Any]):
    """One error of a request."""

    pointer = serializers.CharField(help_text="Where in the body, as a JSON Pointer (RFC 6901).")
    code = serializers.CharField(help_text="What is wrong, for programs.")
    detail = serializers.CharField(help_text="What is wrong, for people, and the remedy.")


class ProblemDetails(serializers.Serializer[Any]):
    """A problem document (RFC 9457)."""

    type = serializers.CharField(help_text="Always about:blank; `code` tells errors apart.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    code = serializers.CharField(help_text="For programs.")
    detail = serializers.CharField(help_text="For people: what is wrong, and the remedy.")
    errors: Any = ProblemError(many=True, required=False, help_text="Each wrong value of the body.")


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Convert a view's error to a response. Return None for an unexpected error, which is a 500."""
    known = _known(error)
    if known is None:
        return None
    set_rollback()
    status = known.status_code
    body = about(status)
    if isinstance(known, Problem):
        body |= {"code": known.get_codes(), "detail": str(known.detail), **known.members}
        errors = known.errors
    elif isinstance(known, exceptions.ValidationError):
        errors = list(_errors_of(known.get_full_details(), ""))
        body |= {"code": "invalid", "detail": _summary(errors)}
    else:
        errors = []
        code = getattr(known.detail, "code", None) or known.default_code
        body |= {"code": code, "detail": str(known.detail)}
    if errors:
        shown = errors[:MOST_ERRORS]
        body["errors"] = [
            {"pointer": one.pointer, "code": one.code, "detail": one.detail} for one in shown
        ]
        if len(errors) > len(shown):
            body["more_errors"] = len(errors) - len(shown)
    headers = {}
    if header := getattr(known, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(known, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return Response(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def _known(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, Http404 | PermissionDenied):
        nothing = exceptions.NotFound("Nothing has that ID.")
        denied = exceptions.PermissionDenied(str(error) or None)
        return nothing if isinstance(error, Http404) else denied
    if isinstance(error, ValidationError):
        return exceptions.ValidationError(serializers.as_serializer_error(error))
    if problem := _conflict(error) or _disk_problem(error):
        return problem
    if isinstance(error, UploadError | MappingError | UnreadableList):
        return _refusal(error)
    if isinstance(error, SuspiciousOperation):  # from a form: too many or too long fields
        return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", str(error))
    return error if isinstance(error, exceptions.APIException) else None


def _conflict(error: Exception) -> Problem | None:
    """Return the problem for an action that the current state does not allow."""
    if isinstance(error, NameRefused):
        return Problem(error.status, error.code, str(error))
    if isinstance(error, Conflict | CallOver):
        return Problem(HTTPStatus.CONFLICT, "conflict", str(error), current_status=error.status)
    if isinstance(error, IsHeld):
        return Problem(HTTPStatus.CONFLICT, "under_review", str(error))
    if isinstance(error, ProtectedError):
        used = sorted({str(one._meta.verbose_name) for one in error.protected_objects})
        detail = f"It is in use by a {' and a '.join(used)}. Remove it there first."
        return Problem(HTTPStatus.CONFLICT, "in_use", detail)
    if isinstance(error, IntegrityError):
        detail = "Someone else saved the same thing at the same moment. Check what is there now."
        return Problem(HTTPStatus.CONFLICT, "already_there", detail)
    return None


def _disk_problem(error: Exception) -> Problem | None:
    """Return the problem for a disk that is full or away."""
    if full := disks.full_disk(error):
        return Problem(disks.HTTP_STATUS[full.code], full.code, f"{full} Nothing was stored.")
    if isinstance(error, disks.StorageAway):
        return Problem(disks.HTTP_STATUS[error.code], error.code, str(error))
    return None


def _refusal(error: UploadError | MappingError | UnreadableList) -> Problem:
    """Point at the cause that makes a list or its conversation unusable."""
    if isinstance(error, MappingError):
        errors = [
            FieldError(pointer=_pointer("mapping", one.column), code=one.code, detail=one.message)
            for one in error.problems
        ]
        is_denied = error.problems[0].code == NOT_ALLOWED
        status = HTTPStatus.FORBIDDEN if is_denied else HTTPStatus.BAD_REQUEST
        return Problem(status, error.problems[0].code, str(error), errors=errors)
    status = HTTPStatus.BAD_REQUEST
    if error.code == NOT_ALLOWED:
        status = HTTPStatus.FORBIDDEN
    elif error.code == "file_too_large":
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    elif error.code in disks.HTTP_STATUS:
        status = disks.HTTP_STATUS[error.code]
    elif error.code in {"list_importing", "list_joined_before"}:
        status = HTTPStatus.CONFLICT
    if isinstance(error, RecipientsError):
        errors = [
            FieldError(
                pointer=_pointer("recipients", str(one.index), *one.place),
                code=one.code,
                detail=one.message,
            )
            for one in error.errors
        ]
    elif isinstance(error, SettingsDenied):
        errors = [
            FieldError(pointer=setting_pointer(one.name), code=error.code, detail=one.message)
            for one in error.refusals
        ]
    else:
        errors = []
    if not errors:
        field = "file" if isinstance(error, UnreadableList) else _FIELDS.get(error.code, "")
        errors = [FieldError(pointer=_pointer(field), code=error.code, detail=str(error))]
    return Problem(status, error.code, str(error), errors=errors)


def setting_pointer(name: str) -> str:
    """Return the place of a call setting in the body of a batch or campaign."""
    field = {"task": "prompt"}.get(name, name)
    if field in {"prompt", "pathway_id", "pathway_version", "status_webhook", "batch_webhook"}:
        return _pointer(field)
    return _pointer("call_settings", name)


def _pointer(*place: str) -> str:
    """Return a place as a JSON Pointer (RFC 6901)."""
    names = (one.replace("~", "~0").replace("/", "~1") for one in place if one)
    return "".join(f"/{name}" for name in names)


def _errors_of(details: Any, pointer: str) -> Iterator[FieldError]:
    """Flatten the framework's nested errors, in the order of the fields."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        message, code = details["message"], details["code"]
        yield FieldError(pointer=pointer, code=str(code), detail=str(message))
    elif isinstance(details, dict):
        for name, inner in details.items():
            is_whole = name in {"non_field_errors", "__all__"}
            yield from _errors_of(inner, pointer if is_whole else pointer + _pointer(str(name)))
    elif isinstance(details, list):
        is_of_rows = all(isinstance(one, dict) and "message" not in one for one in details)
        for index, inner in enumerate(details):
            yield from _errors_of(inner, f"{pointer}/{index}" if is_of_rows else pointer)


def _summary(errors: list[FieldError]) -> str:
    if len(errors) == 1:
        one = errors[0]
        return f"{one.pointer}: {one.detail}" if one.pointer else one.detail
    return f"{len(errors)} values in this request are invalid; see errors."
