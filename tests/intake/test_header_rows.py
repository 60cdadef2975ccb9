"""A list whose phone column is not where it is looked for: below a title, or hidden."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from batchcalls.drafting import edits
from batchcalls.intake import uploads
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists.mapping import MappingError
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Recipient, StoredList
from batchcalls.reporting.original_row import original_row

TABLE = [
    ["Spring campaign", "", ""],
    ["exported 2026-01-31", "", ""],
    ["Name", "Mobile Phone", "City"],
    ["Ann", "+12025550190", "Bonn"],
    ["Bob", "12", "Kiel"],
]
HINT = (
    "Row 3 looks like the header (Name, Mobile Phone, City). Choose it as the header row "
    "(--header-row 3, header_row in the API), or delete the rows above it."
)


def text_of(delimiter: str) -> bytes:
    lines = (delimiter.join(row).rstrip(delimiter) for row in TABLE)
    return "".join(f"{line}\n" for line in lines).encode()


def workbook_of(table: list[list[str]], *, hidden: str = "") -> bytes:
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
    for letter in hidden:
        book.active.column_dimensions[letter].hidden = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(content: bytes, **options: Any) -> StoredList:
    return uploads.read(io.BytesIO(content), ReadingOptions(**options), file_name="list")


def problem_of(content: bytes, **options: Any) -> str:
    stored = read(content, **options)
    with pytest.raises(MappingError) as refused:
        uploads.match_columns(stored, ReadingOptions())
    assert [one.code for one in refused.value.problems] == ["no_phone_column"]
    return str(refused.value)


CONTENTS = [text_of(","), text_of(";"), workbook_of(TABLE)]


@pytest.mark.one_database
@pytest.mark.parametrize("content", CONTENTS, ids=["comma", "semicolon", "workbook"])
@pytest.mark.django_db
def test_a_title_above_the_header_is_named_and_can_be_left_out(content: bytes) -> None:
    assert problem_of(content).endswith(HINT)

    stored = read(content, header_row=3)
    assert stored.headers == TABLE[2]
    assert stored.samples == TABLE[3:]


@pytest.mark.one_database
@pytest.mark.parametrize("row", [6, 20])
def test_a_header_row_without_text_is_refused(row: int) -> None:
    with pytest.raises(UnreadableList, match=f"Row {row} has no text"):
        read(text_of(",") + b",,\n+12025550192,,\n", header_row=row)


@pytest.mark.one_database
@pytest.mark.django_db
def test_a_hidden_phone_column_is_named() -> None:
    assert problem_of(workbook_of(TABLE[2:], hidden="B")).endswith(
        "“Mobile Phone” is hidden in the workbook. Include hidden rows and columns "
        "(--include-hidden, include_hidden in the API), or unhide the column and upload the "
        "workbook again."
    )
    assert "hidden" not in problem_of(workbook_of([["Name", "City"], ["Ann", "Bonn"]], hidden="B"))
    hidden_below_a_title = workbook_of(TABLE, hidden="B")
    assert "“Mobile Phone” is hidden" in problem_of(hidden_below_a_title, header_row=3)


@pytest.mark.django_db
def test_rows_below_a_chosen_header_keep_their_numbers_and_cells(make_batch: Any, run: Any) -> None:
    batch = make_batch(text=text_of(",").decode(), prompt="Hello {{Name}}.", header_row=3)
    assert edits.problems(batch) == []
    run(batch)
    called, skipped = Recipient.objects.order_by("row_number")
    assert (called.row_number, called.e164, called.status) == (4, "+12025550190", "done")
    assert (skipped.row_number, skipped.reason_code) == (5, "too_short")
    original = original_row(skipped)
    assert original is not None
    assert original.cells == [("Name", "Bob"), ("Mobile Phone", "12"), ("City", "Kiel")]
