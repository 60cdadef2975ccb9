"""The figures of a batch: calls over time, their costs, and counts that are kept for a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.models.batch import MANY_ROWS
from batchcalls.models.querysets import Totals
from batchcalls.reporting import batch_figures, kept
from batchcalls.reporting.batch_figures import MOST_BARS, timeline_of
from tests.admin.call_rows import make_calls

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def minutes(*numbers: int) -> dict[datetime, int]:
    return {START + timedelta(minutes=number): 1 for number in numbers}


def test_a_short_batch_has_a_bar_for_each_minute_those_without_calls_too() -> None:
    timeline = timeline_of({**minutes(0, 3), START + timedelta(minutes=1): 5})
    assert timeline is not None
    assert timeline.width_seconds == 60
    assert [n for _, n in timeline.bars] == [1, 5, 0, 1]
    assert timeline.bars[3][0] == START + timedelta(minutes=3)


@pytest.mark.parametrize("length", [1, 59, 60, 61, 299, 300, 1_440, 20_000])
def test_however_long_a_batch_calls_no_call_is_left_out_and_the_bars_are_few(length: int) -> None:
    timeline = timeline_of(minutes(*range(0, length, 7), length))
    assert timeline is not None
    assert len(timeline.bars) <= MOST_BARS
    assert sum(n for _, n in timeline.bars) == len({*range(0, length, 7), length})


def test_without_a_call_there_is_no_timeline() -> None:
    assert timeline_of({}) is None


@pytest.mark.django_db
def test_costs_are_added_up_by_currency_and_calls_without_a_price_are_counted_too(
    make_batch: Any,
) -> None:
    batch = make_batch("+12025550190")
    for row, (price, currency) in enumerate(
        [("0.5", "USD"), ("0.25", "USD"), ("1.5", "EUR"), (None, "")], 2
    ):
        recipient = Recipient.objects.create(batch=batch, row_number=row, e164="+12025550190")
        CallResult.objects.create(
            batch=batch,
            recipient=recipient,
            account=batch.account,
            attempt=1,
            to_number=recipient.e164,
            claimed_at=START + timedelta(seconds=50 * row),
            price=price,
            currency=currency,
        )
    figures = batch_figures.figures_of(batch, Totals())
    assert figures.costs == {"USD": Decimal("0.75"), "EUR": Decimal("1.5")}
    # Each database returns the decimals that are stored, and no noise of floats after them.
    assert {str(cost) for cost in figures.costs.values()} == {"0.75000", "1.50000"}
    assert figures.timeline is not None
    assert sum(n for _, n in figures.timeline.bars) == 4


@pytest.mark.django_db
def test_only_the_figures_of_a_large_batch_are_kept_and_they_are_read_as_they_were_written(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "WORTH_KEEPING_SECONDS", 0)
    monkeypatch.setattr(kept, "FRESH_TIMES", 1e9)
    large, small = make_batch("+12025550190"), make_batch("+12025550190")
    Batch.objects.filter(pk=large.pk).update(row_count=MANY_ROWS + 1)
    Batch.objects.filter(pk=small.pk).update(row_count=MANY_ROWS)
    batches = list(Batch.objects.filter(pk__in=[large.pk, small.pk]))
    batch_figures.totals_of(batches)
    make_calls(large, 2, price=Decimal("0.5"), currency="USD", answered_by="human")
    figures = batch_figures.figures_of(large, Totals(rows=2))
    assert batch_figures.current(large, Totals(rows=2)) == figures
    for batch in batches:
        Recipient.objects.create(batch=batch, row_number=9, e164="+12025550190")
    found = batch_figures.totals_of(batches)
    assert (found[large.pk].rows, found[small.pk].rows) == (0, 1)
    assert batch_figures.current(large, Totals()) == figures
    large.status = "completed"
    assert batch_figures.totals_of([large])[large.pk].rows == 3


@pytest.mark.django_db
def test_ended_calls_count_by_disposition_or_else_by_status(make_batch: Any) -> None:
    batch = make_batch("+12025550190")
    for row, (disposition, status) in enumerate(
        [("BUSY", "busy"), ("", "no_answer"), ("", "ringing"), ("BUSY", "busy")], 2
    ):
        recipient = Recipient.objects.create(batch=batch, row_number=row, e164="+12025550190")
        CallResult.objects.create(
            batch=batch,
            recipient=recipient,
            account=batch.account,
            attempt=1,
            to_number=recipient.e164,
            claimed_at=START,
            status=status,
            disposition=disposition,
            ended_at=None if status == "ringing" else START,
        )
    assert batch_figures.figures_of(batch, Totals()).outcomes == {
        ("disposition", "BUSY"): 2,
        ("status", "no_answer"): 1,
    }
