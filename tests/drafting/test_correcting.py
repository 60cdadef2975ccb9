"""A list of which nobody can be called: the batch is a draft again, and nothing is lost."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from batchcalls.batches import lifecycle
from batchcalls.drafting import copying, draft_lists, drafts, edits
from batchcalls.intake import runner
from batchcalls.intake.uploads import SAMPLE_ROWS, ReadingOptions
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Batch, Recipient, StoredList
from batchcalls.reporting.exports import batch_tables
from batchcalls.states import BatchStatus

pytestmark = pytest.mark.django_db

CASE = Path(__file__).parents[1] / "data" / "refusals" / "nobody_to_call.csv"
HUMAN = "+12025550190"


def checked(batch: Batch, *, launch: bool = False) -> Batch:
    edits.submit(batch, launch=launch)
    return imported(batch)


def imported(batch: Batch) -> Batch:
    while runner.run_batch(batch.pk, seconds=30):
        pass
    return Batch.objects.get(pk=batch.pk)


@pytest.fixture
def nobody(make_batch: Any) -> Batch:
    batch = make_batch(text=CASE.read_text(), prompt="Hello {{name}}.")
    return checked(batch, launch=True)


def codes(batch: Batch) -> list[tuple[int, str]]:
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    return list(rows.values_list("row_number", "reason_code"))


def upload(batch: Batch, text: str) -> StoredList:
    stream = io.BytesIO(text.encode())
    return draft_lists.attach_list(batch, stream, file_name="new.csv", reading=ReadingOptions())


def add_rows(batch: Batch, text: str) -> Batch:
    drafts.add_list(batch, io.BytesIO(text.encode()), file_name="more.csv")
    return imported(batch)


def test_the_batch_is_a_draft_again_with_its_rows_and_its_report(nobody: Batch) -> None:
    assert (nobody.status, nobody.reason_code) == (BatchStatus.DRAFT, "nobody_to_call")
    assert nobody.awaits_correction
    assert nobody.reason.startswith(
        "None of the 2 rows can be called; see the reason of each. Correct them"
    )
    assert nobody.dry_run["rows"] == 2
    assert len(nobody.dry_run["problems"]) == 2
    assert (nobody.row_count, nobody.launched_at, nobody.ended_at) == (2, None, None)
    assert [row[:2] for row in batch_tables.rejected(nobody).rows] == [
        ["bad1", "Ann"],
        ["bad2", "Bob"],
    ]


def test_added_rows_make_it_ready_beside_the_rows_that_were_skipped(
    nobody: Batch, run: Any
) -> None:
    batch = add_rows(nobody, f"phone_number,name\n{HUMAN},Ann\nbad2,Bob\n")
    assert (batch.status, batch.reason_code, batch.row_count) == (BatchStatus.READY, "", 4)
    assert [code for _, code in codes(batch)] == ["not_a_number"] * 2 + ["", "not_a_number"]
    assert [row for row, _ in codes(batch)] == [2, 3, 5, 6]
    assert batch.dry_run["rows"] == 4
    lifecycle.launch(batch)
    assert run(batch, launch=False).status == BatchStatus.COMPLETED_PARTIAL


def test_added_rows_of_which_none_can_be_called_keep_it_a_draft(nobody: Batch) -> None:
    batch = add_rows(nobody, "phone_number,name\nbad3,Cid\n")
    assert batch.awaits_correction
    assert "None of the 3 rows" in batch.reason
    assert len(codes(batch)) == 3
    assert add_rows(batch, f"phone_number,name\n{HUMAN},Ann\n").status == BatchStatus.READY


def test_an_added_list_that_breaks_off_keeps_it_a_draft(nobody: Batch) -> None:
    rows = "".join(f"{HUMAN},Ann\n" for _ in range(SAMPLE_ROWS))
    batch = add_rows(nobody, f'phone_number,name\n{rows}{HUMAN},"B\n')
    assert batch.awaits_correction
    assert "more.csv cannot be used: Row 7 opens a quote" in batch.reason
    assert add_rows(batch, f"phone_number,name\n{HUMAN},Ann\n").status == BatchStatus.READY


def test_another_upload_replaces_the_list_and_its_rows(nobody: Batch) -> None:
    upload(nobody, f"phone_number,name\n{HUMAN},Ann\n")
    batch = Batch.objects.get(pk=nobody.pk)
    assert (batch.status, batch.reason, batch.dry_run) == (BatchStatus.DRAFT, "", {})
    assert codes(batch) == []
    batch = checked(batch)
    assert (batch.status, codes(batch)) == (BatchStatus.READY, [(2, "")])


def test_another_country_or_mapping_is_checked_from_the_first_row(make_batch: Any) -> None:
    text = "phone_number,other\n,020 7946 0123\n,020 7946 0124\n"
    batch = checked(make_batch(text=text, prompt="Hello.", region="GB"))
    assert batch.awaits_correction
    stored = draft_lists.list_of(batch)
    assert stored is not None
    columns = draft_lists.mapping_of(batch).columns
    swapped = [
        type(column)(
            position=column.position, header=column.header, target=target.target, name=target.name
        )
        for column, target in zip(columns, reversed(columns), strict=True)
    ]
    draft_lists.match(batch, swapped)
    batch = checked(batch)
    assert (batch.status, codes(batch)) == (BatchStatus.READY, [(2, ""), (3, "")])


def test_a_draft_that_was_never_checked_takes_no_further_list(make_batch: Any) -> None:
    with pytest.raises(lifecycle.Conflict):
        add_rows(make_batch(HUMAN), f"phone_number,business_name\n{HUMAN},Ann\n")


def test_it_can_be_canceled(nobody: Batch) -> None:
    lifecycle.cancel(nobody)
    assert Batch.objects.get(pk=nobody.pk).status == BatchStatus.CANCELED


def test_a_test_call_that_cannot_be_placed_still_fails(make_batch: Any) -> None:
    draft = make_batch(text=f"phone_number,name\n{HUMAN},\n", prompt="Hello {{name}}.")
    batch = copying.place_test_call(draft, number=HUMAN)
    assert imported(batch).status == BatchStatus.FAILED


@pytest.mark.parametrize("rows", ["", "\n\n", ",\n , \n" * 7])
def test_a_list_without_rows_is_refused_at_upload(make_batch: Any, rows: str) -> None:
    with pytest.raises(UnreadableList, match=r"has a header but no rows\. Add at least one row"):
        make_batch(text=f"phone_number,business_name\n{rows}")
    assert not Batch.objects.exists()


def test_two_lists_of_a_draft_are_checked_again_with_what_was_changed(nobody: Batch) -> None:
    batch = add_rows(nobody, f"phone_number,name\n{HUMAN},-\nbad3,Cid\n")
    assert batch.awaits_correction  # {{name}} is missing
    Batch.objects.filter(pk=batch.pk).update(prompt="Hello {{name|there}}.")
    batch = checked(Batch.objects.get(pk=batch.pk), launch=True)
    assert [row for row, code in codes(batch) if not code] == [5]
    assert (batch.row_count, batch.ready_through) == (4, 6)
    assert batch.status == BatchStatus.DISPATCHING
    assert batch.dry_run["rows"] == 4


def test_a_list_that_is_read_again_keeps_the_lists_added_to_it(nobody: Batch) -> None:
    batch = add_rows(nobody, "phone_number,name\nbad3,Zoë\n")
    draft_lists.read_again(batch, ReadingOptions(encoding="cp1252"))
    batch = Batch.objects.get(pk=batch.pk)
    assert [one.file_name for one in batch.lists.all()] == [batch.first_list.file_name, "more.csv"]
    assert batch.first_list.encoding == "cp1252"
    assert codes(checked(batch)) == [(2, "not_a_number"), (3, "not_a_number"), (5, "not_a_number")]
