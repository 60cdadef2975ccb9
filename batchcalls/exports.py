"""Results as files: the original columns first, so that they join back to where they came from."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import TextIO

from batchcalls.importing import parts
from batchcalls.importing.headers import describe_headers
from batchcalls.models import Batch, CallResult, Recipient, StoredList

RESULT_COLUMNS = [
    "status",
    "disposition",
    "answered_by",
    "duration_seconds",
    "price",
    "summary",
    "call_id",
]
ROWS_AT_A_TIME = 2_000

# A plus or minus is harmless before what is only a number.
_runs_in_a_spreadsheet = re.compile(r"[=@\t\r]|[+-](?![\d\s().,-]*$)")


def neutralise(cell: str) -> str:
    """Return a cell that a spreadsheet shows and does not run.

    Source: OWASP, CSV injection. Numbers such as +12025550123 and -3.5 stay as they are.
    """
    return f"'{cell}" if _runs_in_a_spreadsheet.match(cell) else cell


def write_results(batch: Batch, out: TextIO) -> int:
    """Write each row of the batch's list with what became of it; return how many rows.

    The original cells come from the stored file, row by row, and are joined to the recipients by
    row number: neither is held in memory.
    """
    writer = csv.writer(out)
    results = _results(batch)
    written = 0
    header = batch.first_list.headers
    writer.writerow([*(neutralise(cell) for cell in header), *RESULT_COLUMNS])
    current = next(results, None)
    for row_number, cells in _original_rows(batch):
        found: list[str] = [""] * len(RESULT_COLUMNS)
        if current is not None and current[0] == row_number:
            found = current[1]
            current = next(results, None)
        writer.writerow([neutralise(cell) for cell in (*cells, *found)])
        written += 1
    return written


def _original_rows(batch: Batch) -> Iterator[tuple[int, list[str]]]:
    """Yield row number and cells of all rows, in the order of the first list's columns."""
    names = [header.name for header in describe_headers(batch.first_list.headers)]
    width = len(names)
    for stored in batch.lists.order_by("row_offset"):
        places = _places(names, stored)
        for row in parts.rows_of_list(stored):
            cells = row.cells + [""] * (len(stored.headers) - len(row.cells))
            if places is None:
                yield row.number + stored.row_offset, cells[:width]
            else:
                yield (
                    row.number + stored.row_offset,
                    ["" if place is None else cells[place] for place in places],
                )


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


def _results(batch: Batch) -> Iterator[tuple[int, list[str]]]:
    """Yield each row number with its result, in the order of the file."""
    last_row = 0
    while chunk := list(
        Recipient.objects.filter(batch=batch, row_number__gt=last_row)
        .order_by("row_number")
        .only("row_number", "status", "attempts")[:ROWS_AT_A_TIME]
    ):
        latest: dict[int, CallResult] = {
            call.recipient_id: call
            for call in CallResult.objects.filter(recipient__in=[one.pk for one in chunk])
            .order_by("attempt")
            .defer("transcript", "variables", "extracted")
        }
        for recipient in chunk:
            yield recipient.row_number, _result(recipient, latest.get(recipient.pk))
        last_row = chunk[-1].row_number


def _result(recipient: Recipient, call: CallResult | None) -> list[str]:
    if call is None:
        return [recipient.status, "", "", "", "", "", ""]
    return [
        recipient.status,
        call.disposition,
        call.answered_by,
        "" if call.duration_seconds is None else str(call.duration_seconds),
        "" if call.price is None else f"{call.price:f}",
        call.summary,
        str(call.call_id),
    ]
