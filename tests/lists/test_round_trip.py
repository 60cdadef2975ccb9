"""Whatever table is written, the same table is read: cell for cell, row for row."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import TYPE_STRING

from batchcalls.intake import parts
from batchcalls.lists import reader
from batchcalls.lists.dialect import BOMS, DELIMITERS, Dialect, detect
from batchcalls.lists.reader import open_list
from batchcalls.lists.rows import Limits, Row, RowProblem
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.lists.workbook import open_workbook
from tests.lists.lists import DEFAULTS, read

#: How a person names the encoding, how the bytes are made, which mark stands before them.
ENCODINGS = {
    "utf-8": ("utf-8", b""),
    "utf-8-sig": ("utf-8", codecs.BOM_UTF8),
    "utf-16": ("utf-16-le", codecs.BOM_UTF16_LE),
    "UTF-16": ("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-16-le": ("utf-16-le", b""),
    "utf-16-be": ("utf-16-be", b""),
    "cp1252": ("cp1252", b""),
}
NO_TEXT = ("Cs", "Cc")
WESTERN = bytes([*range(0x20, 0x7F), 0x80, 0x85, *range(0x91, 0x98), *range(0xA0, 0x100)])
#: What readers of CSV stumble over; the last ones are line ends for Python, not for CSV.
SPECIAL = st.sampled_from(" ,;|\t\"'\r\n\v\f\x1b")
LINES_OF_PYTHON = st.sampled_from("\x85\u2028\u2029")

Table = list[list[str]]


def letters(name: str) -> st.SearchStrategy[str]:
    if name == "cp1252":
        return st.sampled_from(WESTERN.decode(name)) | SPECIAL
    return st.characters(exclude_categories=NO_TEXT) | SPECIAL | LINES_OF_PYTHON


@st.composite
def headers(draw: st.DrawFn, chars: st.SearchStrategy[str], *, at_least: int = 1) -> list[str]:
    """Distinct printable names that are not blank; one is phone_number."""
    name = st.text(chars, min_size=1, max_size=8).filter(
        lambda text: text.isprintable() and text.strip() and text != "phone_number"
    )
    others = st.lists(name, min_size=at_least - 1, max_size=4, unique=True)
    return draw(others.flatmap(lambda found: st.permutations(["phone_number", *found])))


@st.composite
def tables(draw: st.DrawFn, name: str) -> Table:
    """A header and rows, of which none has more cells, and some have fewer."""
    chars = letters(name)
    header = draw(headers(chars))
    row = st.lists(st.text(chars, max_size=10), max_size=len(header))
    return [header, *draw(st.lists(row, max_size=6))]


def written(table: Table, delimiter: str, line_end: str, *, quote_all: bool = False) -> str:
    """Write a table as the csv module does.

    It leaves cells with a CR or LF bare where lines do not end in it, which no reader can mend:
    such a table is written with all cells quoted.
    """
    breaks = any(char in cell for row in table for cell in row for char in "\r\n")
    quoting: int = csv.QUOTE_ALL if quote_all or breaks else csv.QUOTE_MINIMAL
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(table)
    return out.getvalue()


def numbered(table: Table) -> tuple[list[str], list[Row]]:
    return table[0], [Row(number, cells) for number, cells in enumerate(table[1:], 2)]


#: Encodings that give themselves away, whatever the text says.
UNICODE = [name for name in ENCODINGS if name != "cp1252"]
DIALECTS = {
    "delimiter": st.sampled_from(list(DELIMITERS)),
    "line_end": st.sampled_from(["\r\n", "\n", "\r"]),
    "quote_all": st.booleans(),
}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(list(ENCODINGS)), *DIALECTS.values())
def test_a_table_comes_back_when_encoding_and_delimiter_are_given(
    data: st.DataObject, name: str, delimiter: str, line_end: str, quote_all: bool
) -> None:
    table = data.draw(tables(name))
    encoding, mark = ENCODINGS[name]
    saved = written(table, delimiter, line_end, quote_all=quote_all).encode(encoding)
    # A list without a mark may begin with characters whose bytes are one: ÿþ in Windows-1252.
    assume(mark or not saved.startswith(tuple(bom for bom, _ in BOMS)))
    assert read(mark + saved, encoding=name, delimiter=delimiter) == numbered(table)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data(), st.sampled_from(UNICODE), *DIALECTS.values())
def test_a_table_comes_back_by_detection_where_its_shape_leaves_no_doubt(
    data: st.DataObject, name: str, delimiter: str, line_end: str, quote_all: bool
) -> None:
    """Two columns or more, all rows as long as the header, no cell with another delimiter."""
    others = "".join(DELIMITERS).replace(delimiter, "")
    encoding, mark = ENCODINGS[name]
    chars = letters(name)
    if name in {"utf-16-le", "utf-16-be"}:
        chars = st.characters(min_codepoint=0xA0, max_codepoint=0xFF) | st.sampled_from("aZ09 \"'")
    chars = (chars | st.just(delimiter)).filter(lambda char: char not in others)
    header = data.draw(headers(chars, at_least=2))
    row = st.lists(st.text(chars, max_size=10), min_size=len(header), max_size=len(header))
    table = [header, *data.draw(st.lists(row, max_size=6))]
    saved = mark + written(table, delimiter, line_end, quote_all=quote_all).encode(encoding)

    stream = io.BytesIO(saved)
    assert Dialect(encoding=encoding, delimiter=delimiter) == detect(stream)
    assert read(saved) == numbered(table)


#: With the pieces that decide where a row ends, and whether it is flawless.
PIECES = st.sampled_from(
    [
        "a",
        "+12025550123",
        *",,",
        '"',
        '""',
        '"a\nb"',
        '"x, y"',
        *("\n", "\r\n", "\r", "\0", "\udcff"),
    ]
)


@pytest.mark.one_database
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=60), st.sampled_from([1, 7, 50]), st.sampled_from([12, 1000]))
def test_lines_that_are_read_together_are_the_rows_of_lines_read_one_by_one(
    monkeypatch: pytest.MonkeyPatch, pieces: list[str], block: int, longest: int
) -> None:
    content = f"phone,x\n{''.join(pieces)}".encode(errors="surrogateescape")

    def outcome() -> list[object]:
        found: list[object] = []
        try:
            table = open_list(
                io.BytesIO(content),
                Dialect(encoding="utf-8", delimiter=","),
                Limits(max_row_characters=longest),
            )
            found.extend([table.header, *table])
        except UnreadableList as error:
            found.append(str(error))
        return found

    monkeypatch.setattr(reader, "_BLOCK_CHARACTERS", block)
    together = outcome()
    with monkeypatch.context() as patched:
        patched.setattr(reader._Lines, "next_block", lambda lines: [])
        assert outcome() == together


PROBLEMS = st.none() | st.builds(RowProblem, st.text(max_size=9), st.text(max_size=30))
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=10)
ROWS = st.builds(Row, st.integers(1, 10**7), st.lists(TEXT, max_size=5), PROBLEMS)


@given(st.lists(ROWS, min_size=1))
def test_rows_come_back_from_the_lines_of_a_part(rows: list[Row]) -> None:
    encoded = parts.encode(rows)
    assert encoded.count(b"\n") == len(rows)
    assert [json.loads(line)[:2] for line in encoded.split(b"\n")[:-1]] == [
        [row.number, row.cells] for row in rows
    ]
    assert list(parts.decode(io.BytesIO(encoded))) == rows


#: XML holds no control characters but these, no surrogates, not U+FFFE and U+FFFF; of line ends
#: it keeps LF. _x0041_ is how a workbook writes what XML cannot hold.
XML_TEXT = st.text(
    st.characters(exclude_categories=NO_TEXT, exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\x85\"'=#+-@&<> "),
    max_size=10,
).filter(lambda text: not re.search("_x[0-9A-F]{4}_", text, re.IGNORECASE))


def shown(row: list[str]) -> list[str]:
    """Return a row as a spreadsheet keeps it: without the empty cells at its end."""
    if not any(map(str.strip, row)):
        return []
    return row[: max(place for place, text in enumerate(row, 1) if text)]


@given(st.data())
def test_text_comes_back_from_a_workbook_up_to_the_last_row_with_text(data: st.DataObject) -> None:
    header = data.draw(headers(st.characters(exclude_categories=NO_TEXT)))
    assume(not any("_x" in name for name in header))
    row = st.lists(XML_TEXT, max_size=len(header))
    table = data.draw(st.lists(row, max_size=6))
    book = openpyxl.Workbook()
    for number, cells in enumerate([header, *table], 1):
        for place, text in enumerate(cells, 1):
            cell = book.active.cell(number, place, text)
            cell.data_type = TYPE_STRING  # "=A1" is a text here, and "#N/A" too
    stream = io.BytesIO()
    book.save(stream)

    expected = [Row(number, shown(cells)) for number, cells in enumerate(table, 2)]
    while expected and not expected[-1].cells:
        expected.pop()
    with open_workbook(stream, sheet="", limits=DEFAULTS) as sheet:
        assert (sheet.header, list(sheet)) == (header, expected)
