"""The OpenAPI 3 document, from the routes, their views, and the registry of call settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.urls import URLPattern

from batchcalls.access.idempotency import HEADER
from batchcalls.blandapi.docs import answers, schemas
from batchcalls.blandapi.docs.operations import OPERATIONS, TAGS, Operation
from batchcalls.blandapi.docs.schemas import Schema, ref
from batchcalls.blandapi.views import Action

EXAMPLES_FILE = Path(__file__).with_name("examples.json")
_DESCRIPTION = """Programs that were written for Bland AI change only the address and the key.
[From Bland AI to here](/api/docs/from-bland/) says what is the same and what differs. New programs
should use [`/api/v1/`](/api/docs/).

A key is created in the back office under *API keys*, and is sent in `Authorization`, bare or as
`Bearer KEY`."""
_KEY = "apiKey"
_ID = re.compile(r"<(?:str:)?(\w+)>")
_MEANINGS = {
    400: "The request is invalid.",
    401: "No usable API key was sent.",
    403: "The key lacks the scope, or its owner the permission.",
    404: "Nothing has that ID.",
    409: "Not possible in the current state.",
    413: "The body is too large.",
    415: "The body is a form. Send JSON.",
    422: "The Idempotency-Key was used for another request.",
    429: "Too many requests with this key.",
}


@cache
def document() -> dict[str, Any]:
    """Return the document; its server is the site that serves it."""
    # Its routes are those of the views above this package.
    from batchcalls.blandapi.urls import urlpatterns  # noqa: PLC0415

    components = {**schemas.requests(), **answers.responses()}
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Batch Calls: Bland-compatible API",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "url": "https://opensource.org/license/mit"},
            "contact": {"name": "The administrators of this site"},
        },
        "servers": [{"url": "/", "description": "This site"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": {
            path_of(route): dict(_methods(route)) for route in urlpatterns if actions_of(route)
        },
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                _KEY: {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "An API key, bare or as `Bearer KEY`.",
                }
            },
        },
    }


def actions_of(route: URLPattern) -> dict[str, Action]:
    """Return the actions of a route by method; the route of unknown URLs has none."""
    found: dict[str, Action] = getattr(route.callback, "actions", {})
    return found


def path_of(route: URLPattern) -> str:
    """Return the path of a route as OpenAPI writes it."""
    return "/" + _ID.sub(r"{\1}", str(route.pattern))


def key_of(action: Action) -> str:
    """Return the key of an action in `OPERATIONS`."""
    module = action.view.__module__.rsplit(".", 1)[-1]
    return f"{module}.{action.view.__name__.lstrip('_')}"


def _methods(route: URLPattern) -> Iterator[tuple[str, dict[str, Any]]]:
    for method, action in actions_of(route).items():
        yield method.lower(), _operation(method, path_of(route), action)


def _operation(method: str, path: str, action: Action) -> dict[str, Any]:
    told = OPERATIONS[key_of(action)]
    scope = action.need.scope if action.need else None
    needed = f" Needs the scope `{scope.value}`." if scope else ""
    words = re.findall(r"\w+", path)
    return {
        "operationId": "_".join([method.lower(), *words]),
        "tags": [told.tag],
        "summary": told.summary,
        "description": told.description + needed,
        "security": [{_KEY: []}],
        "parameters": [
            *_in_path(path),
            *(
                _parameter(name, "query", text, schema)
                for name, (text, schema) in (told.query or {}).items()
            ),
            *([_IDEMPOTENCY_KEY] if action.once else []),
        ],
        **_body(told, key_of(action)),
        "responses": {
            **_answers(told, key_of(action)),
            **{
                str(status): {
                    "description": _MEANINGS[status],
                    "content": {"application/json": {"schema": ref("Refusal")}},
                }
                for status in sorted(_refusals(method, path, action, told))
            },
        },
    }


def _parameter(name: str, place: str, description: str, schema: Schema) -> dict[str, Any]:
    needed = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "description": description, "schema": schema, **needed}


_IDEMPOTENCY_KEY = _parameter(
    HEADER,
    "header",
    "Your own key for this request. Requests with the same key within 24 hours are carried out "
    "once and get the same response.",
    {"type": "string"},
)


def _in_path(path: str) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", path):
        yield _parameter(name, "path", f"ID of the {name[:-3]}.", {"type": "string"})


def _body(told: Operation, key: str) -> dict[str, Any]:
    if not told.body:
        return {}
    content = {"schema": ref(told.body), **_example(key, "request")}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def _answers(told: Operation, key: str) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if told.answer:
        content["application/json"] = {"schema": ref(told.answer), **_example(key, "response")}
    sound = {"audio/*": {"schema": {"type": "string", "format": "binary"}}} if told.sound else {}
    found = {"200": {"description": "Done.", "content": {**content, **sound}}}
    if told.sound:
        found["206"] = {"description": "The requested part.", "content": sound}
    return found


def _refusals(method: str, path: str, action: Action, told: Operation) -> set[int]:
    found = {400, 401, 403, 429, *told.refusals}
    found |= {404} if "{" in path else set()
    found |= {413, 415} if method == "POST" else set()
    return found | ({409, 422} if action.once else set())


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Return recorded requests and responses by operation; see the test of this document."""
    found: dict[str, dict[str, Any]] = json.loads(EXAMPLES_FILE.read_text("utf-8"))
    return found


def _example(key: str, side: str) -> dict[str, Any]:
    recorded = examples().get(key, {})
    return {"examples": {side.title(): {"value": recorded[side]}}} if side in recorded else {}
