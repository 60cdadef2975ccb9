"""The rows of a batch's lists as they were uploaded."""

from __future__ import annotations

from collections.abc import Iterator

from batchcalls.importing import parts
from batchcalls.importing.headers import describe_headers
from batchcalls.models import Batch, StoredList


def original_rows(batch: Batch) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield row number, cells and surplus cells of all rows.

    The cells stand in the order of the first list's columns, whatever list a row is from; surplus
    are those that a row has beyond the header of its own list.
    """
    names = [header.name for header in describe_headers(batch.first_list.headers)]
    width = len(names)
    for stored in batch.lists.order_by("row_offset"):
        places = _places(names, stored)
        own_width = len(stored.headers)
        for row in parts.rows_of_list(stored):
            cells = row.cells + [""] * (own_width - len(row.cells))
            surplus = cells[own_width:]
            number = row.number + stored.row_offset
            if places is None:
                yield number, cells[:width], surplus
            else:
                yield number, ["" if at is None else cells[at] for at in places], surplus


def _places(names: list[str], stored: StoredList) -> list[int | None] | None:
    """Return where a list has each of these columns; None when it has just them, in this order.

    A header that repeats is matched in its order.
    """
    own = [header.name for header in describe_headers(stored.headers)]
    if own == names:
        return None
    left: dict[str, list[int]] = {}
    for place, name in enumerate(own):
        left.setdefault(name, []).append(place)
    return [left[name].pop(0) if left.get(name) else None for name in names]
