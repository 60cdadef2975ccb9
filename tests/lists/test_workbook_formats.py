"""Numbers and dates as their cells show them."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from batchcalls.lists.workbook_dates import DateFormat
from batchcalls.lists.workbook_formats import NumberFormat

ACCOUNTING = '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)'
US_PHONE = "[<=9999999]###-####;(###) ###-####"
MOMENT = datetime(2026, 3, 1, 14, 5, 7)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [
        ("0.5", "0%", "50%"),
        ("0.1234", "0.0%", "12.3%"),
        ("1234.5", "#,##0.00 €", "1,234.50 €"),
        ("1234.5", "[$€-407] #,##0.00", "€ 1,234.50"),
        ("1234567", "$#,##0", "$1,234,567"),
        ("1234.5", ACCOUNTING, "$1,234.50"),
        ("-1234.5", ACCOUNTING, "$(1,234.50)"),
        ("0", ACCOUNTING, "$-"),
        ("501", "00000", "00501"),
        ("-5", "000", "-005"),
        ("42", "00,000", "00,042"),
        ("123456789", "000-00-0000", "123-45-6789"),
        ("1500000", "#,##0,", "1,500"),
        ("0.25", "#.##", ".25"),
        ("3", "#.##", "3"),
        ("1.005", "0.00", "1.01"),
        ("-0.4", "0", "0"),
        ("-3", "0_);(0)", "(3)"),
        ("-3", "0;[Red]-0", "-3"),
        ("0", "0;;", ""),
        ("12.5", '0.0" kg"', "12.5 kg"),
        ("12.5", "0.0\\ \\k\\g", "12.5 kg"),
        ("7", 'General" pcs"', "7 pcs"),
        ("7", "@", "7"),
        ("2.5", "# ?/?", "2.5"),
        ("5550123", US_PHONE, "555-0123"),
        ("2025550123", US_PHONE, "(202) 555-0123"),
        # Phone numbers stay numbers, whatever a format for amounts makes of them.
        ("12025550123", "0.00E+00", "12025550123"),
        ("12025550123", "#,##0", "12025550123"),
        ("12025550123", "#,##0.00", "12025550123"),
        ("12025550123", '"+"0', "+12025550123"),
        ("1234567.5", "#,##0.00", "1,234,567.50"),
    ],
)
def test_a_number_is_shown_as_in_its_cell(number: str, code: str, text: str) -> None:
    assert NumberFormat(code).show(number) == text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("m/d/yyyy", "2026-03-01"),
        ("[$-en-US]d mmm yyyy;@", "2026-03-01"),
        ("yyyy-mm-dd h:mm", "2026-03-01T14:05:07"),
        ("mmmm d", "March 1"),
        ("mmm-yy", "Mar-26"),
        ("dddd", "Sunday"),
        ("h:mm", "14:05"),
        ("h:mm AM/PM", "2:05 PM"),
        ("hh:mm:ss", "14:05:07"),
        ("mm:ss", "05:07"),
    ],
)
def test_a_complete_date_is_unmistakable_and_a_part_of_one_is_as_shown(
    code: str, text: str
) -> None:
    assert DateFormat(code).show(MOMENT) == text


def test_times_and_durations_are_shown_without_a_date() -> None:
    assert DateFormat("h:mm").show(time(9, 30)) == "9:30"
    assert DateFormat("[h]:mm").show(timedelta(hours=30)) == "30:00:00"


@pytest.mark.parametrize(
    "code", ["", '"', "\\", "[", "[$", ";;;", "%", "#,", "0E+", "[>]0", "0" * 99]
)
def test_a_broken_format_breaks_nothing(code: str) -> None:
    assert isinstance(NumberFormat(code).show("1234.5"), str)
    assert isinstance(DateFormat(code).show(MOMENT), str)
