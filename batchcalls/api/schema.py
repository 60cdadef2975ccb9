"""The OpenAPI description of operations: parameters, responses and errors."""

from __future__ import annotations

import inspect
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from batchcalls.access.idempotency import HEADER
from batchcalls.access.problem_details import MEDIA_TYPE
from batchcalls.api import conditions, descriptions
from batchcalls.api.examples import examples_of
from batchcalls.api.problems import ProblemDetails

_SUMMARIES = {
    "list": "List {many}",
    "retrieve": "Get {a_one}",
    "create": "Create {a_one}",
    "partial_update": "Change {a_one}",
    "destroy": "Delete {a_one}",
}
#: What the general actions do. The others, and resources that differ, say it in their docstrings.
_DESCRIPTIONS = {
    "retrieve": "Returns one {one} by its ID.",
    "partial_update": "Changes only the members that are sent.",
    "destroy": "Deletes {a_one} for good.",
}
_MEANINGS = {
    200: "Done.",
    201: "Created; see `Location`.",
    202: "Accepted; processed in the background.",
    204: "Deleted.",
    206: "The requested part.",
    416: "The requested part does not exist.",
    400: "The request is invalid.",
    401: "No usable API key was sent.",
    403: "The key lacks the scope, or its owner the permission.",
    404: "Nothing has that ID.",
    406: "No acceptable media type is available.",
    409: "Not possible in the current state.",
    412: "This was changed since the response with that ETag; nothing was done.",
    413: "The body is too large.",
    415: "This media type is not supported here.",
    422: "The request cannot be carried out, or its Idempotency-Key was used for another one.",
    503: "The stored files cannot be reached at the moment.",
    507: "A disk of the server is full; nothing was stored.",
    502: "The voice provider did not answer properly.",
    429: "Too many requests with this key.",
}
_IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Your own key for this request. Requests with the same key within 24 hours are "
    "carried out once and get the same response.",
)
_IF_MATCH = OpenApiParameter(
    conditions.HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of the row as you read it. If its contents were changed since, nothing "
    "is done and the response is 412.",
)
_ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description="The state of the row, for `If-Match` and `If-None-Match`.",
)
#: Modules whose methods have no resource of their own: the table's name describes those.
_GENERAL = frozenset({"rest_framework.mixins", "batchcalls.api.views"})


class ApiSchema(AutoSchema):
    """Derives an operation from its view. ``problems`` of the view adds statuses to its actions."""

    view: Any

    @property
    def _action(self) -> str:
        return str(getattr(self.view, "action", "") or "")

    @property
    def _doc(self) -> str:
        """Return the method's docstring, or nothing for a method that many resources share."""
        method = getattr(self.view, self._action, None)
        is_general = method is None or method.__module__ in _GENERAL
        return "" if is_general else inspect.cleandoc(method.__doc__ or "")

    def get_operation_id(self) -> str:
        """Name the operation by resource and action, as in ``batches_pause``."""
        names = [one.replace("-", "_") for one in self._tokenize_path()]
        resource = "_".join(names if self._action in _SUMMARIES else self._resource(names))
        return f"{resource}_{self._action}"

    def _resource(self, names: list[str]) -> list[str]:
        last = self.path.rstrip("/").rsplit("/", 1)[-1]
        is_of_action = len(names) > 1 and not last.startswith("{")
        return names[:-1] if is_of_action else names

    def get_summary(self) -> str | None:
        """Return the summary of the operation in one line."""
        if self._doc:
            return self._doc.splitlines()[0].rstrip(".")
        return self._filled_in(_SUMMARIES[self._action])

    def get_description(self) -> str:  # type: ignore[override]
        """Return the description of the operation, without its summary."""
        if self._doc:
            return "\n".join(self._doc.splitlines()[1:]).strip()
        if text := _DESCRIPTIONS.get(self._action):
            return self._filled_in(text)
        return inspect.cleandoc(self.view.__doc__ or "")

    def _filled_in(self, text: str) -> str:
        """Fill the nouns of the resource into a sentence."""
        options = self.view.queryset.model._meta
        one, many = self.view.nouns or (options.verbose_name, options.verbose_name_plural)
        return text.format(one=one, many=many, a_one=descriptions.with_article(one))

    def _resolve_path_parameters(self, variables: Any) -> list[Any]:
        """Describe the IDs in the URL: those of other resources have their names."""
        found: list[Any] = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for parameter in found:
            text = descriptions.of_path(parameter["name"], self.view.queryset.model)
            parameter.setdefault("description", text)
        return found

    def _get_serializer_field_meta(self, field: Any, direction: Any) -> dict[str, Any]:
        """Describe the fields that say the same in every table, unless they have a help text."""
        meta: dict[str, Any] = super()._get_serializer_field_meta(field, direction)  # type: ignore[no-untyped-call]
        text = "" if "description" in meta else descriptions.of_field(field)
        return {**meta, "description": text} if text else meta

    def get_examples(self) -> list[OpenApiExample]:
        """Return the examples of the request and the response."""
        return examples_of(self.get_operation_id())

    def get_override_parameters(self) -> list[Any]:
        """Add the headers of operations that can be repeated, or depend on an ETag."""
        headers = {
            _IDEMPOTENCY_KEY: self._is_once,
            _IF_MATCH: self._action in self.view.conditional,
            _ETAG: self._action in self.view.tagged,
        }
        return [header for header, has in headers.items() if has]

    @property
    def _is_once(self) -> bool:
        return getattr(getattr(self.view, self._action, None), "is_once", False)

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        reference = self.resolve_serializer(ProblemDetails, "response").ref
        for code, told in bodies.items():
            told["description"] = told["description"] or _MEANINGS[int(code)]
        for status in sorted(self._problems()):
            bodies.setdefault(
                str(status),
                {
                    "description": _MEANINGS[status],
                    "content": {MEDIA_TYPE: {"schema": reference}},
                },
            )
        return bodies

    def _problems(self) -> set[int]:
        found = {400, 401, 403, 406, 429, *getattr(self.view, "problems", {}).get(self._action, ())}
        if "{" in self.path:
            found.add(404)
        if self.method in {"POST", "PATCH", "PUT"}:
            found |= {413, 415}
        if self._is_once:
            found.add(422)
        if self._action in self.view.conditional:
            found.add(412)
        return found
