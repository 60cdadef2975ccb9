"""Results as files: the original columns first, so that they join back to where they came from."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import TextIO

from batchcalls.importing.dialect import Dialect
from batchcalls.importing.reader import open_list
from batchcalls.importing.runner import limits
from batchcalls.models import Batch, CallResult, Recipient

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
    with batch.open_file() as stream:
        dialect = Dialect(encoding=batch.encoding, delimiter=batch.delimiter)
        rows = open_list(stream, dialect, limits())
        width = len(rows.header)
        writer.writerow([*(neutralise(cell) for cell in rows.header), *RESULT_COLUMNS])
        current = next(results, None)
        for row in rows:
            cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
            found: list[str] = [""] * len(RESULT_COLUMNS)
            if current is not None and current[0] == row.number:
                found = current[1]
                current = next(results, None)
            writer.writerow([neutralise(cell) for cell in (*cells, *found)])
            written += 1
    return written


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
