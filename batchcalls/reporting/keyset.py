"""Pages of long lists that cost the same at row 900,000 as at row 1.

A page is found by the values of the row before it, never by counting rows (OFFSET). The URL has
``older=<cursor>``, ``newer=<cursor>`` or ``at=oldest``. Without them it is the newest page.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

ModelT = TypeVar("ModelT", bound=Model)
#: The URL parameters that select the page.
PARAMETERS = frozenset({"older", "newer", "at"})
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[ModelT]):
    """Rows, newest first, and the query parameters of the adjacent pages (None without one).

    With ``ascending`` the order is reversed, and "newest" still means the first page.
    """

    rows: list[ModelT]
    newest: dict[str, str] | None
    newer: dict[str, str] | None
    older: dict[str, str] | None
    oldest: dict[str, str] | None
    ascending: bool = False


def page_of(
    rows: QuerySet[ModelT],
    query: Mapping[str, str],
    *,
    order: Sequence[str] = ("pk",),
    ascending: bool = False,
    size: int = PAGE_SIZE,
    by_key: bool = False,
) -> Page[ModelT]:
    """Return one page of rows, in descending order of fields, the last of which is unique.

    With ``by_key``, URLs have only the key of the row, and its other values are looked up: for
    values that may not be in URLs, such as phone numbers.

    ``query`` has the parameters of the URL. An unreadable cursor was truncated or made up,
    and gives the newest page. ``ascending`` reverses the whole order.
    """
    in_url = order[-1:] if by_key else order
    older, newer = (read_cursor(rows.model, query.get(name), in_url) for name in ("older", "newer"))
    if by_key:
        older, newer = (_values_of(rows.model, key, order) for key in (older, newer))
    onward = list(order) if ascending else [f"-{name}" for name in order]
    backward = [f"-{name}" for name in order] if ascending else list(order)
    after, before = ("gt", "lt") if ascending else ("lt", "gt")
    if newer is not None:
        found = _take(rows, _beyond(order, newer, before), backward, size)
        more_newer, more_older = len(found) > size, True
        found = found[:size][::-1]
    elif query.get("at") == "oldest":
        found = _take(rows, Q(), backward, size)
        more_newer, more_older = len(found) > size, False
        found = found[:size][::-1]
    else:
        condition = _beyond(order, older, after) if older is not None else Q()
        found = _take(rows, condition, onward, size)
        more_newer, more_older = older is not None, len(found) > size
        found = found[:size]
    return Page(
        rows=found,
        newest={} if more_newer else None,
        newer={"newer": _write(found[0], in_url)} if more_newer and found else None,
        older={"older": _write(found[-1], in_url)} if more_older and found else None,
        oldest={"at": "oldest"} if more_older and found else None,
        ascending=ascending,
    )


def neighbors_of(
    row: Model, rows: QuerySet[Any], *, order: Sequence[str], ascending: bool = False
) -> tuple[Any, Any]:
    """Return the keys of the rows before and after a row in a list in that order."""
    values = [getattr(row, name) for name in order]
    onward = list(order) if ascending else [f"-{name}" for name in order]
    backward = [f"-{name}" for name in order] if ascending else list(order)
    after, before = ("gt", "lt") if ascending else ("lt", "gt")
    found = [
        rows.filter(_beyond(order, values, direction))
        .order_by(*ordering)
        .values_list("pk", flat=True)
        .first()
        for direction, ordering in ((before, backward), (after, onward))
    ]
    return found[0], found[1]


def _values_of(model: type[Model], key: list[Any] | None, order: Sequence[str]) -> list[Any] | None:
    """Look up the values of a row by its key. None if there is no such row."""
    if key is None:
        return None
    found = model._default_manager.filter(pk=key[0]).values_list(*order).first()
    return None if found is None else list(found)


def _take(rows: QuerySet[ModelT], condition: Q, order: Sequence[str], size: int) -> list[ModelT]:
    """Return a page, and one more row if there is one.

    First select the keys from an index alone, and only then read the rows. Otherwise, some
    databases weigh the cost of whole rows against their order, and scan a million wrong rows.
    """
    keys = rows.filter(condition).order_by(*order).values("pk")[: size + 1]
    return list(rows.filter(pk__in=keys).order_by(*order))


def _beyond(order: Sequence[str], values: Sequence[Any], direction: str) -> Q:
    """Return the condition for rows beyond those values, in a form that an index serves.

    For two fields: a <= x and (a < x or b < y). The first part is the range that is read.
    """
    name, value = order[0], values[0]
    if len(order) == 1:
        return Q(**{f"{name}__{direction}": value})
    rest = _beyond(order[1:], values[1:], direction)
    return Q(**{f"{name}__{direction}e": value}) & (Q(**{f"{name}__{direction}": value}) | rest)


def _write(row: Model, order: Sequence[str]) -> str:
    values = [getattr(row, name) for name in order]
    plain = [value.isoformat() if hasattr(value, "isoformat") else value for value in values]
    text = json.dumps([value if isinstance(value, int) else str(value) for value in plain])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(model: type[Model], cursor: str | None, order: Sequence[str]) -> list[Any] | None:
    if not cursor:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or len(values) != len(order):
        return None
    try:
        return [
            _field(model, name).to_python(value) for name, value in zip(order, values, strict=True)
        ]
    except (ValidationError, TypeError, ValueError, OverflowError):
        return None


def _field(model: type[Model], name: str) -> Any:
    return model._meta.pk if name == "pk" else model._meta.get_field(name)
