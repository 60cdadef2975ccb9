"""The row of an uploaded list that a recipient comes from."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchcalls.database import disks
from batchcalls.intake import parts
from batchcalls.lists.headers import describe_headers
from batchcalls.lists.mapping import ListMapping, Target
from batchcalls.models import Recipient, StoredList
from batchcalls.states import RecipientStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalRow:
    """Where a row was uploaded: the file, the number of the row in it, and some of its cells."""

    file_name: str
    number: int
    cells: list[tuple[str, str]] = field(default_factory=list)


def original_row(recipient: Recipient) -> OriginalRow | None:
    """Return where a row was uploaded, or None if its list is not stored.

    Skipped rows also have their cells, by header, since nothing else shows what was wrong. Columns
    of call settings are left out, because they may hold secrets.
    """
    lists = StoredList.objects.filter(
        batch=recipient.batch_id, row_offset__lt=recipient.row_number
    ).order_by("-row_offset", "-created_at")
    stored = lists.first()
    if stored is None:
        return None
    number = recipient.row_number - stored.row_offset
    is_skipped = recipient.status == RecipientStatus.SKIPPED
    cells = list(_cells(stored, number)) if is_skipped else []
    return OriginalRow(file_name=stored.file_name, number=number, cells=cells)


def _cells(stored: StoredList, number: int) -> list[tuple[str, str]]:
    """Return the headers and cells of a row, if the storage has them."""
    try:
        cells = _cells_in_parts(stored, number)
    except (disks.StorageAway, FileNotFoundError):
        return []
    names = [header.name for header in describe_headers(stored.headers)]
    names += [f"Column {place + 1}" for place in range(len(names), len(cells))]
    secret = {
        column.position
        for column in ListMapping.from_list(stored.mapping).columns
        if column.target == Target.CALL_SETTING
    }
    return [
        (name, cell)
        for place, (name, cell) in enumerate(zip(names, cells, strict=False))
        if place not in secret and cell
    ]


def _cells_in_parts(stored: StoredList, number: int) -> list[str]:
    """Read the one part that holds the row."""
    parts_of_list = stored.parts.order_by("number").only("file", "row_count")
    # Rows above the header are in no part.
    first = stored.split_through + 1 - sum(part.row_count for part in parts_of_list)
    for part in parts_of_list:
        if number < first + part.row_count:
            found = (row.cells for row in parts.rows_of(part) if row.number == number)
            return next(found, [])
        first += part.row_count
    kept = parts.rows_without_file(stored)
    return next((row.cells for row in kept if row.number == number), [])
