"""Further lists join a batch: their rows are called, those before them are left alone."""

from __future__ import annotations

import io
from typing import Any

import pytest

from batchcalls.batches import lifecycle
from batchcalls.batches.lifecycle import Conflict
from batchcalls.drafting import drafts
from batchcalls.intake import runner, splitting
from batchcalls.intake.uploads import ReadingOptions, UploadError
from batchcalls.models import Batch, CallResult, Recipient, StoredList
from batchcalls.states import BatchStatus, ListStatus

pytestmark = pytest.mark.django_db

FIRST = "phone_number,business_name\n+12025550190,Ann's\nnot one,Bob's\n"
FIXED = "phone_number,business_name,rejected_reason\n+12025550191,Bob's,It is not a number.\n"


def add(batch: Batch, text: str, **reading: Any) -> StoredList:
    return drafts.add_list(
        batch, io.BytesIO(text.encode()), file_name="fixed.csv", reading=ReadingOptions(**reading)
    )


def take_in(batch: Batch) -> Batch:
    while runner.run_batch(batch.pk, seconds=30):
        pass
    batch.refresh_from_db()
    return batch


def rows(batch: Batch) -> list[tuple[int, str, str, str]]:
    found = Recipient.objects.filter(batch=batch).order_by("row_number")
    return list(found.values_list("row_number", "e164", "status", "reason_code"))


def test_rows_put_right_join_a_finished_batch_and_only_they_are_called(
    make_batch: Any, run: Any
) -> None:
    batch = run(make_batch(text=FIRST))
    assert batch.status == BatchStatus.COMPLETED_PARTIAL
    called = list(CallResult.objects.values_list("call_id", "status"))

    stored = add(batch, FIXED)
    batch = run(take_in(batch), launch=False)

    stored.refresh_from_db()
    assert (stored.status, stored.row_offset) == (ListStatus.IMPORTED, 3)
    assert rows(batch) == [
        (2, "+12025550190", "done", ""),
        (3, "", "skipped", "not_a_number"),
        (5, "+12025550191", "done", ""),
    ]
    assert set(called) < set(CallResult.objects.values_list("call_id", "status"))
    assert CallResult.objects.count() == 2
    assert batch.row_count == 3


def test_the_same_file_joins_once(make_batch: Any, run: Any) -> None:
    batch = run(make_batch(text=FIRST))
    with pytest.raises(UploadError, match="already") as refused:
        add(batch, FIRST)
    assert refused.value.code == "list_joined_before"
    add(batch, FIXED)
    take_in(batch)
    with pytest.raises(UploadError, match="already"):
        add(batch, FIXED)
    assert batch.lists.count() == 2


def test_a_number_that_an_earlier_list_has_is_not_called_again(make_batch: Any, run: Any) -> None:
    batch = run(make_batch(text=FIRST))
    add(batch, FIXED + "(202) 555-0190,Ann again,\n+12025550191,Bob again,\n")
    batch = run(take_in(batch), launch=False)
    assert rows(batch)[2:] == [
        (5, "+12025550191", "done", ""),
        (6, "+12025550190", "skipped", "duplicate"),
        (7, "+12025550191", "skipped", "duplicate"),
    ]


def test_columns_follow_the_first_list_in_whatever_order_they_come(
    make_batch: Any, run: Any
) -> None:
    batch = run(
        make_batch(
            text="nr,who,phone\n+12025550190,Ann,1\nnot one,Bob,2\n",
            prompt="Call {{name}}.",
            map_all=None,
            column_options=["nr=phone_number", "who=request_data.name", "phone=metadata.id"],
        )
    )
    add(batch, "who,phone,nr,rejected_reason\nBob,2,+12025550191,x\n")
    batch = run(take_in(batch), launch=False)
    bob = Recipient.objects.get(batch=batch, row_number=5)
    assert (bob.e164, bob.request_data, bob.metadata) == (
        "+12025550191",
        {"name": "Bob"},
        {"id": "2"},
    )


@pytest.mark.parametrize("status", ["draft", "canceled", "completed"])
def test_a_batch_that_has_not_begun_or_is_over_for_good_takes_no_more(
    make_batch: Any, run: Any, status: str
) -> None:
    batch = make_batch("+12025550190")
    if status == "canceled":
        lifecycle.cancel(batch)
    elif status == "completed":
        run(batch)
    batch.refresh_from_db()
    assert batch.status == status
    with pytest.raises(Conflict):
        add(batch, FIXED)
    assert batch.lists.count() == 1


def test_a_list_that_turns_out_unusable_leaves_the_batch_as_it_was(
    make_batch: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitting, "PART_ROWS", 5)
    batch = run(make_batch(text=FIRST))
    rows = "".join(f"+1202555{n:04},Shop,\n" for n in range(100, 120))
    stored = add(batch, f'{FIXED}{rows}+12025550192,"never closed\n')
    batch = take_in(batch)
    stored.refresh_from_db()
    assert (stored.status, stored.reason_code) == (ListStatus.FAILED, "unclosed_quote")
    assert batch.status == BatchStatus.COMPLETED_PARTIAL
    assert not Recipient.objects.filter(batch=batch, status="pending").exists()
    assert CallResult.objects.count() == 1


def test_a_paused_batch_calls_the_new_rows_only_when_resumed(
    make_batch: Any, launched: Any, run: Any
) -> None:
    batch = launched("+12025550190")
    lifecycle.pause(batch)
    add(batch, FIXED)
    take_in(batch)
    assert not CallResult.objects.exists()
    lifecycle.resume(batch)
    run(batch, launch=False)
    assert CallResult.objects.count() == 2


def test_a_batch_canceled_while_a_list_joins_calls_none_of_it(
    make_batch: Any, launched: Any
) -> None:
    batch = launched("+12025550190")
    stored = add(batch, FIXED)
    lifecycle.cancel(batch)
    take_in(batch)
    stored.refresh_from_db()
    assert stored.status == ListStatus.STOPPED
    assert not Recipient.objects.filter(batch=batch, row_number__gt=3).exists()


def test_a_no_in_a_later_list_holds_for_rows_that_still_wait(
    make_batch: Any, launched: Any, run: Any
) -> None:
    batch = launched("+12025550190", "+12025550191")
    lifecycle.pause(batch)
    add(batch, "phone_number,business_name,consent\n(202) 555-0190,Ann's,no\n")
    take_in(batch)
    lifecycle.resume(batch)
    batch = run(batch, launch=False)
    assert [row[1:] for row in rows(batch)] == [
        ("+12025550190", "skipped", "consent_refused"),
        ("+12025550191", "done", ""),
        ("+12025550190", "skipped", "consent_refused"),
    ]
    assert CallResult.objects.count() == 1
