"""What every address here does first: whose key is it, may it, how often, and what is in the body.

Only a key opens anything; cookies of the back office are not looked at, so nothing can be forged
across sites, and no header lets other sites' scripts in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from batchcalls.access import api_keys, idempotency, json_bodies
from batchcalls.access.permissions import Need
from batchcalls.blandapi import errors
from batchcalls.blandapi.errors import Refused
from batchcalls.models import ApiKey

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request by a key that may make it; ``body`` is a JSON object, empty without one."""

    http: HttpRequest
    key: ApiKey
    body: dict[str, Any]

    @property
    def actor(self) -> User:
        """The person for whom the key acts."""
        return self.key.owner


View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a method does at an address: the view, and what it asks for; None: any key will do.

    ``once``: it may be sent again under the same ``Idempotency-Key``.
    """

    view: View
    need: Need | None
    once: bool = False


def door(**actions: Action) -> Callable[..., HttpResponseBase]:
    """Return the view of an address, from what each method does there."""

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
            response["RateLimit-Policy"] = f'"key";q={one.limit};w={window}'
            response["RateLimit"] = f'"key";r={one.remaining};t={one.reset_seconds}'
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

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
    admission.append(api_keys.admit(key))
    if (wait := admission[0].retry_after_seconds) is not None:
        text = f"Rate limit exceeded. Ask again in {wait} seconds."
        raise Refused(429, "RATE_LIMIT_EXCEEDED", text, headers={"Retry-After": str(wait)})
    method = "GET" if request.method == "HEAD" else str(request.method)
    action = actions.get(method)
    if action is None:
        allowed = {"Allow": ", ".join(actions)}
        raise Refused(405, "METHOD_NOT_ALLOWED", f"{method} is not possible.", headers=allowed)
    body = {} if method == "GET" else _body(request)
    asked = Asked(http=request, key=key, body=body)
    if action.need is not None:
        action.need.require(key)
    name = request.headers.get(idempotency.HEADER, "") if action.once else ""
    try:
        if name:
            return _once(action.view, asked, name, arguments)
        return action.view(asked, **arguments)
    except Http404 as error:
        raise errors.not_found("page") from error


def _body(request: HttpRequest) -> dict[str, Any]:
    """Read a JSON object, whatever the client calls its type; an empty body is an empty one."""
    raw = request.read(settings.MAX_API_BYTES + 1)
    if not raw.strip():
        return {}
    try:
        value = json_bodies.parse(raw)
    except json_bodies.BodyTooLong as error:
        raise Refused(413, "BODY_TOO_LARGE", str(error)) from error
    except json_bodies.BodyUnreadable as error:
        raise Refused(400, "INVALID_JSON", str(error)) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(400, "INVALID_JSON", "The body is not a JSON object.")
    return value


def _once(view: View, asked: Asked, name: str, arguments: dict[str, Any]) -> HttpResponseBase:
    """Do the work of a request that has a name, or return what was answered when it was done."""
    said = [asked.http.method, asked.http.get_full_path(), asked.body]

    def work() -> idempotency.Answer:
        response = view(asked, **arguments)
        assert isinstance(response, HttpResponse)  # noqa: S101 - nothing that is made is streamed
        return idempotency.Answer(status=response.status_code, body=response.content.decode())

    content = json.dumps(said, sort_keys=True).encode()
    answered = idempotency.once(asked.key, name, [content], work)
    return HttpResponse(
        answered.body,
        status=answered.status,
        content_type="application/json",
        headers=answered.headers,
    )


@csrf_exempt
def unknown(request: HttpRequest) -> JsonResponse:
    """Answer for an address that there is not."""
    text = f"There is nothing at {request.path[:200]}."
    return errors.answer(Refused(404, "NOT_FOUND", text))
