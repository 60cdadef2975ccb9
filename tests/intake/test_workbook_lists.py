"""A workbook as a list: from the upload to the verdicts and the results."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest

from batchcalls.drafting import drafts
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Batch, Recipient, VoiceAccount
from batchcalls.reporting.exports import batch_tables
from batchcalls.reporting.exports.writing import csv_blocks
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db

MakeWorkbook = Callable[..., Batch]


@pytest.fixture
def make_workbook(account: VoiceAccount) -> MakeWorkbook:
    def make(sheets: dict[str, list[list[Any]]], **reading: Any) -> Batch:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        out = io.BytesIO()
        book.save(out)
        request = drafts.DraftRequest(
            name="Workbook",
            account=account,
            prompt="Tell {{name}} about {{day}}.",
            reading=ReadingOptions(**reading),
        )
        return drafts.create(request, out, file_name="list.xlsx")

    return make


PEOPLE = [
    ["phone_number", "name", "zip", "day"],
    [12025550190, "Ann", "01234", date(2026, 3, 1)],
    [None, None, None, None],
    ["+1 202 555 0191", "Bob", 5, "soon"],
]


def test_its_rows_become_recipients_under_the_numbers_a_spreadsheet_shows(
    make_workbook: MakeWorkbook,
) -> None:
    batch = validated(make_workbook({"People": PEOPLE}))
    assert batch.first_list.sheet == "People"
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    assert list(rows.values_list("row_number", "e164", "reason_code", "request_data")) == [
        (2, "+12025550190", "", {"name": "Ann", "zip": "01234", "day": "2026-03-01"}),
        (3, "", "blank_row", {"name": "", "zip": "", "day": ""}),
        (4, "+12025550191", "", {"name": "Bob", "zip": "5", "day": "soon"}),
    ]
    results = b"".join(csv_blocks(batch_tables.results(batch))).decode()
    assert "12025550190,Ann,01234,2026-03-01,pending" in results


def test_a_sheet_can_be_named_and_one_that_is_not_there_is_refused(
    make_workbook: MakeWorkbook,
) -> None:
    sheets = {"Notes": [["Read me"]], "People": PEOPLE}
    batch = make_workbook(sheets, sheet="people")
    assert batch.first_list.sheet == "People"
    with pytest.raises(UnreadableList, match="Notes, People"):
        make_workbook(sheets, sheet="Persons")
    assert Batch.objects.count() == 1


def test_a_text_file_has_no_sheet(make_batch: Any) -> None:
    with pytest.raises(UnreadableList, match="Leave the sheet blank"):
        make_batch("+12025550190", sheet="People")
