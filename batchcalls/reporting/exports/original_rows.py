"""The rows of a batch's lists as they were uploaded."""

from __future__ import annotations

from collections.abc import Iterator

from batchcalls.intake import parts
from batchcalls.lists.headers import REJECTED_REASON, describe_headers
from batchcalls.models import Batch, StoredList

#: A header's name, and its index among columns of the same name.
Column = tuple[str, int]


class OriginalRows:
    """The rows of all lists, under the first list's columns, then those that only other lists have.

    ``header`` is as in the files, without the reasons in files of rejected rows.
    """

    def __init__(self, batch: Batch) -> None:
        self._lists = list(batch.lists.order_by("row_offset", "created_at"))
        found: dict[Column, str] = {}
        for stored in self._lists:
            for column, raw in zip(_columns(stored), stored.headers, strict=True):
                if column[0] != REJECTED_REASON:
                    found.setdefault(column, raw)
        self.header = list(found.values())
        self._columns = list(found)

    def __iter__(self) -> Iterator[tuple[int, list[str], list[str]]]:
        """Yield each row number, its cells, and its cells beyond the header of its list."""
        for stored in self._lists:
            own = {column: place for place, column in enumerate(_columns(stored))}
            places = [own.get(column) for column in self._columns]
            width = len(stored.headers)
            for row in parts.rows_of_list(stored):
                cells = row.cells + [""] * (width - len(row.cells))
                yield (
                    row.number + stored.row_offset,
                    ["" if place is None else cells[place] for place in places],
                    cells[width:],
                )


def _columns(stored: StoredList) -> list[Column]:
    times: dict[str, int] = {}
    columns = []
    for header in describe_headers(stored.headers):
        times[header.name] = times.get(header.name, 0) + 1
        columns.append((header.name, times[header.name]))
    return columns
