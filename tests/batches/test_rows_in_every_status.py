"""What a row's status means to its batch holds for every status there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.models import Batch, Recipient
from batchcalls.reporting import formatting
from batchcalls.reporting.exports import batch_tables
from batchcalls.states import (
    BATCH_CALLING,
    BATCH_TERMINAL,
    RECIPIENT_IN_DOUBT,
    RECIPIENT_NOT_YET_PLACED,
    RECIPIENT_TERMINAL,
    BatchStatus,
    RecipientOutcome,
    RecipientStatus,
    Stage,
)
from tests.states.rows import LATER, add_row, calling

pytestmark = pytest.mark.django_db

NOT_FINAL = [status for status in RecipientStatus if status not in RECIPIENT_TERMINAL]
STARTS = [
    pytest.param(batch, row, id=f"{batch.value}-{row.value}")
    for batch in sorted(BATCH_CALLING)
    for row in NOT_FINAL
]


def settled(batch: Batch) -> Batch:
    lifecycle.settle(batch, now=timezone.now())
    batch.refresh_from_db()
    return batch


@pytest.mark.parametrize(("start", "status"), STARTS)
def test_a_batch_with_a_row_that_is_not_final_stays_open(
    make_batch: Any, start: BatchStatus, status: RecipientStatus
) -> None:
    batch = calling(make_batch("+12025550190"), start)
    add_row(batch, RecipientStatus.DONE)
    # One in doubt is open while its provider is being asked.
    add_row(batch, status, due_at=timezone.now() + LATER)

    assert settled(batch).status in BATCH_CALLING, (
        f"The batch ended while a row was {status!r}. See its role in "
        "batchcalls/states/recipients.py."
    )
    assert batch.ended_at is None


@pytest.mark.parametrize("status", sorted(RECIPIENT_TERMINAL | RECIPIENT_IN_DOUBT))
def test_a_batch_ends_when_its_rows_are_final_and_says_how_many_fell_short(
    make_batch: Any, status: RecipientStatus
) -> None:
    batch = calling(make_batch("+12025550190"))
    add_row(batch, RecipientStatus.DONE)
    add_row(batch, status, due_at=None)

    if status.role.stage is Stage.DONE:
        assert (settled(batch).status, batch.reason) == (BatchStatus.COMPLETED, "")
    else:
        reason = f"1 {status.role.figure}."
        assert (settled(batch).status, batch.reason) == (BatchStatus.COMPLETED_PARTIAL, reason)


@pytest.mark.parametrize("status", RecipientStatus)
def test_a_cancel_reaches_exactly_the_rows_that_wait(
    make_batch: Any, status: RecipientStatus
) -> None:
    batch = calling(make_batch("+12025550190"))
    row = add_row(batch, status)
    lifecycle.cancel(batch)
    row.refresh_from_db()

    if status in RECIPIENT_NOT_YET_PLACED:
        assert (row.status, row.reason_code) == (RecipientStatus.CANCELED, "batch_canceled")
    else:
        assert row.status == status


@pytest.mark.parametrize("status", BatchStatus)
def test_a_batch_can_be_canceled_unless_it_is_over(make_batch: Any, status: BatchStatus) -> None:
    batch = make_batch("+12025550190")
    ended_at = timezone.now() if status in BATCH_TERMINAL else None
    Batch.objects.filter(pk=batch.pk).update(status=status, ended_at=ended_at)
    if status in BATCH_TERMINAL:
        with pytest.raises(lifecycle.Conflict):
            lifecycle.cancel(batch)
    else:
        lifecycle.cancel(batch)

    batch.refresh_from_db()
    assert batch.status in BATCH_TERMINAL


@pytest.fixture
def full(make_batch: Any) -> Batch:
    """A batch with a row in each status, and a done one with each outcome."""
    batch = calling(make_batch("+12025550190"))
    for status in RecipientStatus:
        for outcome in RecipientOutcome if status.role.by_outcome else [""]:
            add_row(batch, status, outcome=outcome)
    return batch


def test_totals_count_each_row_once(full: Batch) -> None:
    totals = Recipient.objects.totals(full.pk)
    rows = full.recipients.count()

    assert totals.rows == rows
    assert sum(totals.at(stage) for stage in Stage) == rows
    figures = totals.summary()
    assert sum(figures.values()) - figures["rows"] - figures["called"] == totals.finished
    assert totals.finished == rows - totals.waiting - totals.live


@pytest.mark.parametrize("status", RecipientStatus)
def test_a_row_is_counted_and_drawn_at_the_stage_of_its_status(
    make_batch: Any, status: RecipientStatus
) -> None:
    batch = calling(make_batch("+12025550190"))
    row = add_row(batch, status)
    totals = Recipient.objects.totals(batch.pk)

    assert getattr(totals, row.outcome or status.role.figure) == 1
    drawn = "canceled" if status == RecipientStatus.CANCELED else status.role.stage
    assert [part.name for part in formatting.segments(totals) if part.width == 100] == [drawn]


def test_the_segments_of_a_full_batch_fill_the_bar(full: Batch) -> None:
    totals = Recipient.objects.totals(full.pk)
    parts = formatting.segments(totals)

    assert [part.name for part in parts] == [
        "done",
        "live",
        "skipped",
        "canceled",
        "failed",
        "waiting",
    ]
    assert sum(part.count for part in parts) == totals.rows
    assert sum(part.width for part in parts) == pytest.approx(100, abs=0.01)


def test_the_export_names_every_status(full: Batch) -> None:
    place = batch_tables.RECIPIENT_COLUMNS.index("status")
    rows = batch_tables.recipients(full).rows

    assert {row[place] for row in rows} == set(RecipientStatus.values)


def test_rows_that_are_due_keep_a_batch_in_progress_and_later_ones_make_it_wait(
    make_batch: Any,
) -> None:
    batch = calling(make_batch("+12025550190"))
    row = add_row(batch, RecipientStatus.RETRY_WAIT)
    assert settled(batch).status == BatchStatus.WAITING_FOR_SCHEDULED_CALLS

    Recipient.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    assert settled(batch).status == BatchStatus.IN_PROGRESS
