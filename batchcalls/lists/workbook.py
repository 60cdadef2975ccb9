"""Read a recipient list from a workbook (.xlsx): every cell as text, one row at a time.

Row numbers are those that a spreadsheet shows. The sheet is read as it is unpacked; the texts
that its cells share must be held in memory and have a size limit.

openpyxl interprets numbers. Its own read-only mode is not used: it remembers every formatted row
(half a gigabyte for an otherwise empty sheet), unpacks whole parts whatever their size, and
cannot distinguish an empty cell from a formula without a result.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from openpyxl.utils import column_index_from_string, get_column_letter

from batchcalls.lists.guessing import says_who_may_be_called
from batchcalls.lists.headers import clean_header, without_beyond
from batchcalls.lists.rows import (
    Limits,
    Row,
    RowProblem,
    from_row,
    looks_like_recipient,
    make_row,
    row_problem,
    without_header,
)
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.lists.workbook_cells import Cells
from batchcalls.lists.workbook_package import OLE, Package, refusing, unpack
from batchcalls.lists.workbook_sheet import (
    MAX_SHEET_COLUMNS,
    MAX_SHEET_ROWS,
    RawRow,
    SheetRows,
)

#: Bytes of a file that `is_workbook` needs.
HEAD_BYTES = len(OLE)
_PACKED = (b"PK\x03\x04", b"PK\x05\x06", OLE)


def is_workbook(head: bytes) -> bool:
    """Return whether a file's first bytes are those of a workbook, old or new."""
    return head.startswith(_PACKED)


@contextmanager
def open_workbook(
    stream: BinaryIO,
    *,
    sheet: str,
    limits: Limits,
    has_header: bool = True,
    header_row: int = 0,
    include_hidden: bool = False,
) -> Iterator[WorkbookReader]:
    """Open a visible sheet by name, or the first one; raise UnreadableList.

    ``header_row`` is the number of the header, or 0 for the first row with text. ``include_hidden``
    reads hidden rows and columns as if they were shown. The stream stays open. Iterating over the
    rows may raise UnreadableList too.
    """
    with refusing():
        archive = unpack(stream)
    with archive:
        yield WorkbookReader(
            archive,
            sheet,
            limits,
            has_header=has_header,
            header_row=header_row,
            include_hidden=include_hidden,
        )


class WorkbookReader:
    """The header of a sheet and its rows, which can be iterated over once."""

    def __init__(
        self,
        archive: zipfile.ZipFile,
        sheet: str,
        limits: Limits,
        *,
        has_header: bool,
        header_row: int,
        include_hidden: bool,
    ) -> None:
        self.limits = limits
        with refusing():
            package = Package(archive)
            sheets = package.sheets
            if not sheets:
                raise UnreadableList("no_sheet")
            wanted = sheet.strip().casefold()
            found = (name for name in sheets if not wanted or name.strip().casefold() == wanted)
            self.sheet, self.sheets = next(found, ""), list(sheets)
            if not self.sheet:
                raise UnreadableList("unknown_sheet", given=sheet, known=", ".join(sheets))
            self._cells = Cells(package)
            self._sheet = SheetRows(package, sheets[self.sheet])
            hidden = set() if include_hidden else set(self._sheet.hidden_columns)
            self.hidden_headers: list[str] = []
            if hidden:
                rows = SheetRows(package, sheets[self.sheet])
                header = next(self._headers(rows, header_row), {})
                hidden -= {at for at, text in header.items() if says_who_may_be_called(text)}
                self.hidden_headers = [text for at, text in header.items() if at in hidden]
        self._include_hidden = include_hidden
        self._columns = _Columns(hidden)
        self.header: list[str] = []
        self._rows = self._read_rows()
        if has_header:
            self.header_row, self.header = self._read_header(header_row)
        else:
            self.header_row = 0
            self._rows, self.header = without_header(self._rows)

    def __iter__(self) -> Iterator[Row]:
        width, left = len(self.header), self.limits.max_rows
        for row in self._rows:
            number, cells, problem = row
            if any(cells):
                left -= 1
                if left < 0:
                    raise UnreadableList("too_many_rows", limit=self.limits.max_rows)
            if len(cells) <= width:
                yield row
                continue
            beyond = next((at for at, text in enumerate(cells) if at >= width and text.strip()), 0)
            if beyond and not problem:
                problem = self._problem("cell_beyond_header", number, self._columns.shown[beyond])
            yield Row(number, cells[: self.limits.max_columns if beyond else width], problem)

    def hidden(self) -> tuple[int, int]:
        """Count the hidden rows and columns that are left out."""
        if self._include_hidden:
            return 0, 0
        with refusing():
            return self._sheet.count_hidden(), self._columns.hidden_before(len(self.header))

    def _headers(self, rows: Iterable[RawRow], first: int) -> Iterator[dict[int, str]]:
        """Yield the texts of each shown row by column, hidden columns included, until one has any.

        ``first`` is the first row to look at. A hidden column of opt-outs refuses all the same, so
        its header must be known.
        """
        columns, number = _Columns(set()), 0
        for raw in rows:
            number = int(raw.number or number + 1)
            if number < first:
                continue
            texts, column = {}, 0
            for cell in raw.cells:
                column = columns.number_of(cell.reference) or column + 1
                texts[column] = self._cells.read(cell)[0]
            if not raw.is_hidden and any(map(str.strip, texts.values())):
                yield texts

    def _read_header(self, header_row: int) -> tuple[int, list[str]]:
        for number, cells, problem in from_row(header_row, self._rows):
            if problem and problem.code == "hidden_row":
                continue
            if problem:
                raise UnreadableList("bad_header", row=number, why=problem.message)
            if looks_like_recipient(cells):
                break
            if any(map(clean_header, cells)):
                return number, without_beyond(cells)
        raise UnreadableList("no_header")

    def _read_rows(self) -> Iterator[Row]:
        """Yield every row up to the last one with text."""
        number = last = 0
        with refusing():
            for raw in self._sheet:
                given = int(raw.number or number + 1)
                if not number < given <= MAX_SHEET_ROWS:
                    raise UnreadableList("broken_workbook")
                number = given
                row = self._row(number, raw)
                if row.problem or any(map(str.strip, row.cells)):
                    if number > last + 1:
                        yield from (Row(blank, []) for blank in range(last + 1, number))
                    yield row
                    last = number

    def _row(self, number: int, raw: RawRow) -> Row:
        cells: list[str] = []
        problem, column, last = None, 0, self.limits.max_columns
        far = 0  # a cell beyond the last column; kept apart, or the row would need 16,384 cells
        for cell in raw.cells:
            column = self._columns.number_of(cell.reference) or column + 1
            if column > MAX_SHEET_COLUMNS:
                raise UnreadableList("broken_workbook")
            place = self._columns.places[column]
            if place is None:
                continue
            text, code = self._cells.read(cell)
            if code:
                problem = problem or self._problem(code, number, column, text=text[:20])
            if place < last and text:
                if place == len(cells):
                    cells.append(text)
                    continue
                cells += [""] * (place + 1 - len(cells))
                cells[place] = text
            elif text.strip():
                far = max(far, column)
        if far and not self.header:
            raise UnreadableList("too_many_columns", found=far, limit=last)
        if far:
            cells += [""] * (last - len(cells)) + ["…"]  # with only such a cell, not blank
            problem = problem or self._problem("cell_beyond_header", number, far)
        if sum(map(len, cells)) > (limit := self.limits.max_row_characters):
            problem = row_problem("row_too_long", limit=limit)
            cells = [text[:100] for text in cells]
        if raw.is_hidden and not self._include_hidden and any(map(str.strip, cells)):
            problem = row_problem("hidden_row")
        return make_row(number, cells, problem)

    def _problem(self, kind: str, row: int, column: int, *, text: str = "") -> RowProblem:
        letter = get_column_letter(column)
        last = get_column_letter(self._columns.shown[max(len(self.header) - 1, 0)])
        return row_problem(kind, cell=f"{letter}{row}", letter=letter, text=text, last=last)


class _Columns:
    """The columns of a sheet, numbered from 1, and their places in a row without hidden ones."""

    def __init__(self, hidden: set[int]) -> None:
        columns = range(1, MAX_SHEET_COLUMNS + 1)
        self.shown: Sequence[int] = columns
        self.places: Sequence[int | None] = range(-1, MAX_SHEET_COLUMNS)
        if hidden:
            self.shown = [one for one in columns if one not in hidden]
            places = {column: place for place, column in enumerate(self.shown)}
            self.places = [None, *map(places.get, columns)]
        self._numbers: dict[str, int] = {"": 0}

    def number_of(self, reference: str) -> int:
        """Return the number of the column in a reference such as B7, or 0 without one."""
        letters = reference.rstrip("0123456789")
        if letters not in self._numbers:
            self._numbers[letters] = column_index_from_string(letters)
        return self._numbers[letters]

    def hidden_before(self, width: int) -> int:
        """Count the hidden columns to the left of the last shown one of a row."""
        return self.shown[width - 1] - width
