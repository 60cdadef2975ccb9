"""Rows of a list and what can be wrong with their form, whatever kind of file they come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from batchcalls.lists.encodings import MARK
from batchcalls.lists.headers import clean_header
from batchcalls.lists.unreadable import UnreadableList

_SENTENCES = {
    "mismatched_quote": 'A quote (") opened in row {row} is not closed at the end of a cell, so '
    "it is not certain where the row ends. Close it, or double the quotes inside the cell.",
    "row_too_long": "The row has more than {limit:,} characters. Shorten its longest cell.",
    "nul_character": "The row holds a character that is not text (NUL, shown as ␀). Remove it.",
    "broken_character": "The row has bytes that do not fit the encoding of the file (shown as �). "
    "Type these characters again, and save the list as “CSV UTF-8”.",
    "too_many_cells": "The row has {found:,} cells, the header {width:,}. "
    "Put a cell that holds a {delimiter} in quotes.",
    "hidden_row": "The row is hidden in the workbook. Unhide it, or include hidden rows.",
    "error_cell": "Cell {cell} holds the error {text}. Correct or empty it in the workbook.",
    "formula_without_result": "Cell {cell} is a formula whose result is not in the file. "
    "Open the workbook in a spreadsheet program, let it calculate, and save it.",
    "cell_beyond_header": "Cell {cell} is filled, but the header ends at column {last}. "
    "Give column {letter} a name in the header, or empty the cell.",
}
#: Sentences for the same problem in different kinds of files.
_SAME_PROBLEM = {"cell_beyond_header": "too_many_cells"}
#: The codes of rows whose form is wrong.
ROW_FORM_CODES = frozenset(_SENTENCES) - set(_SAME_PROBLEM)

_NUMBER = re.compile(r"\s*\+?(?:[ ().-]*\d){10,15}\s*")
_NUMBERS_NAME = re.compile(r"phone|mobil|tel|cell|number|msisdn|e164", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Size limits of a list; blank rows are not counted."""

    max_rows: int = 1_000_000
    max_columns: int = 200
    max_row_characters: int = 100_000


@dataclass(frozen=True, slots=True)
class RowProblem:
    code: str
    message: str


class Row(NamedTuple):
    """One row below the header; a row with a problem must not be called."""

    number: int
    cells: list[str]
    problem: RowProblem | None = None


def row_problem(kind: str, **values: object) -> RowProblem:
    """Return the problem of a kind."""
    return RowProblem(_SAME_PROBLEM.get(kind, kind), _SENTENCES[kind].format(**values))


def make_row(number: int, cells: list[str], problem: RowProblem | None = None) -> Row:
    """Build a row that a database can store.

    NULs and bytes that do not fit the encoding become visible and are reported as a problem.
    """
    text = "".join(cells)
    for character, shown, kind in (("\0", "␀", "nul_character"), (MARK, "�", "broken_character")):
        if character in text:
            cells = [cell.replace(character, shown) for cell in cells]
            problem = problem or row_problem(kind)
    return Row(number, cells, problem)


def looks_like_recipient(cells: list[str]) -> bool:
    """Return whether a first row is a recipient, who would be lost if it became the header."""
    return any(map(_NUMBER.fullmatch, cells)) and not any(map(_NUMBERS_NAME.search, cells))


def from_row(number: int, rows: Iterator[Row]) -> Iterator[Row]:
    """Leave out the rows above the one that a person chose as the header; 0 leaves out none.

    Raise `UnreadableList` when that row has no text.
    """
    for row in rows:
        if row.number >= number:
            if number and not (row.number == number and any(map(clean_header, row.cells))):
                raise UnreadableList("no_header_row", row=number)
            return chain([row], rows)
    if number:
        raise UnreadableList("no_header_row", row=number)
    return rows


def without_header(rows: Iterator[Row]) -> tuple[Iterator[Row], list[str]]:
    """Return all rows of a list that has no header, and a blank name for each cell of the first.

    Raise `UnreadableList` when no row has text.
    """
    for row in rows:
        if any(map(clean_header, row.cells)):
            return chain([row], rows), [""] * len(row.cells)
    raise UnreadableList("empty_file")
