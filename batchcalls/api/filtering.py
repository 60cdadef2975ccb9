"""Filters of lists, the same as in the back office."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet, UUIDField
from django.http import QueryDict
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from batchcalls.api.filters import DEPRECATED, InstantFilter
from batchcalls.reporting.filters.listing import ListFilter
from batchcalls.reporting.filters.several import MOST_VALUES, BatchIdFilter, ChoicesFilter

#: Parameters that select the page.
PAGING = frozenset({"cursor", "limit"})


def check_parameters(request: Request, view: Any) -> None:
    """Raise `ValidationError` that names each query parameter that is unknown, repeated, or blank.

    Which of two values counts is not defined, so a client could get other rows than it expects.
    """
    filter_class: type[ListFilter] | None = view.filter_class
    known = set(view.own_parameters.get(view.action, ()))
    filters: set[str] = set()
    if request.method in SAFE_METHODS and not view.detail:
        filters = set(filter_class.base_filters) if filter_class else filters
        known |= PAGING | filters | ({"ordering"} if view.orderings else set())
    errors: dict[str, Any] = {}
    for name, values in request.query_params.lists():
        if name not in known:
            errors[name] = [ErrorDetail("Unknown query parameter.", "unknown_parameter")]
        elif len(values) > 1:
            text = (
                "This query parameter is repeated. Send it once, and commas between several values."
            )
            errors[name] = [ErrorDetail(text, "repeated_parameter")]
        elif name in filters and not values[0].strip():
            # Ignoring it would return all rows.
            text = "This query parameter is blank. Send a value, or leave it out."
            errors[name] = [ErrorDetail(text, "blank_parameter")]
    if errors:
        raise ValidationError(errors)


class Narrowing(BaseFilterBackend):
    """Applies the view's ``filter_class``, and rejects invalid values."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        """Return the rows that match. Raise `ValidationError` that names each invalid parameter."""
        filter_class: type[ListFilter] | None = view.filter_class
        if filter_class is None:
            return queryset
        wanted = QueryDict(mutable=True)
        for name in set(filter_class.base_filters) & set(request.query_params):
            wanted[name] = request.query_params[name]
        narrowed = filter_class(wanted, queryset=queryset)
        errors = {
            name: [ErrorDetail(one["message"], one["code"] or "invalid") for one in found]
            for name, found in narrowed.form.errors.get_json_data().items()
        }
        if errors:
            raise ValidationError(errors)
        rows: QuerySet[Any] = narrowed.qs
        return rows

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameters in the OpenAPI document."""
        if view.filter_class is None:
            return []
        return [_parameter(*one) for one in view.filter_class.base_filters.items()]


def _parameter(name: str, one: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "in": "query",
        "description": str(one.label or name),
        "schema": _schema_of(one),
    }
    if isinstance(one, ChoicesFilter | BatchIdFilter):
        found |= {"style": "form", "explode": False}
        found["description"] += " (several with commas between them)"
    if instead := DEPRECATED.get(name):
        found |= {"deprecated": True}
        found["description"] = f"A day. Use {instead}, which takes a time."
    return found


_TYPES: tuple[tuple[Any, dict[str, Any]], ...] = (
    (django_filters.BooleanFilter, {"type": "boolean"}),
    (django_filters.NumberFilter, {"type": "integer", "minimum": 0}),
    (django_filters.DateFilter, {"type": "string", "format": "date"}),
    (InstantFilter, {"type": "string", "format": "date-time"}),
    (BatchIdFilter, {"type": "string", "format": "uuid"}),
)


def _schema_of(one: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "string", "minLength": 1}
    if isinstance(one, django_filters.ModelChoiceFilter):
        is_uuid = isinstance(one.extra["queryset"].model._meta.pk, UUIDField)
        found = {"type": "string", "format": "uuid"} if is_uuid else {"type": "integer"}
    elif "choices" in one.extra:
        choices = one.extra["choices"]
        options = choices() if callable(choices) else choices
        found = {"type": "string", "enum": [str(value) for value, _ in options]}
    else:
        found = next((dict(schema) for kind, schema in _TYPES if isinstance(one, kind)), found)
    if isinstance(one, ChoicesFilter | BatchIdFilter):
        return {"type": "array", "items": found, "minItems": 1, "maxItems": MOST_VALUES}
    return found
