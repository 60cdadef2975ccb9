"""Filters of lists, the same as in the back office."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from batchcalls.reporting.filters.listing import ListFilter

#: Parameters that select the page.
PAGING = frozenset({"cursor", "limit"})


def check_parameters(request: Request, view: Any) -> None:
    """Raise `ValidationError` that names each query parameter that is unknown or repeated.

    Which of two values counts is not defined, so a client could get other rows than it expects.
    """
    filter_class: type[ListFilter] | None = view.filter_class
    known = set(view.own_parameters)
    if request.method in SAFE_METHODS and not view.detail:
        known |= PAGING | (set(filter_class.base_filters) if filter_class else set())
    errors: dict[str, Any] = {}
    for name, values in request.query_params.lists():
        if name not in known:
            errors[name] = [ErrorDetail("Unknown query parameter.", "unknown_parameter")]
        elif len(values) > 1:
            text = "This query parameter is repeated. Send it once."
            errors[name] = [ErrorDetail(text, "repeated_parameter")]
    if errors:
        raise ValidationError(errors)


class Narrowing(BaseFilterBackend):
    """Applies the view's ``filter_class``, and rejects unknown parameters and invalid values.

    Ignoring a parameter would return all rows, as if the client had not sent it.
    """

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        """Return the rows that match. Raise `ValidationError` that names each invalid parameter."""
        filter_class: type[ListFilter] | None = view.filter_class
        known = set(filter_class.base_filters) if filter_class else set()
        asked = request.query_params
        errors: dict[str, Any] = {
            name: [ErrorDetail("Unknown query parameter.", "unknown_parameter")]
            for name in sorted(set(asked) - known - PAGING - set(view.own_parameters))
        }
        if filter_class is None:
            if errors:
                raise ValidationError(errors)
            return queryset
        wanted = QueryDict(mutable=True)
        for name in known & set(asked):
            wanted.setlist(name, asked.getlist(name))
        narrowed = filter_class(wanted, queryset=queryset)
        for name, found in narrowed.form.errors.get_json_data().items():
            errors[name] = [ErrorDetail(one["message"], one["code"] or "invalid") for one in found]
        if errors:
            raise ValidationError(errors)
        rows: QuerySet[Any] = narrowed.qs
        return rows

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameters in the OpenAPI document."""
        if view.filter_class is None:
            return []
        return [
            {
                "name": name,
                "in": "query",
                "description": str(one.label or name),
                "schema": _schema_of(one),
            }
            for name, one in view.filter_class.base_filters.items()
        ]


_TYPES: tuple[tuple[Any, dict[str, Any]], ...] = (
    (django_filters.BooleanFilter, {"type": "boolean"}),
    (django_filters.NumberFilter, {"type": "integer", "minimum": 0}),
    (django_filters.DateFilter, {"type": "string", "format": "date"}),
    (django_filters.ModelChoiceFilter, {"type": "integer"}),
)


def _schema_of(one: Any) -> dict[str, Any]:
    if isinstance(one, django_filters.ChoiceFilter) and "choices" in one.extra:
        return {"type": "string", "enum": [str(value) for value, _ in one.extra["choices"]]}
    for kind, schema in _TYPES:
        if isinstance(one, kind):
            return dict(schema)
    return {"type": "string"}
