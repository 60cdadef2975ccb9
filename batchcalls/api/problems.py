"""Errors as problem details (RFC 9457): what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import set_rollback

from batchcalls.importing.mapping import MappingError
from batchcalls.importing.unreadable import UnreadableList
from batchcalls.lifecycle import Conflict
from batchcalls.uploads import UploadError

MEDIA_TYPE = "application/problem+json"
#: Errors of rows that one answer holds; of more, it says where they are.
MOST_ERRORS = 100
_TITLES = {422: "Unprocessable Content"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One error: ``pointer`` is the place in the request's body (RFC 6901)."""

    pointer: str
    code: str
    detail: str


class Problem(exceptions.APIException):
    """An error that is not one of the framework's: its status, its code, and where it is."""

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
    """One error of a request, in the schema."""

    pointer = serializers.CharField(help_text="Where in the body, as a JSON Pointer (RFC 6901).")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemDetails(serializers.Serializer[Any]):
    """An error, in the schema (RFC 9457)."""

    type = serializers.CharField(help_text="Always about:blank; `code` tells errors apart.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="For programs.")
    detail = serializers.CharField(help_text="For people: what is wrong, and the remedy.")
    errors: Any = ProblemError(many=True, required=False)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error of a view; None for one that nobody foresaw, which is a 500."""
    known = _known(error)
    if known is None:
        return None
    set_rollback()
    status = known.status_code
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
    }
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
    if isinstance(error, Http404):
        return exceptions.NotFound("There is nothing here under that id.")
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, ValidationError):
        return exceptions.ValidationError(serializers.as_serializer_error(error))
    if isinstance(error, Conflict):
        return Problem(HTTPStatus.CONFLICT, "conflict", str(error), current_status=error.status)
    if isinstance(error, UploadError | MappingError | UnreadableList):
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if isinstance(error, UploadError) and error.code == "file_too_large":
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return Problem(status, getattr(error, "code", "") or "unusable", str(error))
    return error if isinstance(error, exceptions.APIException) else None


def _errors_of(details: Any, pointer: str) -> Iterator[FieldError]:
    """Walk over the framework's nested errors, in the order of the fields."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        message, code = details["message"], details["code"]
        yield FieldError(pointer=pointer, code=str(code), detail=str(message))
    elif isinstance(details, dict):
        for name, inner in details.items():
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            is_whole = name == "non_field_errors"
            yield from _errors_of(inner, pointer if is_whole else f"{pointer}/{escaped}")
    elif isinstance(details, list):
        is_of_rows = all(isinstance(one, dict) and "message" not in one for one in details)
        for index, inner in enumerate(details):
            yield from _errors_of(inner, f"{pointer}/{index}" if is_of_rows else pointer)


def _summary(errors: list[FieldError]) -> str:
    if len(errors) == 1:
        one = errors[0]
        return f"{one.pointer}: {one.detail}" if one.pointer else one.detail
    return f"{len(errors)} things in this request are not valid; each is named under errors."
