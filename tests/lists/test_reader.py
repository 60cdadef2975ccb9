"""Bytes to numbered rows, whatever a spreadsheet, an export or a person made of them."""

from __future__ import annotations

import csv
import gc
import io
import tracemalloc
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchcalls.lists.dialect import DELIMITERS, Dialect, detect
from batchcalls.lists.reader import open_list
from batchcalls.lists.rows import Limits, Row
from batchcalls.lists.unreadable import UnreadableList
from tests.lists.lists import DEFAULTS, brief, read, refusal

DATA = Path(__file__).parent.parent / "data"


def test_the_example_of_the_seed_is_read() -> None:
    header, rows = read((DATA / "seed_example.csv").read_bytes())
    assert header == [
        "phone_number",
        "business_name",
        "previous_customer",
        "champion_name",
        "webhook",
    ]
    assert brief(rows)[1] == (
        3,
        ["+10987654321", "John\u2019s Laundry", "No", "John W", "https://example.com/webhook2"],
        "",
    )


def test_what_excel_saves_is_read_with_the_row_numbers_that_excel_shows() -> None:
    header, rows = read((DATA / "excel_awkward.csv").read_bytes())
    assert header == ["Phone Number", "Name", "", "Name", "\u200bNote "]
    assert brief(rows) == [
        (2, ["+12025550123", "Smith; J", "x", "Jo", "two\r\nlines"], ""),
        (3, ["", "", "", "", ""], ""),
        (4, [], ""),
        (5, ["+12025550124", "Bob"], ""),
    ]


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b",,\r\n , \r\n", "no_header", "phone_number"),
        (b"+1 (202) 555-0123,Bob\n", "no_header", "names of its columns"),
        (b"Al;12025550123\n", "no_header", "names of its columns"),
        (b"a,\0b\n", "bad_header", "row 1"),
        (b'\n\na,"b', "unclosed_quote", "Row 3"),
        (b'a,"b\nc"d\n', "bad_header", "row 1"),
    ],
)
def test_a_list_without_a_usable_header_is_refused_with_the_reason(
    data: bytes, code: str, says: str
) -> None:
    error = refusal(data)
    assert error.code == code
    assert says in error.message


def test_the_header_is_the_first_row_in_which_something_can_be_seen() -> None:
    stream = io.BytesIO("\n,\n\u200b,\xa0\nphone,name\n1,2\n".encode())
    rows = open_list(stream, detect(stream), Limits())
    assert (rows.header_row, rows.header) == (4, ["phone", "name"])
    assert list(rows) == [Row(5, ["1", "2"])]


def test_a_header_that_looks_like_a_number_is_one_beside_a_name_for_numbers() -> None:
    assert read("Mobile,4006381333931\n1,2\n")[0] == ["Mobile", "4006381333931"]


def test_bytes_that_do_not_fit_spoil_their_row_only() -> None:
    stream = io.BytesIO(b'a,b\n1,\xff\n2,"x\ny"\n3,\xed\xa0\x80\n4,\xc3\xab\n5,Zo\xc3')
    rows = open_list(stream, Dialect(encoding="utf-8", delimiter=","), Limits())
    assert brief(list(rows)) == [
        (2, ["1", "�"], "broken_character"),
        (3, ["2", "x\ny"], ""),
        (4, ["3", "���"], "broken_character"),
        (5, ["4", "ë"], ""),
        (6, ["5", "Zo�"], "broken_character"),
    ]


def test_a_header_whose_bytes_do_not_fit_is_refused() -> None:
    stream = io.BytesIO(b"phone,n\xffme\n1,2\n")
    with pytest.raises(UnreadableList, match="do not fit the encoding") as caught:
        open_list(stream, Dialect(encoding="utf-8", delimiter=","), Limits())
    assert caught.value.code == "bad_header"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("1,2\r\n3,4", [(2, ["1", "2"], ""), (3, ["3", "4"], "")]),
        ("1,2\r3,4\r", [(2, ["1", "2"], ""), (3, ["3", "4"], "")]),
        ("1\n\n2,3,, \n", [(2, ["1"], ""), (3, [], ""), (4, ["2", "3"], "")]),
        ("1,2,x\n", [(2, ["1", "2", "x"], "too_many_cells")]),
        ('1,"a\n\nb"\n2,', [(2, ["1", "a\n\nb"], ""), (3, ["2", ""], "")]),
        ('1,"say ""hi"""\n', [(2, ["1", 'say "hi"'], "")]),
        ('1,5" pipe\n', [(2, ["1", '5" pipe'], "")]),
        ('1,"Big" Joe\n2,3\n', [(2, ["1", "Big Joe"], ""), (3, ["2", "3"], "")]),
        ("1,a\0b\n", [(2, ["1", "a␀b"], "nul_character")]),
        ('1,"B"\0\n', [(2, ["1", "B␀"], "nul_character")]),
        (
            '1,"Bob\n2,"Al",x\n3,4\n',
            [
                (2, ["1", "Bob\n"], "mismatched_quote"),
                (3, ["2", "Al", "x"], "mismatched_quote"),
                (4, ["3", "4"], ""),
            ],
        ),
        (
            '1,"Bob\n\n"Al"\n3,4\n',
            [
                (2, ["1", "Bob\n"], "mismatched_quote"),
                (3, [], "mismatched_quote"),
                (4, ["Al"], "mismatched_quote"),
                (5, ["3", "4"], ""),
            ],
        ),
    ],
)
def test_every_row_comes_back_with_its_number_and_its_problem(
    body: str, expected: list[tuple[int, list[str], str]]
) -> None:
    header, rows = read("phone_number,name\n" + body)
    assert header == ["phone_number", "name"]
    assert brief(rows) == expected


@pytest.mark.parametrize(
    ("long_row", "cells"),
    [
        ("1," + "x" * 150, ["1", "x" * 99]),
        ('1,"' + "x\n" * 80 + '"', ["1", "x\n"]),
        ('1,"' + 'x ""y"",\n' * 80 + '",', ["1", 'x "y",\n']),
        ('1,"Big" ' + "x" * 150, ["1", "Big " + "x" * 93]),
        ("1," + "x," * 80, None),
        ('1,"' + "x" * 150 + '"', None),
        (",\0" + "x" * 150, ["", "␀" + "x" * 99]),
        ("x" * 100 + "\r", None),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_that_is_too_long_is_passed_over_and_the_next_one_is_read(
    long_row: str, cells: list[str] | None, end: str
) -> None:
    _, rows = read(f"a,b{end}{long_row}{end}2,3{end}", Limits(max_row_characters=100))
    assert rows[0].problem is not None
    assert rows[0].problem.code == "row_too_long"
    assert "100 characters" in rows[0].problem.message
    assert brief(rows)[-1][1:] == (["2", "3"], "")
    if cells is not None:
        assert rows[0].cells == cells


def test_a_line_end_at_the_very_limit_is_one_line_end() -> None:
    text = "a,b\r\n" + "x" * 100 + "\r\n2,3\r\n"
    assert [row.number for row in read(text, Limits(max_row_characters=100))[1]] == [2, 3]


@pytest.mark.parametrize(
    "body",
    ['1,2\n3,"x\n4,5\n', '1,2\n3,"' + "x,\n" * 99, '1,2\n3,"' + "x\n" * 99 + '4,"y"', '1,2\n3,"'],
)
def test_a_quote_that_is_never_closed_refuses_the_list_and_names_the_row(body: str) -> None:
    error = refusal("a,b\n" + body, Limits(max_row_characters=100))
    assert error.code == "unclosed_quote"
    assert "Row 3 " in error.message


def test_the_limits_are_kept() -> None:
    limits = Limits(max_rows=2, max_columns=2)
    assert len(read("a,b\n1\n,,,\n\n2\n", limits)[1]) == 4, "blank rows are not counted"
    assert refusal("a,b\n1\n2\n3\n", limits).code == "too_many_rows"
    assert refusal("a,b,\n1\n", limits).code == "too_many_columns"
    assert refusal("a" * 101 + ",b\n1\n", Limits(max_row_characters=100)).code == "bad_header"


def test_cells_longer_than_the_csv_modules_own_limit_are_read_when_allowed() -> None:
    before = csv.field_size_limit(1000)
    try:
        _, rows = read("a,b\n1," + "x" * 200_000 + "\n", Limits(max_row_characters=300_000))
        assert [len(cell) for cell in rows[0].cells] == [1, 200_000]
        stream = io.BytesIO(b"a,b\n1," + b"x" * 2000 + b"\n2,3\n")
        late = open_list(stream, Dialect(encoding="utf-8", delimiter=","), Limits())
        csv.field_size_limit(1000)  # another library lowers it meanwhile
        assert [(row.number, row.problem is None) for row in late] == [(2, False), (3, True)]
    finally:
        csv.field_size_limit(before)


def test_somebody_elses_stream_stays_open() -> None:
    stream = io.BytesIO(b"a,b\n1,2\n")
    list(open_list(stream, detect(stream), Limits()))
    gc.collect()
    assert not stream.closed


@pytest.mark.parametrize(
    "body",
    [
        ("1," + "x" * 40_000 + "\n") * 250,
        '1,"' + ("x" * 10_000 + "\n") * 1000 + '"\n2,3\n',
        "1," + "x" * 10_000_000 + "\n2,3\n",
    ],
    ids=["many rows", "one cell of many lines", "one line"],
)
def test_memory_does_not_grow_with_the_file(body: str) -> None:
    stream = io.BytesIO(b"phone_number,name\n" + body.encode())
    tracemalloc.start()
    try:
        for _ in open_list(stream, detect(stream), DEFAULTS):
            pass
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


ANY_TEXT = st.characters(exclude_categories=("Cs", "Cc"))


SAVED_AS = [  # with or without a byte-order mark
    ("utf-8", "", ANY_TEXT),
    ("utf-8", "\ufeff", ANY_TEXT),
    ("utf-16-le", "", ANY_TEXT),
    ("utf-16-be", "\ufeff", ANY_TEXT),
    ("gb18030", "", ANY_TEXT),
    *(
        (name, "", st.sampled_from(bytes([*range(32, 127), *range(160, 256)]).decode(name)))
        for name in ("cp1252", "cp1251", "iso8859-15")
    ),
]


LINE_ENDS: list[tuple[str, Literal[0, 1]]] = [
    ("\r\n", csv.QUOTE_MINIMAL),
    ("\r\n", csv.QUOTE_ALL),
    ("\r", csv.QUOTE_ALL),
    ("\n", csv.QUOTE_ALL),
]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(),
    saved_as=st.sampled_from(SAVED_AS),
    delimiter=st.sampled_from(list(DELIMITERS)),
    line_end=st.sampled_from(LINE_ENDS),
)
def test_any_table_that_the_csv_module_writes_comes_back_cell_for_cell(
    data: st.DataObject,
    saved_as: tuple[str, str, st.SearchStrategy[str]],
    delimiter: str,
    line_end: tuple[str, Literal[0, 1]],
) -> None:
    (encoding, mark, letters), (terminator, quoting) = saved_as, line_end
    cell = st.text(letters | st.sampled_from(',;|\t"\r\n'), max_size=12)
    width = data.draw(st.integers(1, 5))
    header = ["phone_number", *data.draw(st.lists(cell, min_size=width - 1, max_size=width - 1))]
    table = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=8))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=terminator, quoting=quoting)
    writer.writerows([header, *table])
    saved = (mark + out.getvalue()).encode(encoding)
    expected = [Row(number, cells) for number, cells in enumerate(table, 2)]
    assert read(saved, encoding=encoding, delimiter=delimiter) == (header, expected)


def outcome(text: str | bytes, limits: Limits = DEFAULTS) -> list[Row] | UnreadableList:
    try:
        return read(text, limits, delimiter=",")[1]
    except UnreadableList as error:
        return error


@given(st.text('ab",\n\r', max_size=60))
def test_text_that_strict_csv_accepts_is_read_as_strict_csv_reads_it(text: str) -> None:
    stream = io.StringIO("phone_number,b,c,d,e\n" + text, newline="")
    try:
        expected = list(csv.reader(stream, strict=True))[1:]
    except csv.Error:
        return
    _, rows = read(stream.getvalue())
    assert len(rows) == len(expected)
    for row, cells in zip(rows, expected, strict=True):
        assert row.cells[:5] == cells[:5]
        assert (row.problem is not None) == any(cell.strip() for cell in cells[5:])


@given(st.text('ab",;\n\r', max_size=200), st.integers(2, 40))
def test_rows_are_numbered_without_a_gap_however_damaged_the_text(text: str, limit: int) -> None:
    result = outcome("h\n" + text, Limits(max_row_characters=limit))
    if isinstance(result, UnreadableList):
        assert result.code == "unclosed_quote"
    else:
        assert [row.number for row in result] == list(range(2, 2 + len(result)))


@given(st.text("ab,\n\r", max_size=200), st.integers(2, 20))
def test_without_quotes_every_line_is_a_row_whatever_the_limit(text: str, limit: int) -> None:
    result = outcome("h\n" + text, Limits(max_row_characters=limit))
    assert isinstance(result, list)
    assert len(result) == len(io.StringIO(text, newline="").readlines())


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_a_reason(data: bytes) -> None:
    result = outcome(data)
    assert isinstance(result, list) or result.message.endswith(".")
