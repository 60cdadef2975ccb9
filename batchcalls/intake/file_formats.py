"""How a list was read, for people and programs, and how else it could be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from batchcalls.database.disks import StorageAway
from batchcalls.lists.dialect import DELIMITERS, Dialect
from batchcalls.lists.encodings import Certainty
from batchcalls.lists.phone_headers import names_phone, rank_of
from batchcalls.lists.reader import open_list
from batchcalls.lists.rows import Row
from batchcalls.lists.tables import limits
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import StoredList

#: Rows that are compared in two encodings, and values that are shown.
_ROWS_COMPARED, _VALUES_SHOWN, _CHARACTERS_SHOWN = 5_000, 6, 60
#: Values in a sentence.
_VALUES_QUOTED = _HEADERS_QUOTED = 3


@dataclass(frozen=True, slots=True)
class EncodingChoice:
    """An encoding of a list, and values as they are in it."""

    encoding: str
    values: list[str]


def describe(stored: StoredList) -> str:
    """Return the file format in words."""
    details = stored.format_details
    if not stored.sheet:
        delimiter = DELIMITERS.get(stored.delimiter, stored.delimiter)
        guessed = " (unclear)" if is_unsure(stored) else ""
        return f"{stored.encoding}{guessed}, separated by {delimiter}"
    sheets = len(details.get("sheets", []))
    text = f"workbook, sheet “{stored.sheet}”"
    if sheets > 1:
        text += f" (of {sheets})"
    if hidden := describe_hidden(stored):
        text += f", {hidden} skipped"
    return text


def describe_hidden(stored: StoredList) -> str:
    """Return what is hidden in a workbook and left out, such as “3 hidden rows”."""
    counts = (
        (stored.format_details.get("hidden_rows", 0), "row"),
        (stored.format_details.get("hidden_columns", 0), "column"),
    )
    return " and ".join(
        f"{count:,} hidden {noun}{'' if count == 1 else 's'}" for count, noun in counts if count
    )


def where_phones_may_be(stored: StoredList) -> str:
    """Return what to do about a list without a phone column, as far as its file tells, or ""."""
    details = stored.format_details
    if phones := details.get("hidden_phones"):
        be = "is" if len(phones) == 1 else "are"
        return (
            f"{', '.join(f'“{name}”' for name in phones)} {be} hidden in the workbook. Include "
            "hidden rows and columns (--include-hidden, include_hidden in the API), or unhide the "
            "column and upload the workbook again."
        )
    if likely := details.get("likely_header"):
        number, names = likely["row"], ", ".join(likely["cells"])
        return (
            f"Row {number} looks like the header ({names}). Choose it as the header row "
            f"(--header-row {number}, header_row in the API), or delete the rows above it."
        )
    return ""


def likely_header(header: Sequence[str], first_rows: Iterable[Row]) -> dict[str, Any] | None:
    """Return the row below a header without a phone column that looks more like a header.

    Its number, and its first cells.
    """
    if any(rank_of(name) is not None for name in header):
        return None
    found = next((row for row in first_rows if names_phone(row.cells)), None)
    if found is None:
        return None
    cells = [cell.strip()[:_CHARACTERS_SHOWN] for cell in found.cells if cell.strip()]
    return {"row": found.number, "cells": cells[:_HEADERS_QUOTED]}


def is_unsure(stored: StoredList) -> bool:
    """Return whether a person should choose the encoding."""
    return bool(stored.format_details.get("certainty") == Certainty.UNSURE)


def as_json(stored: StoredList) -> dict[str, Any]:
    """Return the file format for programs. What does not apply to the kind of file is null."""
    is_workbook, details = bool(stored.sheet), stored.format_details
    return {
        "file_name": stored.file_name,
        "encoding": None if is_workbook else stored.encoding,
        "delimiter": None if is_workbook else stored.delimiter,
        "certainty": None if is_workbook else details.get("certainty", Certainty.CERTAIN.value),
        "other_encoding": details.get("other_encoding") or None,
        "sheet": stored.sheet or None,
        "sheets": details.get("sheets", []),
        "include_hidden": stored.include_hidden,
        "hidden_rows": details.get("hidden_rows", 0),
        "hidden_columns": details.get("hidden_columns", 0),
    }


def is_risky(stored: StoredList) -> bool:
    """Return whether wrong text may be spoken, so that no one may be called before a person looks.

    In UTF-8, the rows that do not fit are skipped.
    """
    return is_unsure(stored) and stored.encoding != "utf-8"


def encoding_choices(stored: StoredList) -> list[EncodingChoice]:
    """Return the two likeliest encodings with the first values that differ in them.

    Empty for a list whose encoding is clear, and while its file cannot be read.
    """
    if not is_unsure(stored):
        return []
    try:
        with stored.open_file() as stream:
            return _choices(stored, stream)
    except (UnreadableList, StorageAway, FileNotFoundError):
        return []


def why_risky(stored: StoredList, stream: BinaryIO | None = None) -> str:
    """Return a sentence with both readings of a list whose encoding is unclear.

    ``stream`` holds the file of a list that is not stored.
    """
    choices = _choices(stored, stream) if stream else encoding_choices(stored)
    readings = (
        f"{one.encoding} it says {', '.join(f'“{value}”' for value in one.values[:_VALUES_QUOTED])}"
        for one in choices
    )
    return f"The encoding of {stored.file_name} is unclear. " + (
        f"In {', in '.join(readings)}. Choose the encoding that spells the words correctly."
        if choices
        else "Choose it."
    )


def _choices(stored: StoredList, stream: BinaryIO) -> list[EncodingChoice]:
    encodings = list(filter(None, (stored.encoding, stored.format_details["other_encoding"])))
    tables = [_first_cells(stored, stream, encoding) for encoding in encodings]
    differing = [
        cells for cells in zip(*tables, strict=False) if len(set(cells)) > 1 or len(cells) == 1
    ]
    shown = list(dict.fromkeys(cells for cells in differing if not cells[0].isascii()))
    return [
        EncodingChoice(
            encoding, [cells[place][:_CHARACTERS_SHOWN] for cells in shown[:_VALUES_SHOWN]]
        )
        for place, encoding in enumerate(encodings)
    ]


def _first_cells(stored: StoredList, stream: BinaryIO, encoding: str) -> list[str]:
    dialect = Dialect(encoding=encoding, delimiter=stored.delimiter)
    table = open_list(stream, dialect, limits())
    rows = [table.header, *(row.cells for row in islice(table, _ROWS_COMPARED))]
    width = len(table.header)
    return [cell for row in rows for cell in [*row, *[""] * width][:width]]
