"""The rows of a sheet and the texts that cells share, as they are unpacked.

A parser that builds no elements: a workbook of a million cells is read in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from batchcalls.lists.workbook_package import MAX_DEPTH, Package, PartHandlers, too_deep

MAX_SHEET_ROWS, MAX_SHEET_COLUMNS = 1_048_576, 16_384

_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*\shidden=[\"'](?:1|true)[\"'](?:[^>]*[^/>])?>")
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

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._text = ""
        self._is_hint = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1  # not by super(): it is done for every cell
        if self.depth > MAX_DEPTH:
            raise too_deep()
        name = self.local_names[name]
        if name == "t":
            self.pieces.clear()
        elif name == "rPh":
            self._is_hint = True

    def end(self, name: str) -> None:
        self.depth -= 1
        name = self.local_names[name]
        if name == "t" and not self._is_hint:
            self._text += "".join(self.pieces)
        elif name == "si":
            self.texts.append(self._text)
            self._text, self.size = "", 0
        elif name == "rPh":
            self._is_hint = False


class _Sheet(PartHandlers):
    """Collects the rows of a sheet, and its hidden columns, which come before them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[RawRow] = []
        self.hidden_columns: set[int] = set()
        self._row: dict[str, str] = {}
        self._cells: list[RawCell] = []
        self._cell: dict[str, str] = {}
        self._value = self._inline = ""
        self._is_in_data = self._is_hint = self._has_formula = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1  # not by super(): it is done for every cell
        if self.depth > MAX_DEPTH:
            raise too_deep()
        name = self.local_names[name]
        if name == "c":
            self._cell, self._value, self._inline = attributes, "", ""
            self._has_formula = False
        elif name in {"v", "t"}:
            self.pieces.clear()
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._row, self._cells = attributes, []
        elif name == "rPh":
            self._is_hint = True
        elif name == "sheetData":
            self._is_in_data = True
        elif name == "col" and attributes.get("hidden") in _TRUE:
            last = min(int(attributes["max"]), MAX_SHEET_COLUMNS)
            self.hidden_columns.update(range(int(attributes["min"]), last + 1))

    def end(self, name: str) -> None:
        self.depth -= 1
        name = self.local_names[name]
        if name == "v":
            self._value = "".join(self.pieces)
        elif name == "t" and not self._is_hint:
            self._inline += "".join(self.pieces)
        elif name == "c":
            get = self._cell.get
            # An empty cell matters only where the place of the next one follows from it.
            if self._value or self._inline or self._has_formula or "r" not in self._cell:
                place, kind, style = get("r", ""), get("t", "n"), get("s", "")
                self._cells.append(
                    RawCell(place, kind, style, self._value, self._inline, self._has_formula)
                )
        elif name == "row" and self._is_in_data:
            self.size = 0
            is_hidden = self._row.get("hidden") in _TRUE
            self.rows.append(RawRow(self._row.get("r", ""), is_hidden, self._cells))
        elif name == "rPh":
            self._is_hint = False
        elif name == "sheetData":
            self.is_done, self._is_in_data = True, False


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
