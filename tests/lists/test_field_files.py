"""Files from the field, read with their right values."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl

from batchcalls.lists.rows import Row
from batchcalls.reporting.exports.tables import Table
from batchcalls.reporting.exports.writing import write_xlsx
from tests.lists import lists, workbooks
from tests.lists.lists import brief

FOLDER = Path(__file__).parents[1] / "data" / "field"


def rows_of(name: str) -> list[Row]:
    data = (FOLDER / name).read_bytes()
    return (workbooks if name.endswith(".xlsx") else lists).read(data)[1]


def test_one_bad_byte_spoils_its_row_only() -> None:
    assert brief(rows_of("one_bad_byte.csv")) == [
        (2, ["+12025550123", "Zoë"], ""),
        (3, ["+12025550124", "Jos�"], "broken_character"),
    ]


def test_a_russian_list_in_windows_1251_has_russian_names() -> None:
    assert [row.cells[1] for row in rows_of("cp1251.csv")] == ["Иван Петров", "Мария"]


def test_rows_that_a_filter_hides_are_not_called() -> None:
    assert brief(rows_of("filtered_rows.xlsx")) == [
        (2 + n, [f"+1202555012{n}", f"N{n}", status], code)
        for n, (status, code) in enumerate([("active", ""), ("churned", "hidden_row")] * 3)
    ]


def test_dates_from_1904_on_are_as_another_reader_has_them() -> None:
    book = openpyxl.load_workbook(FOLDER / "date1904_excel2013.xlsx")
    dates = [cell.value.date().isoformat() for cell in book.active["B"]]
    # The first of its rows is the header for us.
    assert [row.cells[1] for row in rows_of("date1904_excel2013.xlsx")] == dates[1:]
    assert dates[1:] == ["1904-01-12", "1904-04-21", "1907-01-16", "1934-06-03"]


def test_what_the_cell_shows_is_what_is_said() -> None:
    first, *_ = rows_of("percent_currency.xlsx")
    assert first.cells[3:] == ["2026-12-01T10:30:00", "50%", "1,234.50 €"]


def test_a_character_that_xml_forbids_is_replaced_in_a_workbook() -> None:
    header, rows = lists.read((FOLDER / "xlsx_export_ffff.csv").read_bytes())
    out = io.BytesIO()
    write_xlsx(Table(name="results", header=header, rows=iter([rows[0].cells])), out)
    assert openpyxl.load_workbook(out).active["B2"].value == "A�B"
