"""The do-not-call list as a table."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from batchcalls.models import StoredList
from batchcalls.reporting.exports.tables import ROWS_AT_A_TIME, Cell, Table
from campaigns.models import Suppression

COLUMNS = ["e164", "reason", "source", "created_at"]


def do_not_call(listed: QuerySet[Suppression] | None = None) -> Table:
    """Return the numbers in ``listed``, or all numbers that must not be called, in order."""

    def rows() -> Iterator[list[Cell]]:
        last = ""
        found = Suppression.objects.all() if listed is None else listed
        numbers = found.order_by("e164").values_list(*COLUMNS)
        while chunk := list(numbers.filter(e164__gt=last)[:ROWS_AT_A_TIME]):
            for number, reason, source, created_at in chunk:
                yield [number, reason, source, created_at.isoformat(timespec="seconds")]
            last = chunk[-1][0]

    return Table(name="do not call", header=COLUMNS, rows=rows())


def not_taken_in(stored: StoredList) -> Table:
    """Return the rows of a do-not-call file that contain no number, with reasons."""

    def rows() -> Iterator[list[Cell]]:
        for part in stored.parts.exclude(problems=[]).order_by("number").iterator(chunk_size=100):
            yield from part.problems

    return Table(name="not taken in", header=["row", "number", "reason", "message"], rows=rows())
