"""Tables as CSV and as workbooks, row by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from batchcalls.reporting.exports.tables import Cell, Table
from campaigns.spreadsheet_cells import neutralise

#: Limits of a workbook. Source: Microsoft, Excel specifications and limits.
MAX_SHEET_ROWS, MAX_CELL_CHARACTERS = 1_048_576, 32_767
#: Everything else is allowed. Source: XML 1.0, production 2 (Char).
_XML_FORBIDS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CUT = "… (cut here; the CSV file has all of it)"
_BLOCK = 1 << 16


class TooManyRows(Exception):
    """The table is too long for a sheet."""


def csv_blocks(table: Table, *, bom: bool = False) -> Iterator[bytes]:
    """Return the blocks of a table as CSV in UTF-8, with an optional byte-order mark for Excel.

    Cells that a spreadsheet would run as formulas are neutralized. Raise the errors of the first
    block, such as `disks.StorageAway`, before anything is sent.
    """
    blocks = _csv_blocks(table, bom=bom)
    return chain([next(blocks)], blocks)


def _csv_blocks(table: Table, *, bom: bool) -> Iterator[bytes]:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    if bom:
        out.write("\ufeff")
    writer.writerow(map(neutralise, table.header))
    for row in table.rows:
        writer.writerow([neutralise(_text(cell)) for cell in row])
        if out.tell() > _BLOCK:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def write_xlsx(table: Table, out: BinaryIO, *, between: Callable[[], None] = lambda: None) -> int:
    """Write a table as a workbook of one sheet. Return the number of rows below the header.

    Texts are stored as texts, which no spreadsheet runs; characters that XML forbids become U+FFFD,
    or no program would open the file. ``between`` is called periodically. Raise
    `TooManyRows`.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(table.name[:31])

    def shown(cell: Cell) -> object:
        if not isinstance(cell, str):
            return cell
        text = _XML_FORBIDS.sub("\ufffd", cell)
        if len(text) > MAX_CELL_CHARACTERS:
            text = text[: MAX_CELL_CHARACTERS - len(_CUT)] + _CUT
        if not text.startswith("="):
            return text
        formula = WriteOnlyCell(sheet, value=text)
        formula.data_type = "s"
        return formula

    rows = 0
    try:
        sheet.append([shown(cell) for cell in table.header])
        for rows, row in enumerate(table.rows, 1):
            if rows >= MAX_SHEET_ROWS:
                raise TooManyRows(
                    f"A sheet holds {MAX_SHEET_ROWS - 1:,} rows below its header. "
                    "Take the CSV file."
                )
            sheet.append([shown(cell) for cell in row])
            if rows % 1_000 == 0:
                between()
    except BaseException:
        sheet.close()
        raise
    book.save(out)
    return rows


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return "" if cell is None else f"{cell:f}" if not isinstance(cell, int) else str(cell)
