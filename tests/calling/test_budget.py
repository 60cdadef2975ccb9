"""No call is placed beyond a budget."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from batchcalls.batches import budgets, lifecycle, spending
from batchcalls.calling import budget, ticks
from batchcalls.calling.budget import Period
from batchcalls.database.lease import Lease
from batchcalls.intake import dry_run
from batchcalls.models import (
    AccountEvent,
    Batch,
    BatchEvent,
    CallResult,
    Recipient,
    VoiceAccount,
    WebhookDelivery,
    WebhookEndpoint,
)
from batchcalls.states import BatchStatus
from campaigns.times_in_words import moment_in_words
from tests.calling.placing import lease_of
from tests.calling.spending_rows import (
    MINUTE,
    NUMBERS,
    PRICES,
    accept,
    assert_sums_are_those_of_the_rows,
    end,
    ledger,
    take,
    try_again,
)

pytestmark = pytest.mark.django_db


def test_a_batch_with_money_for_three_calls_places_three_and_pauses(
    launch: Any, lease: Any, priced: VoiceAccount
) -> None:
    batch = launch(5, "0.30")

    calls = take(lease)

    assert len(calls) == 3
    assert ledger(priced) == Decimal("0.30")
    assert take(lease) == []
    batch.refresh_from_db()
    assert batch.status != BatchStatus.PAUSED, "live calls may leave some of the money"

    accept(calls)
    end(calls)
    try_again()
    assert take(lease) == []
    batch.refresh_from_db()
    assert batch.status == BatchStatus.PAUSED
    assert batch.reason == (
        "The batch’s budget is used up: $0.30 of $0.30 spent, and the next call may cost up to "
        "$0.10. Raise the budget, then resume."
    )
    assert ledger(priced) == batch.budget
    waiting = Recipient.objects.filter(batch=batch).not_yet_placed()
    assert waiting.count() == 2, "nobody is lost"


def test_what_short_calls_leave_is_used_for_more_calls(
    launch: Any, lease: Any, priced: VoiceAccount
) -> None:
    launch(9, "0.30")
    placed = 0
    for _ in range(12):
        if calls := take(lease):
            accept(calls)
            end(calls, duration_seconds=30)
            placed += len(calls)
        try_again()
    # The sixth call could have cost 0.10 when 0.05 was left.
    assert placed == 5
    assert ledger(priced) == Decimal("0.25")


def test_two_batches_share_the_daily_budget_and_wait_for_the_next_day(
    launch: Any, lease: Any, priced: VoiceAccount
) -> None:
    VoiceAccount.objects.update(daily_budget=Decimal("0.40"))
    batches = [launch(4), launch(4, first=10)]

    calls = [*take(lease), *take(lease)]
    assert len(calls) == 4
    accept(calls)
    end(calls)
    try_again()
    assert take(lease) == []

    priced.refresh_from_db()
    now = timezone.now()
    assert priced.is_out_of_budget(now)
    assert priced.held_until == spending.start_of(spending.day_of(now) + timedelta(days=1))
    assert "daily budget of the voice account simulator is used up: $0.40 of $0.40" in (
        priced.held_reason
    )
    until = moment_in_words(priced.held_until)
    assert f"Calls start again at {until}, or when you raise it" in priced.held_reason
    assert {batch.status for batch in Batch.objects.all()} <= {"dispatching", "in_progress"}
    assert AccountEvent.objects.filter(code=budgets.USED_UP).exists()
    assert ticks.next_work_at(priced) == priced.held_until
    assert all(batch.events.filter(code=budgets.USED_UP).exists() for batch in batches)

    # A higher budget ends the wait.
    priced.daily_budget = Decimal("0.60")
    priced.save(update_fields=["daily_budget"])
    budgets.account_changed(priced, actor=None)
    try_again()
    assert len([*take(lease), *take(lease)]) == 2


def test_a_new_day_has_a_budget_of_its_own_and_the_month_goes_on(
    launch: Any, priced: VoiceAccount, clock: Any
) -> None:
    clock.move_to("2026-11-10T12:00:00+00:00")
    VoiceAccount.objects.update(daily_budget=Decimal("0.20"), monthly_budget=Decimal("0.30"))
    batch = launch(6)
    lease = lease_of(priced)
    calls = take(lease)
    assert len(calls) == 2
    accept(calls)
    end(calls)

    clock.move_to("2026-11-11T00:00:01+00:00")
    lease = lease_of(priced)
    try_again()
    calls = take(lease)
    assert len(calls) == 1, "0.10 of the month is left"
    accept(calls)
    end(calls)
    try_again()
    assert take(lease) == []
    batch.refresh_from_db()
    assert (batch.status, batch.reason_code) == (BatchStatus.PAUSED, budgets.USED_UP)
    assert (
        "monthly budget of the voice account simulator is used up: $0.30 of $0.30" in batch.reason
    )
    assert "the next month, which begins at 2026-12-01 00:00 UTC, then resume." in batch.reason

    clock.move_to("2026-12-01T00:00:01+00:00")
    lease = lease_of(priced)
    lifecycle.resume(batch)
    try_again()
    assert len(take(lease)) == 2
    assert_sums_are_those_of_the_rows(priced)


def test_resuming_without_more_money_pauses_again_and_with_more_calls(
    launch: Any, lease: Any
) -> None:
    batch = launch(3, "0.10")
    calls = take(lease)
    accept(calls)
    end(calls)
    for _ in range(2):
        try_again()
        assert take(lease) == []
        batch.refresh_from_db()
        assert batch.status == BatchStatus.PAUSED
        lifecycle.resume(batch)
    budgets.change(batch, Decimal("0.20"), actor=None)
    try_again()
    assert len(take(lease)) == 1
    assert batch.events.filter(message="The budget was $0.10 and is now $0.20.").exists()


def test_a_budget_lowered_below_what_is_reserved_places_nothing_more(
    launch: Any, lease: Any
) -> None:
    batch = launch(6, "0.40")
    calls = take(lease)
    assert len(calls) == 4
    budgets.change(batch, Decimal("0.05"), actor=None)
    assert take(lease) == []
    accept(calls)
    end(calls)
    try_again()
    assert take(lease) == []
    batch.refresh_from_db()
    assert batch.status == BatchStatus.PAUSED
    assert "$0.40 of $0.05 spent" in batch.reason


def test_a_budget_given_to_a_running_batch_counts_its_past_calls(launch: Any, lease: Any) -> None:
    batch = launch(4)
    calls = take(lease, want=2)
    accept(calls)
    end(calls)
    budgets.change(batch, Decimal("0.30"), actor=None)
    batch.refresh_from_db()
    assert batch.spent == Decimal("0.20")
    assert len(take(lease)) == 1


def test_a_budget_without_prices_places_nothing(launch: Any, lease: Any) -> None:
    batch = launch(2, "5")
    VoiceAccount.objects.update(price_per_minute=0)
    assert take(lease) == []
    batch.refresh_from_db()
    assert batch.status == BatchStatus.PAUSED
    assert "has no prices, so costs are not known. Set its prices, then resume." in batch.reason


def test_each_row_reserves_by_its_own_longest_time(launch: Any, lease: Any) -> None:
    batch = launch(3, "0.50")
    rows = list(Recipient.objects.filter(batch=batch).order_by("pk"))
    for row, minutes in zip(rows, [4, 1, 9], strict=True):
        Recipient.objects.filter(pk=row.pk).update(call_settings={"max_duration": minutes})
    calls = [*take(lease), *take(lease), *take(lease)]
    assert [str(call.reserved) for call in calls] == ["0.40000", "0.10000"]


def test_accounts_keep_their_own_budgets_and_currencies(launch: Any, lease: Any) -> None:
    other = VoiceAccount.objects.create(
        name="euros", provider="simulator", currency="EUR", daily_budget=Decimal("0.20"), **PRICES
    )
    VoiceAccount.objects.filter(name="simulator").update(daily_budget=Decimal("0.30"))
    launch(5)
    launch(5, first=20, account=other)
    assert len(take(lease)) == 3
    calls = take(lease_of(other))
    assert len(calls) == 2
    assert calls[0].checks["budget"] == "today: €0.00 of €0.20 used; €0.10 reserved for this call"


def test_test_calls_and_single_calls_count_for_their_account(launch: Any, lease: Any) -> None:
    VoiceAccount.objects.update(daily_budget=Decimal("0.30"))
    batch = launch(1)
    trial = launch(1, first=1)
    single = launch(1, first=2)
    Batch.objects.filter(pk=trial.pk).update(test_of=batch)
    Batch.objects.filter(pk=single.pk).update(single_call_id="6b1e0dd4-50ff-4c0c-8f57-2d0f0f1c7d11")
    launch(2, first=3)
    assert len([*take(lease), *take(lease), *take(lease)]) == 3


# Warnings and the person -------------------------------------------------------------------------


def test_a_batch_is_warned_once_when_its_budget_is_nearly_used_up(
    launch: Any, lease: Any, endpoint: WebhookEndpoint
) -> None:
    batch = launch(9, "0.50")
    WebhookDelivery.objects.all().delete()
    VoiceAccount.objects.update(budget_warning_percent=60)
    for _ in range(4):
        calls = take(lease, want=1)
        accept(calls)
        end(calls)
    take(lease, want=1)
    sent = [json.loads(one.body)["data"] for one in WebhookDelivery.objects.all()]
    told = [(one.get("status"), one.get("reason_code")) for one in sent if "is_over" in one]
    assert told == [(Batch.objects.get().status, budgets.WARNING)]
    warnings = BatchEvent.objects.filter(batch=batch, code=budgets.WARNING)
    assert [one.message for one in warnings] == [
        "The batch’s budget is nearly used up: $0.30 of $0.50 spent (60%)."
    ]


def test_an_account_is_warned_once_in_each_period_about_each_budget(
    launch: Any, lease: Any
) -> None:
    VoiceAccount.objects.update(daily_budget=Decimal("0.30"), monthly_budget=Decimal("10"))
    launch(9)
    for _ in range(3):
        calls = take(lease, want=1)
        accept(calls)
        end(calls, price=Decimal("0.09"))
    warnings = AccountEvent.objects.filter(code=budgets.WARNING)
    assert [one.message for one in warnings] == []
    VoiceAccount.objects.update(daily_budget=Decimal("0.32"))
    for _ in range(2):
        take(lease, want=1)
    assert [one.message for one in AccountEvent.objects.filter(code=budgets.WARNING)] == [
        "The daily budget of simulator is nearly used up: $0.27 of $0.32 spent (84%)."
    ]


def test_an_account_without_budgets_asks_the_database_nothing_more(
    launch: Any, priced: VoiceAccount, django_assert_num_queries: Any
) -> None:
    batch = launch(1)
    with django_assert_num_queries(0):
        purse = budget.open_purse(priced, [batch], now=timezone.now())
        assert purse.check(batch, Recipient(batch=batch)) == ""


def test_the_periods_of_an_account_are_those_of_the_sites_time_zone(
    priced: VoiceAccount, settings: Any
) -> None:
    settings.TIME_ZONE = "America/New_York"
    timezone.get_default_timezone.cache_clear()
    try:
        priced.daily_budget = priced.monthly_budget = Decimal(1)
        at = timezone.datetime(2026, 12, 1, 3, tzinfo=timezone.get_default_timezone()).astimezone(
            timezone.get_default_timezone()
        )
        day, month = budget.of_account(priced, now=at)
        assert (day.period, month.period) == (Period.DAY, Period.MONTH)
        assert f"{day.until:%Y-%m-%d %H:%M %Z}" == "2026-12-02 00:00 EST"
        assert f"{month.until:%Y-%m-%d %H:%M %Z}" == "2027-01-01 00:00 EST"
    finally:
        timezone.get_default_timezone.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_two_batches_never_exceed_the_budgets(priced: VoiceAccount) -> None:
    VoiceAccount.objects.update(daily_budget=Decimal("1.50"))
    for name, amount in (("one", "1.00"), ("two", None)):
        batch = Batch.objects.create(
            name=name,
            account=priced,
            prompt="Hello.",
            status=BatchStatus.DISPATCHING,
            call_settings=MINUTE,
            budget=amount,
        )
        Recipient.objects.bulk_create(
            Recipient(
                batch=batch, row_number=n, e164=NUMBERS[n], status="queued", due_at=timezone.now()
            )
            for n in range(2, 42)
        )

    def work(worker: int) -> None:
        try:
            for _ in range(12):
                lease = Lease.acquire(VoiceAccount.objects.all(), priced.pk, seconds=60)
                if lease is None:
                    continue
                with lease:
                    if calls := take(lease, want=3):
                        accept(calls)
                        end(calls[:1], price=Decimal("0.07"))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))

    assert Decimal("1.40") < ledger(priced) <= Decimal("1.50")
    of_one = CallResult.objects.filter(batch__name="one")
    counted = [call.reserved if call.cost is None else call.cost for call in of_one]
    assert sum(filter(None, counted)) <= 1
    assert_sums_are_those_of_the_rows(priced)


def test_a_budget_that_is_too_small_for_one_call_says_so(
    launch: Any, lease: Any, priced: VoiceAccount
) -> None:
    batch = launch(1, "0.05")
    assert take(lease) == []
    batch.refresh_from_db()
    assert batch.status == BatchStatus.PAUSED
    assert batch.reason == (
        "The batch’s budget of $0.05 is too small for one call, which may cost up to $0.10. "
        "Raise the budget, or shorten calls with the call setting max_duration. Then resume."
    )
    notes = dry_run.compute(batch, now=timezone.now())["notes"]
    assert any("is too small for one call" in note for note in notes)
