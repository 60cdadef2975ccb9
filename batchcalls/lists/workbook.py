"""Read a recipient list from a workbook (.xlsx): every cell as text, one row at a time.

Row numbers are those that a spreadsheet shows. The sheet is read as it is unpacked; the texts
that its cells share must be held in memory and have a size limit.

openpyxl interprets numbers. Its own read-only mode is not used: it remembers every formatted row
(half a gigabyte for an otherwise empty sheet), unpacks whole parts whatever their size, and
cannot distinguish an empty cell from a formula without a result.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from xml.etree.ElementTree import Element

from openpyxl.utils import column_index_from_string, get_column_letter

from batchcalls.lists.headers import clean_header
from batchcalls.lists.rows import (
    Limits,
    Row,
    RowProblem,
    looks_like_recipient,
    make_row,
    row_problem,
)
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.lists.workbook_cells import Cells
from batchcalls.lists.workbook_package import OLE, Package, local_name, refusing, unpack

MAX_SHEET_ROWS, MAX_SHEET_COLUMNS = 1_048_576, 16_384

#: Bytes of a file that `is_workbook` needs.
HEAD_BYTES = len(OLE)
_PACKED = (b"PK\x03\x04", b"PK\x05\x06", OLE)
_SENTENCES = {
    "error_cell": "Cell {cell} holds the error {text}. Correct or empty it in the workbook.",
    "formula_without_result": "Cell {cell} is a formula whose result is not in the file. "
    "Open the workbook in a spreadsheet program, let it calculate, and save it.",
    "too_many_cells": "Cell {cell} is filled, but the header ends at column {last}. "
    "Give column {letter} a name in the header, or empty the cell.",
}


def is_workbook(head: bytes) -> bool:
    """Return whether a file's first bytes are those of a workbook, old or new."""
    return head.startswith(_PACKED)


@contextmanager
def open_workbook(stream: BinaryIO, *, sheet: str, limits: Limits) -> Iterator[WorkbookReader]:
    """Open a visible sheet by name, or the first one; raise UnreadableList.

    The stream stays open. Iterating over the rows may raise UnreadableList too.
    """
    with refusing():
        archive = unpack(stream)
    with archive:
        yield WorkbookReader(archive, sheet, limits)


class WorkbookReader:
    """The header of a sheet and its rows, which can be iterated over once."""

    def __init__(self, archive: zipfile.ZipFile, sheet: str, limits: Limits) -> None:
        self.limits = limits
        with refusing():
            self._package = Package(archive)
            sheets = self._package.sheets
            if not sheets:
                raise UnreadableList("no_sheet")
            wanted = sheet.strip().casefold()
            found = (name for name in sheets if not wanted or name.strip().casefold() == wanted)
            self.sheet = next(found, "")
            if not self.sheet:
                raise UnreadableList("unknown_sheet", given=sheet, known=", ".join(sheets))
            self._cells = Cells(self._package)
        self.header: list[str] = []
        self._rows = self._read_rows(sheets[self.sheet])
        self.header_row, self.header = self._read_header()

    def __iter__(self) -> Iterator[Row]:
        width, left = len(self.header), self.limits.max_rows
        for row in self._rows:
            number, cells, problem = row
            if any(cells):
                left -= 1
                if left < 0:
                    raise UnreadableList("too_many_rows", limit=self.limits.max_rows)
            beyond = next((at for at, text in enumerate(cells) if at >= width and text.strip()), 0)
            if beyond and not problem:
                last = get_column_letter(width)
                problem = _problem("too_many_cells", number, beyond + 1, last=last)
            yield Row(number, cells[: self.limits.max_columns if beyond else width], problem)

    def _read_header(self) -> tuple[int, list[str]]:
        for number, cells, problem in self._rows:
            if problem:
                raise UnreadableList("bad_header", row=number, why=problem.message)
            if looks_like_recipient(cells):
                break
            if any(map(clean_header, cells)):
                return number, cells
        raise UnreadableList("no_header")

    def _read_rows(self, path: str) -> Iterator[Row]:
        """Yield every row up to the last one with text."""
        number = last = 0
        with refusing():
            for section, element in self._package.items(path, until="sheetData"):
                if section != "sheetData" or local_name(element) != "row":
                    continue
                given = int(element.get("r") or number + 1)
                if not number < given <= MAX_SHEET_ROWS:
                    raise UnreadableList("broken_workbook")
                number = given
                row = self._row(number, element)
                if row.problem or any(map(str.strip, row.cells)):
                    yield from (Row(blank, []) for blank in range(last + 1, number))
                    yield row
                    last = number

    def _row(self, number: int, element: Element) -> Row:
        cells: list[str] = []
        problem, column, last = None, 0, self.limits.max_columns
        far = 0  # a cell beyond the last column; kept apart, or the row would need 16,384 cells
        for cell in element:
            if local_name(cell) != "c":
                continue
            place = cell.get("r", "").rstrip("0123456789")
            column = column_index_from_string(place) if place else column + 1
            if column > MAX_SHEET_COLUMNS:
                raise UnreadableList("broken_workbook")
            text, code = self._cells.read(cell)
            if code:
                problem = problem or _problem(code, number, column, text=text[:20])
            if column <= last and text:
                cells += [""] * (column - len(cells))
                cells[column - 1] = text
            elif text.strip():
                far = max(far, column)
        if far and not self.header:
            raise UnreadableList("too_many_columns", found=far, limit=last)
        if far:
            cells += [""] * (last - len(cells)) + ["…"]  # with only such a cell, not blank
            end = get_column_letter(len(self.header))
            problem = problem or _problem("too_many_cells", number, far, last=end)
        if sum(map(len, cells)) > (limit := self.limits.max_row_characters):
            problem = row_problem("row_too_long", limit=limit)
            cells = [text[:100] for text in cells]
        return make_row(number, cells, problem)


def _problem(code: str, row: int, column: int, **values: object) -> RowProblem:
    letter = get_column_letter(column)
    sentence = _SENTENCES[code].format(cell=f"{letter}{row}", letter=letter, **values)
    return RowProblem(code, sentence)
