"""The common part of every endpoint: key, permission, rate limit and body.

Only a key gives access. Back-office cookies are ignored, so cross-site requests cannot be forged,
and no header allows scripts of other sites.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import structlog
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from batchcalls.access import api_keys, idempotency, json_bodies, json_lists
from batchcalls.access.permissions import Need
from batchcalls.blandapi import errors
from batchcalls.blandapi.errors import Refused
from batchcalls.blandapi.query_values import query_of
from batchcalls.lists.cleaning import clean_value
from batchcalls.models import ApiKey

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)

_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_SEND_JSON = "The body is a form. Send a JSON object, with Content-Type: application/json."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request by a key that may make it. ``body`` is a JSON object, empty without a body."""

    http: HttpRequest
    key: ApiKey
    body: dict[str, Any]

    @property
    def actor(self) -> User:
        """The user on whose behalf the key acts."""
        return self.key.owner


View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """The view of a method, and the permission it needs. None means any key.

    ``once`` allows repeating the request under the same ``Idempotency-Key``. ``lists`` are the
    members of the body that may be long, and become a `JsonList`. ``is_bodiless`` says that it
    reads no members of a body.
    """

    view: View
    need: Need | None
    once: bool = False
    lists: tuple[str, ...] = ()
    is_bodiless: bool = False


def door(**actions: Action) -> Callable[..., HttpResponseBase]:
    """Return the view of a URL, with an action for each method."""

    @csrf_exempt
    def view(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        admission: list[api_keys.Admission] = []
        try:
            response = _answer(actions, request, arguments, admission)
        except Exception as error:
            known = errors.known(error)
            if known is None:
                log.exception("blandapi.failed", path=request.path)
                known = Refused(500, "INTERNAL_ERROR", "Internal server error.")
            response = errors.answer(known)
        for one in admission:
            window = int(api_keys.WINDOW.total_seconds())
            response["RateLimit-Policy"] = f'"{one.of}";q={one.limit};w={window}'
            response["RateLimit"] = f'"{one.of}";r={one.remaining};t={one.reset_seconds}'
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    # The document describes them.
    view.actions = actions  # type: ignore[attr-defined]
    return view


def _answer(
    actions: dict[str, Action],
    request: HttpRequest,
    arguments: dict[str, Any],
    admission: list[api_keys.Admission],
) -> HttpResponseBase:
    key = api_keys.find(api_keys.secret_in(request.headers.get("Authorization", "")))
    if key is None:
        challenge = {"WWW-Authenticate": 'Bearer realm="Batch Calls"'}
        raise Refused(401, "AUTH_FAILURE", "Unauthorized", headers=challenge)
    request.auth = key  # type: ignore[attr-defined]
    admission.append(api_keys.admit(key))
    if (wait := admission[0].retry_after_seconds) is not None:
        text = f"Rate limit exceeded. Ask again in {wait} seconds."
        raise Refused(429, "RATE_LIMIT_EXCEEDED", text, headers={"Retry-After": str(wait)})
    method = "GET" if request.method == "HEAD" else str(request.method)
    action = actions.get(method)
    if action is None:
        allowed = {"Allow": ", ".join(actions)}
        raise Refused(405, "METHOD_NOT_ALLOWED", f"{method} is not possible.", headers=allowed)
    body = {} if method == "GET" else _body(request, action.lists)
    asked = Asked(http=request, key=key, body=body)
    if action.need is not None:
        action.need.require(key)
    query = query_of(request)
    request.GET = query  # type: ignore[assignment]
    name = request.headers.get(idempotency.HEADER, "") if action.once else ""
    try:
        if name:
            response: HttpResponseBase = _once(action.view, asked, name, arguments)
        else:
            response = action.view(asked, **arguments)
    except Http404 as error:
        raise errors.not_found("page") from error
    return _with_warnings(response, [*query.unread, *(body if action.is_bodiless else ())])


def _with_warnings(response: HttpResponseBase, unread: list[str]) -> HttpResponseBase:
    """Name what a request had and no one read, where the response is an object.

    Not an error, because the real service ignores it, and programs send what they do not need.
    """
    if not unread or not isinstance(response, JsonResponse):
        return response
    told = json.loads(response.content)
    if not isinstance(told, dict):
        return response
    told["warnings"] = [
        *told.get("warnings", ()),
        *(
            f"{clean_value(name)[:100]} was ignored: this request does not use it."
            for name in unread
        ),
    ]
    response.content = json.dumps(told).encode()
    return response


def _body(request: HttpRequest, lists: tuple[str, ...]) -> dict[str, Any]:
    """Parse a JSON object, whatever its content type. An empty body is an empty object."""
    try:
        value = json_lists.parse(request, lists=lists)  # type: ignore[arg-type]
    except json_lists.BodyEmpty:
        return {}
    except json_bodies.BodyTooLong as error:
        raise Refused(413, "BODY_TOO_LARGE", str(error)) from error
    except json_bodies.BodyUnreadable as error:
        # JSON under the content type of a form is accepted: curl sends it by default.
        if request.content_type in _FORMS:
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", _SEND_JSON) from error
        raise Refused(400, "INVALID_JSON", str(error)) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(400, "INVALID_JSON", "The body is not a JSON object.")
    return value


def _once(view: View, asked: Asked, name: str, arguments: dict[str, Any]) -> HttpResponseBase:
    """Handle a request with an ``Idempotency-Key``, or return the response from the first time."""
    said = json.dumps([asked.http.method, asked.http.get_full_path()])[:-1].encode()

    def work() -> idempotency.Answer:
        response = view(asked, **arguments)
        assert isinstance(response, HttpResponse)  # noqa: S101 - actions with `once` never stream
        return idempotency.Answer(status=response.status_code, body=response.content.decode())

    content = chain([said, b", "], json_lists.canonical(asked.body), [b"]"])
    answered = idempotency.once(asked.key, name, content, work)
    return HttpResponse(
        answered.body,
        status=answered.status,
        content_type="application/json",
        headers=answered.headers,
    )


@csrf_exempt
def unknown(request: HttpRequest) -> JsonResponse:
    """Return a 404 for an unknown URL."""
    text = f"There is nothing at {request.path[:200]}."
    return errors.answer(Refused(404, "NOT_FOUND", text))
