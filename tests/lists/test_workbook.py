"""Workbooks to numbered rows of text, whatever program wrote them."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest

from batchcalls.lists.rows import Limits, Row
from batchcalls.lists.workbook import open_workbook
from tests.lists.lists import DEFAULTS, brief
from tests.lists.workbooks import SHEET, made, read, refusal, saved, with_parts, with_rows


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
        (0.1, "0%", "10%"),
        (1.5e-7, "General", "0.00000015"),
        (501, "00000", "00501"),
        (501.0, "00000", "00501"),
        (-5, "000", "-005"),
        (1234567, "000", "1234567"),
        (1.5, "000", "002"),
        (True, "General", "true"),
        (False, "General", "false"),
        (datetime(2026, 3, 1), "yyyy-mm-dd", "2026-03-01"),  # noqa: DTZ001
        (date(2026, 3, 1), "[$-en-US]d mmm yyyy;@", "2026-03-01"),
        (datetime(2026, 3, 1), "yyyy-mm-dd hh:mm", "2026-03-01T00:00:00"),  # noqa: DTZ001
        (datetime(2026, 3, 1, 9, 30), "yyyy-mm-dd", "2026-03-01"),  # noqa: DTZ001
        (time(9, 30), "h:mm", "9:30"),
        (timedelta(hours=30, seconds=5), "[h]:mm:ss", "30:00:05"),
        (-1.5, "[h]:mm", "-36:00:00"),
        (46082, '"days" 0', "days 46082"),
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
    for asked, sheet in (("", "People"), (" people ", "People"), ("ZOË’S", "Zoë’s")):
        with open_workbook(io.BytesIO(data), sheet=asked, limits=DEFAULTS) as reader:
            assert (reader.sheet, reader.header) == (sheet, [f"name in {sheet}"])
    error = refusal(data, sheet="Hidden")
    assert error.code == "unknown_sheet"
    assert "“Hidden”. Choose one of these: People, Zoë’s." in error.message
    book = several()
    del book["People"], book["Zoë’s"]
    assert refusal(saved(book)).code == "no_sheet"


def test_hidden_rows_and_columns_are_left_out_unless_they_are_included() -> None:
    book = openpyxl.Workbook()
    for row in (["internal"], ["phone", "old", "name"], ["1", "x", "Ann"], ["2", "y", "Bob"]):
        book.active.append(row)
    book.active.append(["3", None, "Cy", "beyond"])
    book.active.row_dimensions[1].hidden = book.active.row_dimensions[3].hidden = True
    book.active.column_dimensions["B"].hidden = True
    data = saved(book)
    with open_workbook(io.BytesIO(data), sheet="", limits=DEFAULTS) as reader:
        assert (reader.header_row, reader.header) == (2, ["phone", "name"])
        assert reader.hidden() == (2, 1)
        rows = list(reader)
    assert brief(rows) == [
        (3, ["1", "Ann"], "hidden_row"),
        (4, ["2", "Bob"], ""),
        (5, ["3", "Cy", "beyond"], "too_many_cells"),
    ]
    assert rows[2].problem is not None
    assert "D5 is filled, but the header ends at column C." in rows[2].problem.message
    with open_workbook(
        io.BytesIO(data), sheet="", limits=DEFAULTS, include_hidden=True
    ) as everything:
        assert everything.header == ["internal"]
        assert everything.hidden() == (0, 0)


def test_a_hidden_column_still_says_who_must_not_be_called() -> None:
    book = openpyxl.Workbook()
    for row in (["A list"], ["phone", "Do Not Call", "old", "Einwilligung"], ["1", "x", "y", "no"]):
        book.active.append(row)
    book.active.row_dimensions[1].hidden = True
    for letter in "BCD":
        book.active.column_dimensions[letter].hidden = True
    with open_workbook(io.BytesIO(saved(book)), sheet="", limits=DEFAULTS) as reader:
        assert reader.header == ["phone", "Do Not Call", "Einwilligung"]
        assert reader.hidden() == (1, 1)
        assert brief(reader) == [(3, ["1", "x", "no"], "")]


def test_a_row_that_is_hidden_and_empty_is_not_counted() -> None:
    data = with_rows(
        '<row r="2" hidden="1"><c r="A2"><v>1</v></c></row><row r="3" hidden="1"/>'
        '<row r="4" hidden=\'true\'><c r="A4"><v>2</v></c></row><row r="5" hidden="0"><c/></row>'
    )
    with open_workbook(io.BytesIO(data), sheet="", limits=DEFAULTS) as reader:
        assert reader.hidden() == (2, 0)
        assert [row.problem.code for row in reader if row.problem] == ["hidden_row"] * 2


def test_backslashes_in_the_package_are_separators() -> None:
    good, out = made(["phone"], ["1"]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("workbook.xml.rels"):
                content = content.replace(b"/xl/worksheets/", b"worksheets\\")
            info = zipfile.ZipInfo("x")
            info.filename = name.replace("/", "\\")
            new.writestr(info, content)
    assert b"xl\\workbook.xml" in out.getvalue()
    assert brief(read(out.getvalue())[1]) == [(2, ["1"], "")]


def test_all_visible_sheets_are_named() -> None:
    with open_workbook(io.BytesIO(saved(several())), sheet="", limits=DEFAULTS) as reader:
        assert reader.sheets == ["People", "Zoë’s"]
