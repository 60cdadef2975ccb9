"""Open an uploaded file of any kind as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from django.conf import settings

from batchcalls.lists.dialect import Dialect, detect
from batchcalls.lists.headers import REJECTED_REASON
from batchcalls.lists.phone_headers import is_phone
from batchcalls.lists.reader import ListReader, open_list
from batchcalls.lists.rows import Limits, Row
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.lists.workbook import (
    HEAD_BYTES,
    WorkbookReader,
    is_workbook,
    open_workbook,
)
from batchcalls.models import StoredList
from campaigns.spreadsheet_cells import restore


def limits() -> Limits:
    """Return the limits of a list, from the settings."""
    return Limits(
        max_rows=settings.MAX_ROWS,
        max_columns=settings.MAX_COLUMNS,
        max_row_characters=settings.MAX_ROW_CHARACTERS,
    )


@contextmanager
def open_table(stored: StoredList, stream: BinaryIO) -> Iterator[ListReader | WorkbookReader]:
    """Open a list with the file format detected at upload; raise `UnreadableList`."""
    if stored.sheet:
        with open_workbook(
            stream,
            sheet=stored.sheet,
            limits=limits(),
            has_header=stored.has_header,
            header_row=header_row_of(stored),
            include_hidden=stored.include_hidden,
        ) as sheet:
            yield sheet
        return
    dialect = Dialect(encoding=stored.encoding, delimiter=stored.delimiter)
    yield open_list(
        stream,
        dialect,
        limits(),
        has_header=stored.has_header,
        header_row=header_row_of(stored),
    )


def header_row_of(stored: StoredList) -> int:
    """Return the number of the row that a person chose as the header, or 0."""
    return int(stored.format_details.get("header_row", 0))


def rows_as_uploaded(stored: StoredList, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of our own file of rejected rows as they were in the file before it.

    Restore the cells that it neutralized, and remove the reasons, so that blank rows are blank. The
    rows of any other file stay unchanged.
    """
    if not _is_rejected_file(stored, stored.headers):
        yield from rows
        return
    reason = list(map(str.strip, stored.headers)).index(REJECTED_REASON)
    for row in rows:
        cells = list(map(restore, row.cells))
        cells[reason : reason + 1] = [""]
        yield row._replace(cells=cells)


def header_as_uploaded(stored: StoredList, header: Sequence[str]) -> list[str]:
    """Return the header of a list, restored like `rows_as_uploaded`."""
    return list(map(restore, header) if _is_rejected_file(stored, header) else header)


def _is_rejected_file(stored: StoredList, header: Sequence[str]) -> bool:
    return not stored.sheet and REJECTED_REASON in map(str.strip, header)


def understand(
    stored: StoredList,
    stream: BinaryIO,
    *,
    encoding: str,
    delimiter: str,
    sheet: str,
    header_row: int,
    include_hidden: bool,
) -> None:
    """Store the file format on a list: as chosen by a person, else as detected.

    A blank argument, or 0, means "detect". Raises `UnreadableList`.
    """
    chosen = {"header_row": header_row} if header_row else {}
    stream.seek(0)
    if is_workbook(stream.read(HEAD_BYTES)):
        stored.include_hidden = include_hidden
        with open_workbook(
            stream,
            sheet=sheet,
            limits=limits(),
            header_row=header_row,
            include_hidden=include_hidden,
        ) as workbook:
            stored.sheet = workbook.sheet
            rows, columns = workbook.hidden()
            stored.format_details = {
                "sheets": workbook.sheets,
                "hidden_rows": rows,
                "hidden_columns": columns,
                "hidden_phones": [text for text in workbook.hidden_headers if is_phone(text)],
                **chosen,
            }
        return
    if sheet:
        raise UnreadableList("no_workbook", given=sheet)
    dialect = detect(stream, encoding=encoding or None, delimiter=delimiter or None)
    stored.encoding, stored.delimiter = dialect.encoding, dialect.delimiter
    stored.format_details = {
        "certainty": str(dialect.certainty),
        "other_encoding": dialect.other_encoding,
        **chosen,
    }
