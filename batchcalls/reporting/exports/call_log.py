"""The call log as a table: all calls that match a filter of the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, cast

from django.db.models import QuerySet
from django.http import QueryDict

from batchcalls.database import clock
from batchcalls.models import CallResult
from batchcalls.models.call_fields import CallField, Kind, Place, fields_of
from batchcalls.reporting.exports.tables import ROWS_AT_A_TIME, Cell, Table
from batchcalls.reporting.filters.calls import CallFilter

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class UnknownFilter(Exception):
    """A filter that the export cannot apply. Ignoring it would export more calls than requested."""


def matching(query: str) -> QuerySet[CallResult]:
    """Return the calls that the page shows for a query string. Raise `UnknownFilter`."""
    narrowed = CallFilter(QueryDict(query), queryset=CallResult.objects.all())
    if narrowed.unknown:
        name = narrowed.unknown[0]
        raise UnknownFilter(f"The log cannot be exported by “{name}”. Remove that filter.")
    if not narrowed.is_valid():
        name, errors = next(iter(narrowed.form.errors.items()))
        shown = ", ".join(narrowed.data.getlist(name)).replace("\0", "␀")
        raise UnknownFilter(f"“{shown}” cannot be looked for in {name}: {errors[0]}")
    rows: QuerySet[CallResult] = narrowed.qs
    return rows


def fields_for(user: User | None) -> list[CallField]:
    """Return the fields that a person may export. Without a person, those that need no right."""
    return [
        one
        for one in fields_of(Place.EXPORT)
        if not one.permission or (user is not None and user.has_perm(one.permission))
    ]


def call_log(calls: QuerySet[CallResult], fields: Collection[CallField]) -> Table:
    """Return calls with these fields, newest first."""

    row = cells_of(fields)

    def rows() -> Iterator[list[Cell]]:
        page = calls.select_related("batch__campaign", "recipient").order_by("-pk")
        found = list(page[:ROWS_AT_A_TIME])
        while found:
            yield from map(row, found)
            found = list(page.filter(pk__lt=found[-1].pk)[:ROWS_AT_A_TIME])

    return Table(name="call log", header=[one.name_in(Place.EXPORT) for one in fields], rows=rows())


def cells_of(fields: Collection[CallField]) -> Callable[[CallResult], list[Cell]]:
    """Return the function that turns a call into the cells of an export's row."""
    writers = [(one.value_of, _CELLS.get(one.kind, _text)) for one in fields]
    return lambda call: [write(value_of(call)) for value_of, write in writers]


def _same(value: Any) -> Cell:
    return cast("Cell", value)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


_CELLS: dict[Kind, Callable[[Any], Cell]] = {
    **dict.fromkeys([Kind.NUMBER, Kind.SECONDS, Kind.MONEY], _same),
    Kind.TIME: lambda value: clock.text_of(value) if value else "",
    Kind.JSON: lambda value: json.dumps(value, ensure_ascii=False) if value else "",
    Kind.TRANSCRIPT: lambda turns: "\n".join(f"{one['speaker']}: {one['text']}" for one in turns),
}
