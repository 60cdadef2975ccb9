"""Workbooks to numbered rows of text, whatever wrote them, and whatever is packed like one."""

from __future__ import annotations

import errno
import io
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchcalls.importing import workbook_cells, workbook_package
from batchcalls.importing.reader import Limits, Row
from batchcalls.importing.unreadable import UnreadableList
from batchcalls.importing.workbook import is_workbook, open_workbook, sheet_names
from tests.importing.lists import DEFAULTS, brief

NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER = '<row r="1"><c t="inlineStr"><is><t>phone</t></is></c><c t="str"><v>name</v></c></row>'
SHEET, TEXTS, STYLES, BOOK = (
    f"xl/{name}.xml" for name in ("worksheets/sheet1", "sharedStrings", "styles", "workbook")
)
LINKS = {  # as Excel writes them: with texts that cells share
    "xl/_rels/workbook.xml.rels": "<Relationships>"
    '<Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="rId2" Type="http://x/styles" Target="/xl/styles.xml"/>'
    '<Relationship Id="rId3" Type="http://x/sharedStrings" Target="../xl/SharedStrings.xml"/>'
    "</Relationships>"
}


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def made(*rows: Sequence[Any], formats: dict[str, str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, code in (formats or {}).items():
        book.active[cell].number_format = code
    return saved(book)


def with_parts(data: bytes, parts: dict[str, str | bytes | None]) -> bytes:
    """Replace, add or take out parts of a package."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def with_rows(rows: str, before: str = "", *, header: str = HEADER, namespace: str = NS) -> bytes:
    xml = (
        f'<worksheet xmlns="{namespace}">{before}<sheetData>{header}{rows}</sheetData></worksheet>'
    )
    return with_parts(made(["any"]), {SHEET: xml, TEXTS: "<sst><si><t>any</t></si></sst>", **LINKS})


def read(data: bytes, limits: Limits = DEFAULTS, sheet: str = "") -> tuple[list[str], list[Row]]:
    with open_workbook(io.BytesIO(data), sheet=sheet, limits=limits) as reader:
        return reader.header, list(reader)


def refusal(data: bytes, limits: Limits = DEFAULTS, sheet: str = "") -> UnreadableList:
    with pytest.raises(UnreadableList) as caught:
        read(data, limits, sheet)
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("00123", "General", "00123"),
        (" two\nlines ", "General", " two\nlines "),
        ("_x0041_", "General", "A"),
        (123, "General", "123"),
        (12025550123.0, "General", "12025550123"),
        (12025550123, "0.00E+00", "12025550123"),
        (1.2e15, "General", "1200000000000000"),
        (1.5e22, "General", "15000000000000000000000"),
        (-0.0, "General", "0"),
        (0.1, "0%", "0.1"),
        (1.5e-7, "General", "0.00000015"),
        (501, "00000", "00501"),
        (501.0, "00000", "00501"),
        (-5, "000", "-005"),
        (1234567, "000", "1234567"),
        (1.5, "000", "1.5"),
        (True, "General", "true"),
        (False, "General", "false"),
        (datetime(2026, 3, 1), "yyyy-mm-dd", "2026-03-01"),  # noqa: DTZ001
        (date(2026, 3, 1), "[$-en-US]d mmm yyyy;@", "2026-03-01"),
        (datetime(2026, 3, 1), "yyyy-mm-dd hh:mm", "2026-03-01T00:00:00"),  # noqa: DTZ001
        (datetime(2026, 3, 1, 9, 30), "yyyy-mm-dd", "2026-03-01T09:30:00"),  # noqa: DTZ001
        (time(9, 30), "h:mm", "09:30:00"),
        (timedelta(hours=30, seconds=5), "[h]:mm:ss", "30:00:05"),
        (-1.5, "[h]:mm", "-36:00:00"),
        (46082, '"days" 0', "46082"),
    ],
)
def test_a_cell_says_what_it_holds_as_text(value: object, code: str, text: str) -> None:
    data = made(["phone", "name"], ["1", value], formats={"B2": code})
    assert brief(read(data)[1]) == [(2, ["1", text], "")]


@pytest.mark.parametrize(
    ("cell", "text", "code"),
    [
        ('<c t="e"><v>#N/A</v></c>', "#N/A", "error_cell"),
        ('<c t="e"><f>A1/0</f><v>#DIV/0!</v></c>', "#DIV/0!", "error_cell"),
        ("<c><v>1e999</v></c>", "#NUM!", "error_cell"),
        ("<c><f>A1</f></c>", "", "formula_without_result"),
        ("<c><f>A1</f><v /></c>", "", "formula_without_result"),  # as openpyxl writes it
        ('<c t="str"><f>A1</f><v></v></c>', "", ""),
        ('<c t="str"><f>A1</f><v>Zoë_x000D_</v></c>', "Zoë\r", ""),
        ('<c t="str"><v>a_x0000_b_xD800_</v></c>', "a␀b_xD800_", "nul_character"),
        ('<c t="s"><v/></c>', "", ""),
        ('<c t="s"><v> 0 </v></c>', "any", ""),
        ('<c t="b"><v>true</v></c>', "true", ""),
        ('<c t="d"><v>2026-03-01T00:00:00</v></c>', "2026-03-01", ""),
        ('<c t="inlineStr"/>', "", ""),
        (
            '<c t="inlineStr"><is><r><t>A</t></r><rPh><t>x</t></rPh><r><t>B</t></r></is></c>',
            "AB",
            "",
        ),
        ("<c> <v>7</v></c>", "7", ""),
        ("<c><v>12025550123.0</v></c>", "12025550123", ""),
        ("<c><v>1.2025550123E10</v></c>", "12025550123", ""),
        ("<c><v>12345678901234567890</v></c>", "12345678901234567890", ""),
        ('<c s="999"><v>7</v></c>', "7", ""),
    ],
)
def test_a_cell_that_another_program_wrote_is_understood(cell: str, text: str, code: str) -> None:
    rows = read(with_rows(f'<row r="2"><c><v>1</v></c>{cell}</row>'))[1]
    assert [("", *row.cells, "")[2] for row in rows] == [text]
    assert [row.problem.code if row.problem else "" for row in rows] == [code]


def test_a_problem_names_the_cell_and_the_remedy() -> None:
    rows = read(
        with_rows(
            '<row r="7"><c r="A7"><v>1</v></c><c r="B7" t="e"><v>#REF!</v></c></row>'
            '<row r="8"><c r="A8"><v>1</v></c><c r="B8"><f>A1</f></c></row>'
            '<row r="9"><c r="A9"><v>1</v></c><c r="AA9"><v>2</v></c></row>'
            '<row r="10"><c r="XFC10"/><c r="XFD10"><v>2</v></c></row>'
        )
    )[1]
    says = [row.problem.message for row in rows if row.problem]
    assert "B7 holds the error #REF!. Correct" in says[0]
    assert "B8 is a formula" in says[1]
    assert "AA9 is filled, but the header ends at column B. Give column AA" in says[2]
    assert "XFD10 is filled, but the header ends at column B." in says[3]
    assert rows[-1].cells == [""] * DEFAULTS.max_columns


def test_dates_count_from_1904_where_the_workbook_says_so() -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.MAC_EPOCH
    book.active.append(["phone", "day"])
    book.active.append(["1", date(2026, 3, 1)])
    assert read(saved(book))[1][0].cells == ["1", "2026-03-01"]
    bad = with_parts(made(["phone"], [date(2026, 3, 1)]), {})
    with zipfile.ZipFile(io.BytesIO(bad)) as package:
        xml = package.read(SHEET).decode().replace("46082", "99999999")
    assert brief(read(with_parts(bad, {SHEET: xml}))[1]) == [(2, ["#VALUE!"], "error_cell")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ('<row r="4"><c r="B4"><v>2</v></c></row>', [(2, [], ""), (3, [], ""), (4, ["", "2"], "")]),
        ("<row><c><v>1</v></c></row><row><c><v>2</v></c></row>", [(2, ["1"], ""), (3, ["2"], "")]),
        ('<row r="2"/><row r="3"><c s="1"/></row><row r="4"><c t="str"><v> </v></c></row>', []),
        ('<row r="2"><c r="XFD2" s="1"/></row>', []),
        ('<row r="2"><c><v>1</v></c><c/><c t="str"><v> </v></c></row>', [(2, ["1", ""], "")]),
        ('<row r="2"><c r="B2"><v>2</v></c><c r="A2"><v>1</v></c></row>', [(2, ["1", "2"], "")]),
        ('<row r="2"><c r="D2"><v>4</v></c></row>', [(2, ["", "", "", "4"], "too_many_cells")]),
        ('<row r="2"><c><f>A1</f></c></row>', [(2, [], "formula_without_result")]),
    ],
)
def test_every_row_has_the_number_that_the_spreadsheet_shows(
    rows: str, expected: list[tuple[int, list[str], str]]
) -> None:
    header, found = read(with_rows(rows))
    assert header == ["phone", "name"]
    assert brief(found) == expected


@pytest.mark.parametrize(
    "dimension", ["", '<dimension ref="A1"/>', '<dimension ref="A1:XFD9999"/>']
)
def test_the_dimensions_that_a_sheet_claims_are_not_believed(dimension: str) -> None:
    data = with_rows('<row r="2"><c><v>1</v></c><c><v>2</v></c></row>', dimension)
    assert brief(read(data)[1]) == [(2, ["1", "2"], "")]


def test_a_strict_workbook_is_read() -> None:
    data = with_rows("<row><c><v>1</v></c></row>", namespace="http://purl.oclc.org/ooxml/s/main")
    assert brief(read(data)[1]) == [(2, ["1"], "")]


def test_the_header_is_the_first_row_in_which_something_can_be_seen() -> None:
    data = made([], ["\u200b", " "], [None, None], ["Mobile", "4006381333931", None], ["1", "2"])
    with open_workbook(io.BytesIO(data), sheet="", limits=DEFAULTS) as reader:
        assert (reader.header_row, reader.header) == (4, ["Mobile", "4006381333931"])
        assert list(reader) == [Row(5, ["1", "2"])]


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (made(), "no_header", "phone_number"),
        (made(["+1 (202) 555-0123", "Bob"]), "no_header", "names of its columns"),
        (made(["Al", 12025550123]), "no_header", "names of its columns"),
        (made(["a", "#N/A"]), "bad_header", "row 1"),
        (made(["a"] * 201), "too_many_columns", "201 columns"),
        (
            with_rows('<row r="2"><c r="XFD2"><v>1</v></c></row>', header=""),
            "too_many_columns",
            "16,384",
        ),
        (made(["a" * 200, "b" * 29_000] * 4), "bad_header", "100,000 characters"),
    ],
)
def test_a_sheet_without_a_usable_header_is_refused_with_the_reason(
    data: bytes, code: str, says: str
) -> None:
    error = refusal(data)
    assert error.code == code
    assert says in error.message


def test_the_limits_are_kept() -> None:
    limits = Limits(max_rows=2, max_columns=3, max_row_characters=100)
    data = made(["a", "b"], [1], [], [], ["x" * 60, "y" * 60, "z"], [])
    assert brief(read(data, limits)[1]) == [
        (2, ["1"], ""),
        (3, [], ""),
        (4, [], ""),
        (5, ["x" * 60, "y" * 60, "z"], "row_too_long"),
    ]
    assert len(read(made(["a"], ["x" * 9_000]), limits)[1][0].cells[0]) == 100
    assert read(made(["a"], range(9)), limits)[1][0].cells == ["0", "1", "2"]
    assert refusal(made(["a"], [1], [2], [3]), limits).code == "too_many_rows"


def several() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = "Hidden"
    book.active.sheet_state = "hidden"
    book.create_chartsheet("Chart")
    for title in ("People", "Zoë’s"):
        book.create_sheet(title).append([f"name in {title}"])
    return book


def test_a_sheet_is_found_by_its_name_and_only_visible_ones_count() -> None:
    data = saved(several())
    assert sheet_names(io.BytesIO(data)) == ["People", "Zoë’s"]
    for asked, sheet in (("", "People"), (" people ", "People"), ("ZOË’S", "Zoë’s")):
        with open_workbook(io.BytesIO(data), sheet=asked, limits=DEFAULTS) as reader:
            assert (reader.sheet, reader.header) == (sheet, [f"name in {sheet}"])
    error = refusal(data, sheet="Hidden")
    assert error.code == "unknown_sheet"
    assert "“Hidden”. Choose one of these: People, Zoë’s." in error.message
    book = several()
    del book["People"], book["Zoë’s"]
    assert refusal(saved(book)).code == "no_sheet"


def bomb(name: str, megabytes: int) -> bytes:
    return with_parts(made(["a"]), {name: b" " * (megabytes << 20)})


def lying(part: str, content: bytes, size: int) -> bytes:
    """Pack a part that unpacks to more than the package says."""
    data = bytearray(with_parts(with_rows(""), {part: content}))
    place = data.rindex(part.encode()) - 46  # its entry in the central directory
    data[place + 24 : place + 28] = size.to_bytes(4, "little")
    return bytes(data)


def encrypted() -> bytes:
    data = bytearray(made(["a"]))
    place = -1
    while (place := data.find(b"PK\x01\x02", place + 1)) >= 0:
        data[place + 8] |= 1
    return bytes(data)


def entities(part: str) -> bytes:
    lines = ['<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">']
    lines += [
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return with_parts(with_rows(""), {part: "".join(lines) + "]><x>&i;</x>"})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "broken_workbook"),
        (b"PK\x05\x06" + bytes(18), "broken_workbook"),
        (made(["a"])[:-30], "broken_workbook"),
        (made(["a"])[:3000], "broken_workbook"),
        (encrypted(), "broken_workbook"),
        (with_parts(made(["a"]), {"_rels/.rels": None}), "broken_workbook"),
        (with_parts(made(["a"]), {BOOK: "<a"}), "broken_workbook"),
        (with_parts(made(["a"]), {BOOK: "<document/>"}), "broken_workbook"),
        (with_parts(made(["a"]), {BOOK: None}), "broken_workbook"),
        (with_parts(made(["a"]), {SHEET: None}), "broken_workbook"),
        (with_parts(made(["a"]), {SHEET: b"\xff\xfe"}), "broken_workbook"),
        (with_parts(with_rows(""), {TEXTS: None}), "broken_workbook"),
        *((entities(part), "broken_workbook") for part in (BOOK, SHEET, TEXTS, STYLES)),
        (with_rows('<row r="1048577"/>'), "broken_workbook"),
        (with_rows('<row r="1"/>'), "broken_workbook"),
        (with_rows('<row r="x"/>'), "broken_workbook"),
        (with_rows('<row><c r="XFE2"><v>1</v></c></row>'), "broken_workbook"),
        (with_rows('<row><c r="ZZZZ2"><v>1</v></c></row>'), "broken_workbook"),
        (with_rows("<row>" + "<c/>" * 16_385 + "</row>"), "broken_workbook"),
        (with_rows('<row><c t="s"><v>9</v></c></row>'), "broken_workbook"),
        (with_rows('<row><c t="s"><v>-1</v></c></row>'), "broken_workbook"),
        (with_rows("<row><c><v>seven</v></c></row>"), "broken_workbook"),
        (with_rows('<row><c t="d"><v>soon</v></c></row>'), "broken_workbook"),
        (lying(SHEET, b"<worksheet>" + b" " * 9_000_000 + b"</worksheet>", 700), "broken_workbook"),
        (lying(BOOK, b" " * 9_000_000, 700), "broken_workbook"),
        (lying(TEXTS, b"<sst>" + b" " * 9_000_000 + b"</sst>", 700), "broken_workbook"),
        (bomb("xl/media/any.png", 11), "workbook_too_large"),
        (bomb(BOOK, 5), "workbook_too_large"),
        (with_rows("<row>" + "<c/>" * 1_100_000 + "</row>"), "workbook_too_large"),
        (with_rows("", "<cols>" + "x" * 4_300_000 + "</cols>"), "workbook_too_large"),
        (lying("docProps/app.xml", b"any", (1 << 32) - 1), "workbook_too_large"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "legacy_workbook"),
        (
            with_parts(made(["a"]), {"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
            "opendocument_workbook",
        ),
    ],
)
def test_what_is_damaged_hostile_or_of_another_kind_is_refused(data: bytes, code: str) -> None:
    assert refusal(data).code == code


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [
        (workbook_package, "MAX_MEMBERS", 5),
        (workbook_package, "MAX_UNPACKED_BYTES", 5_000),
        (workbook_cells, "MAX_TEXTS_BYTES", 20),
    ],
)
def test_what_a_workbook_may_unpack_to_is_limited(
    monkeypatch: pytest.MonkeyPatch, module: Any, limit: str, value: int
) -> None:
    monkeypatch.setattr(module, limit, value)
    assert refusal(with_rows("")).code == "workbook_too_large"


def test_a_table_of_contents_that_would_fill_the_memory_is_not_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.comment = b"x"
    data = bytearray(out.getvalue())
    data[12:16] = (5 << 20).to_bytes(4, "little")
    assert refusal(bytes(5 << 20) + bytes(data)).code == "workbook_too_large"


def test_damage_behind_the_last_row_is_found() -> None:
    data = bytearray(with_parts(made(["a"], [1]), {}))
    place = data.rindex(SHEET.encode()) - 46
    data[place + 16] ^= 1  # the checksum
    assert refusal(bytes(data)).code == "broken_workbook"


def test_the_bytes_of_a_workbook_are_told_from_others() -> None:
    assert is_workbook(made(["a"])[:8])
    assert not is_workbook(b"phone,name\n")
    assert not is_workbook(b"")


def test_other_peoples_errors_stay_what_they_are() -> None:
    stream = io.BytesIO(made(["a"], [1]))
    with pytest.raises(ValueError, match="mine"), open_workbook(stream, sheet="", limits=DEFAULTS):
        raise ValueError("mine")
    assert not stream.closed

    class Unplugged(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "unplugged")

    with pytest.raises(OSError, match="unplugged"):
        sheet_names(Unplugged(b"any"))


@pytest.mark.parametrize(
    "row",
    [
        lambda number: f'<row r="{number}"><c><v>{number}</v></c><c><v>2</v></c></row>',
        lambda number: f'<row r="{number}" s="1" customFormat="1" ht="20"/>',
        lambda number: f'<row r="{number}"><c r="XFD{number}" s="1"/></row>',
    ],
    ids=["rows", "rows with a format only", "cells with a format only"],
)
def test_memory_does_not_grow_with_the_rows(row: Callable[[int], str]) -> None:
    def peak(count: int) -> int:
        stream = io.BytesIO(with_rows("".join(map(row, range(2, count + 2)))))
        tracemalloc.start()
        try:
            with open_workbook(stream, sheet="", limits=DEFAULTS) as reader:
                for _ in reader:
                    pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(20_000) < peak(2_000) + 500_000


def test_a_sheet_formatted_to_its_end_has_only_the_rows_with_text() -> None:
    rows = "".join(f'<row r="{number}" s="1" customFormat="1"/>' for number in range(2, 1_048_577))
    assert read(with_rows(rows))[1] == []


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="_")),
            max_size=4,
        ),
        max_size=5,
    )
)
def test_any_text_comes_back_cell_for_cell(table: list[list[str]]) -> None:
    table = [[text for text in row if text[:1] not in {"=", "#"}] for row in table]
    rows = [[*row, "end"] for row in table]
    _, found = read(made(["phone", *"abcd"], *rows))
    assert found == [Row(number, cells) for number, cells in enumerate(rows, 2)]


@given(st.binary(max_size=40), st.integers(0, 4_000))
def test_any_damage_is_read_or_refused(patch: bytes, place: int) -> None:
    data = bytearray(made(["phone", "name"], [1, "Bob"]))
    data[place : place + len(patch)] = patch
    with suppress(UnreadableList):
        read(bytes(data))


PIECES = [
    "<c",
    "<row",
    "</row>",
    "<v>",
    "</v>",
    "<is>",
    "<t>",
    ' t="',
    "s",
    "d",
    "e",
    ">",
    "/>",
    "-1",
]


@given(
    st.lists(st.sampled_from([*PIECES, ' r="', '"', "A", "9", "</c>", ' s="', "T"]), max_size=30)
)
def test_any_sheet_is_read_or_refused(pieces: list[str]) -> None:
    with suppress(UnreadableList):
        read(with_rows("<row><c><v>1</v></c></row>" + "".join(pieces)))
