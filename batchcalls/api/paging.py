"""Cursor pagination, as in the back office's lists."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.reporting import keyset

DEFAULT_LIMIT, MOST = 50, 200
_DIRECTIONS = {"o": "older", "n": "newer"}


class CursorPages(BasePagination):
    """Returns ``limit`` rows from ``cursor`` on, in the view's ``order`` and direction.

    Rows are found by their keys, so the last page costs as much as the first.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the requested page. Raise `ValidationError` for an invalid parameter."""
        self.request = request
        order, ascending = view.arrangement(request)
        self.page = keyset.page_of(
            queryset,
            _place(queryset, request.query_params.get("cursor", ""), order),
            order=order,
            ascending=ascending,
            size=_limit(request.query_params.get("limit", "")),
        )
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        """Return the rows with the URLs of the next and previous pages."""
        return Response(
            {
                "next": self._address("o", self.page.older),
                "previous": self._address("n", self.page.newer),
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page in the OpenAPI document."""
        address = {"type": "string", "format": "uri", "nullable": True}
        onward = {
            **address,
            "description": "URL of the next page; null on the last.",
            "example": "https://calls.example.com/api/v1/calls?cursor=o.WzQyXQ",
        }
        back = {
            **address,
            "description": "URL of the previous page; null on the first.",
            "example": None,
        }
        return {
            "type": "object",
            "description": "A page of a list.",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": onward,
                "previous": back,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameters in the OpenAPI document."""
        size = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT}
        cursor = "Where to continue: the cursor from `next` or `previous`."
        found = [
            _parameter("cursor", cursor, {"type": "string"}),
            _parameter("limit", "Rows per page.", size),
        ]
        if view.orderings:
            orders = {"type": "string", "enum": view.ordering_names}
            found.append(_parameter("ordering", "Order of the rows; - is descending.", orders))
        return found

    def _address(self, direction: str, place: dict[str, str] | None) -> str | None:
        if not place:
            return None
        query = self.request.query_params.copy()
        query["cursor"] = f"{direction}.{place[_DIRECTIONS[direction]]}"
        return self.request.build_absolute_uri(f"{self.request.path}?{urlencode(_pairs(query))}")


def _pairs(query: Any) -> list[tuple[str, str]]:
    return [(name, value) for name, values in query.lists() for value in values]


def _place(rows: QuerySet[Any], cursor: str, order: tuple[str, ...]) -> dict[str, str]:
    """Parse a cursor. A truncated cursor must not return the first page again."""
    if not cursor:
        return {}
    kind, _, text = cursor.partition(".")
    if kind not in _DIRECTIONS or keyset.read_cursor(rows.model, text, order) is None:
        raise ValidationError({"cursor": "Invalid cursor. Use the one in next or previous."})
    return {_DIRECTIONS[kind]: text}


def _limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST:
        raise ValidationError({"limit": f"Write a whole number from 1 to {MOST}."})
    return int(text)


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}
