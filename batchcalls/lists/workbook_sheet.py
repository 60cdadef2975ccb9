"""The rows of a sheet and the texts that cells share, as they are unpacked.

A parser that builds no elements: a workbook of a million cells is read in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from batchcalls.lists.workbook_package import Package, PartHandlers

MAX_SHEET_ROWS, MAX_SHEET_COLUMNS = 1_048_576, 16_384

_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*\shidden=[\"'](?:1|true)[\"'][^>]*[^/>]>")
_TRUE = {"1", "true"}


class RawCell(NamedTuple):
    """A cell as it is in the file. ``value`` is "" for an empty or missing one."""

    reference: str
    kind: str
    style: str
    value: str
    inline: str
    has_formula: bool


class RawRow(NamedTuple):
    """A row as it is in the file. ``number`` is "" where it follows from the row before."""

    number: str
    is_hidden: bool
    cells: list[RawCell]


class _Texts(PartHandlers):
    """Collects the text of each item, without pronunciation hints (rPh)."""

    unit = 2

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._pieces: list[str] = []
        self._is_hint = False

    def open(self, name: str, attributes: dict[str, str]) -> None:
        if name == "rPh":
            self._is_hint = True
        elif name == "t":
            self.pieces = None if self._is_hint else self._pieces

    def close(self, name: str) -> None:
        if name == "t":
            self.pieces = None
        elif name == "rPh":
            self._is_hint = False
        elif name == "si":
            self.texts.append("".join(self._pieces))
            self._pieces.clear()


class _Sheet(PartHandlers):
    """Collects the rows of a sheet, and its hidden columns, which come before them."""

    unit = 3

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[RawRow] = []
        self.hidden_columns: set[int] = set()
        self._row: dict[str, str] = {}
        self._cells: list[RawCell] = []
        self._cell: dict[str, str] | None = None
        self._value: list[str] = []
        self._inline: list[str] = []
        self._is_in_data = self._is_hint = self._has_formula = False

    def open(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            if self._is_in_data and self.depth == 4:
                self._cell = attributes
        elif name == "v":
            self.pieces = self._value
        elif name == "t":
            self.pieces = None if self._is_hint else self._inline
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._row = attributes
        elif name == "rPh":
            self._is_hint = True
        elif name == "sheetData":
            self._is_in_data = self.depth == 2
        elif name == "col" and attributes.get("hidden") in _TRUE:
            last = min(int(attributes["max"]), MAX_SHEET_COLUMNS)
            self.hidden_columns.update(range(int(attributes["min"]), last + 1))

    def close(self, name: str) -> None:
        if name in {"v", "t"}:
            self.pieces = None
        elif name == "c":
            self._end_cell()
        elif name == "rPh":
            self._is_hint = False
        elif name == "row" and self._is_in_data:
            row, self._row = self._row, {}
            self.rows.append(RawRow(row.get("r", ""), row.get("hidden") in _TRUE, self._cells))
            self._cells = []
        elif name == "sheetData" and self._is_in_data:
            self.is_done = True

    def _end_cell(self) -> None:
        if self._cell is not None:
            cell, self._cell = self._cell, None
            self._cells.append(
                RawCell(
                    cell.get("r", ""),
                    cell.get("t", "n"),
                    cell.get("s", ""),
                    "".join(self._value),
                    "".join(self._inline),
                    self._has_formula,
                )
            )
        self._value.clear()
        self._inline.clear()
        self._has_formula = False


class SheetRows:
    """The rows of a sheet, which can be iterated over once."""

    def __init__(self, package: Package, path: str) -> None:
        self._package, self._path = package, path
        self._sheet = _Sheet()
        self._parsing = package.parse(path, self._sheet)
        for _ in self._parsing:
            if self._sheet.rows:
                break
        self.hidden_columns = self._sheet.hidden_columns

    def __iter__(self) -> Iterator[RawRow]:
        rows, self._sheet.rows = self._sheet.rows, []
        yield from rows
        for _ in self._parsing:
            rows, self._sheet.rows = self._sheet.rows, []
            yield from rows
        yield from self._sheet.rows

    def count_hidden(self) -> int:
        """Count the hidden rows of the whole sheet that have cells, without parsing it."""
        found, rest = 0, b""
        for block in self._package.blocks(self._path):
            rest += block
            end = rest.rfind(b">") + 1
            found += len(_HIDDEN_ROW.findall(rest, 0, end))
            rest = rest[end:][-4096:]
        return found


def shared_texts(package: Package, path: str) -> list[str]:
    """Return the texts that cells share."""
    texts = _Texts()
    for _ in package.parse(path, texts):
        pass
    return texts.texts
