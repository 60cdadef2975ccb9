"""What happens to a list and its batch at the same moment."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from batchcalls.batches import lifecycle, list_imports
from batchcalls.batches.lifecycle import Conflict
from batchcalls.calling import chunks
from batchcalls.drafting import drafts
from batchcalls.intake import joining, refusals, runner, splitting
from batchcalls.models import Batch, BatchEvent, CallResult, Recipient, StoredList
from batchcalls.reporting.exports.batch_tables import NOT_TAKEN_IN, results
from batchcalls.reporting.exports.writing import csv_blocks
from batchcalls.states import BatchStatus, ListStatus
from tests.intake.test_joining import FIRST, add, take_in

SECOND = "phone_number,business_name\n+12025550195,Di\n+12025550196,Ed\n"


@pytest.mark.django_db
def test_a_batch_waits_for_a_list_that_is_still_coming_in(
    make_batch: Any, launched: Any, run: Any
) -> None:
    batch = launched("+12025550190")
    add(batch, SECOND)
    Recipient.objects.filter(batch=batch).update(status="done", outcome="reached", due_at=None)
    lifecycle.settle(batch, now=timezone.now())
    batch.refresh_from_db()
    assert not batch.is_over

    batch = run(take_in(batch), launch=False)
    assert (batch.status, batch.row_count) == (BatchStatus.COMPLETED, 3)
    assert CallResult.objects.count() == 2


@pytest.mark.django_db
def test_a_batch_ends_when_nobody_on_the_list_it_waited_for_can_be_called(
    make_batch: Any, launched: Any, run: Any
) -> None:
    batch = launched("+12025550190")
    add(batch, "phone_number,business_name\nnot one,Di\n")
    batch = run(take_in(batch), launch=False)
    assert batch.status == BatchStatus.COMPLETED_PARTIAL


@pytest.mark.django_db
def test_rows_that_come_to_a_batch_that_is_over_say_so(make_batch: Any, launched: Any) -> None:
    batch = launched("+12025550190")
    stored = add(batch, SECOND)
    Batch.objects.filter(pk=batch.pk).update(status="completed", ended_at=timezone.now())
    take_in(batch)
    rows = Recipient.objects.filter(batch=batch, row_number__gt=stored.row_offset)
    assert set(rows.values_list("status", "reason_code")) == {("canceled", "list_unusable")}
    assert BatchEvent.objects.filter(batch=batch, code="list_unusable").exists()


@pytest.mark.django_db
def test_a_chunk_that_goes_out_leaves_a_refusal_alone(
    make_batch: Any, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = make_batch("+12025550190", "+12025550191")
    lifecycle.submit(batch, launch=True)
    take_in(batch)
    real = chunks.update_each

    def refuse_then_write(*args: Any, **fields: Any) -> int:
        Recipient.objects.filter(row_number=2).update(
            status="skipped", reason_code="consent_refused", reason="Row 5 says no."
        )
        return real(*args, **fields)

    monkeypatch.setattr(chunks, "update_each", refuse_then_write)
    chunks.queue_due(account, now=timezone.now())
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    assert list(rows.values_list("status", flat=True)) == ["skipped", "queued"]


@pytest.mark.django_db
def test_a_no_comes_before_whatever_else_is_wrong_with_its_row(make_batch: Any) -> None:
    batch = make_batch(
        text="phone_number,consent,settings.max_duration\n"
        "+12025550190,no,abc\n"
        "+12025550190,,\n"
        "+12025550191,no,5,surplus\n"
        "+12025550191,,\n"
        "not one,no,5,surplus\n",
        prompt="Hello.",
        map_all=None,
        column_options=["settings.max_duration=max_duration"],
    )
    lifecycle.submit(batch, launch=False)
    take_in(batch)
    codes = Recipient.objects.filter(batch=batch).order_by("row_number")
    assert list(codes.values_list("reason_code", flat=True)) == [
        *["consent_refused"] * 4,
        "too_many_cells",
    ]


@pytest.mark.django_db
def test_a_list_that_failed_is_repaired_and_its_people_are_called(
    make_batch: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitting, "PART_ROWS", 5)
    batch = run(make_batch(text=FIRST))
    people = "".join(f"+1202555{n:04},Shop\n" for n in range(100, 112))
    broken = f'phone_number,business_name\n{people}+12025550192,"never closed\n'
    first = add(batch, broken)
    # One part is in when the end of the file turns out to be unusable.
    monkeypatch.setattr(runner, "SPLIT_SECONDS", 0)
    runner.run(first.pk, seconds=0)
    take_in(batch)
    first.refresh_from_db()
    assert first.status == ListStatus.FAILED
    assert Recipient.objects.filter(batch=batch, status="canceled").count() >= 5

    again = add(batch, broken)  # the very file, as after a failure of ours
    assert again.row_offset >= first.last_row
    take_in(batch)
    add(batch, f"phone_number,business_name\n{people}+12025550192,closed\n")
    batch = run(take_in(batch), launch=False)
    called = set(CallResult.objects.values_list("to_number", flat=True))
    assert {f"+1202555{n:04}" for n in range(100, 112)} | {"+12025550192"} <= called

    text = b"".join(csv_blocks(results(batch))).decode()
    rows = [line.split(",") for line in text.splitlines()[1:]]
    done = [row[0] for row in rows if row[2] in {"done", "failed"}]
    assert len(done) == len(set(done)) == 14
    assert len(rows) == Recipient.objects.filter(batch=batch).count() + sum(
        row[2] == NOT_TAKEN_IN for row in rows
    )


@pytest.mark.django_db
def test_a_list_is_given_up_as_far_as_others_have_split_it(make_batch: Any, run: Any) -> None:
    batch = run(make_batch(text=FIRST))
    stored = add(batch, SECOND)
    stale = StoredList.objects.select_related("batch").get(pk=stored.pk)
    StoredList.objects.filter(pk=stored.pk).update(split_through=11)
    joining.give_up(stale, reason="Broken.")
    batch.refresh_from_db()
    assert batch.ready_through == stored.row_offset + 11


@pytest.mark.django_db
def test_one_list_after_the_other(make_batch: Any, run: Any) -> None:
    batch = run(make_batch(text=FIRST))
    add(batch, SECOND)
    with pytest.raises(drafts.DraftError, match="still being added"):
        drafts.add_list(batch, io.BytesIO(b"phone_number\n1\n"), file_name="third.csv")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time.")
@pytest.mark.django_db(transaction=True)
def test_canceling_and_the_end_of_an_import_do_not_wait_for_each_other(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = make_batch("+12025550190")
    lifecycle.submit(batch, launch=True)
    ended, errors = threading.Event(), []
    real = list_imports.end

    def end_slowly(*args: Any, **fields: Any) -> bool:
        is_over = real(*args, **fields)
        ended.set()
        threading.Event().wait(0.5)
        return is_over

    monkeypatch.setattr(list_imports, "end", end_slowly)

    def conclude() -> None:
        try:
            runner.run_batch(batch.pk, seconds=30)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    worker = threading.Thread(target=conclude)
    worker.start()
    assert ended.wait(20)
    try:
        with transaction.atomic():
            lifecycle.cancel(batch)
    except Conflict:
        pytest.fail("A batch that is calling can be canceled.")
    worker.join()
    batch.refresh_from_db()
    assert errors == []
    assert batch.status == BatchStatus.CANCELED
    assert not Recipient.objects.filter(batch=batch, status="pending").exists()


@pytest.mark.django_db
def test_refusals_are_found_some_at_a_time(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "ROWS_AT_A_TIME", 2)
    numbers = [f"+1202555{n:04}" for n in range(100, 107)]
    text = "".join(f"{number},no\n{number},\n" for number in numbers)
    batch = make_batch(text=f"phone_number,consent\n{text}+12025550190,\n", prompt="Hello.")
    lifecycle.submit(batch, launch=False)
    take_in(batch)
    rows = Recipient.objects.filter(batch=batch)
    assert rows.filter(reason_code="consent_refused").count() == 14
    assert rows.filter(status="pending").count() == 1
