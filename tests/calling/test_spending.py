"""Every call counts in its budgets, once, with what it cost or can cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from batchcalls.batches import overcharging, spending
from batchcalls.calling import budget, recording, results, unconfirmed
from batchcalls.models import (
    AccountEvent,
    Batch,
    CallResult,
    DailySpending,
    Recipient,
    VoiceAccount,
)
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus
from batchcalls.voice.errors import CallRejected, OutcomeUnknown
from tests.calling.placing import lease_of
from tests.calling.spending_rows import (
    accept,
    assert_sums_are_those_of_the_rows,
    end,
    ended,
    ledger,
    take,
)

pytestmark = pytest.mark.django_db


def test_a_call_keeps_what_the_budget_said(launch: Any, lease: Any) -> None:
    launch(3, "0.50")
    calls = take(lease)
    assert [call.checks["budget"] for call in calls] == [
        "batch: $0.00 of $0.50 used; $0.10 reserved for this call",
        "batch: $0.10 of $0.50 used; $0.10 reserved for this call",
        "batch: $0.20 of $0.50 used; $0.10 reserved for this call",
    ]


@pytest.mark.parametrize(
    ("details", "cost"),
    [
        ({"price": Decimal("0.03"), "currency": "USD"}, "0.03000"),
        ({"price": Decimal("7.50"), "currency": "USD"}, "7.50000"),
        ({"price": Decimal("0.03"), "currency": "EUR"}, "0.05000"),
        ({"price": Decimal("0.03"), "currency": "US DOLLARS"}, "0.05000"),
        ({"price": Decimal(0)}, "0.05000"),
        ({"price": Decimal("-5")}, "0.05000"),
        ({"price": Decimal("NaN")}, "0.05000"),
        ({"price": Decimal("1e9")}, "0.05000"),
        ({"price": None}, "0.05000"),
        ({"price": None, "duration_seconds": None}, "0.10000"),
        # Longer than it was allowed to be: it is charged all the same.
        ({"price": None, "duration_seconds": 120}, "0.20000"),
    ],
)
def test_a_carrier_cannot_make_a_call_free_or_lose_its_result(
    launch: Any, lease: Any, priced: VoiceAccount, details: dict[str, Any], cost: str
) -> None:
    batch = launch(1, "0.10")
    calls = take(lease)
    accept(calls)
    end(calls, **{"duration_seconds": 30, **details})
    call = CallResult.objects.get()
    assert (call.status, str(call.cost)) == (CallStatus.COMPLETED, cost)
    batch.refresh_from_db()
    assert str(batch.spent) == cost
    assert_sums_are_those_of_the_rows(priced)


def test_a_result_that_arrives_twice_counts_once(
    launch: Any, lease: Any, priced: VoiceAccount
) -> None:
    batch = launch(1, "1")
    calls = take(lease)
    accept(calls)
    end(calls, price=Decimal("0.05"))
    end(calls, price=Decimal("0.05"))
    end(calls, key="late", price=None)
    end(calls, CallStatus.FAILED, key="changed", price=Decimal("0.05"))
    batch.refresh_from_db()
    assert batch.spent == Decimal("0.05")
    assert DailySpending.objects.get().spent == Decimal("0.05")
    assert_sums_are_those_of_the_rows(priced)


@pytest.mark.parametrize(
    ("prices", "spent"),
    [
        ([None, "0.07"], "0.07"),
        ([None, "0.12"], "0.12"),
        (["0.05", "0.09", "0.07"], "0.09"),
        (["0.05", "1e9", "NaN", "-1"], "0.05"),
        ([None, "0"], "0.10"),
    ],
)
def test_a_price_that_is_reported_after_the_end_counts_and_the_highest_stays(
    launch: Any, lease: Any, priced: VoiceAccount, prices: list[str | None], spent: str
) -> None:
    batch = launch(1, "1")
    calls = take(lease)
    accept(calls)
    for number, price in enumerate(prices):
        details = {"price": None if price is None else Decimal(price), "currency": "USD"}
        end(calls, key=f"report {number}", **details)
    batch.refresh_from_db()
    assert batch.spent == Decimal(spent)
    assert DailySpending.objects.get().spent == Decimal(spent)
    assert_sums_are_those_of_the_rows(priced)


def test_an_end_and_its_later_price_in_one_group_count_once(
    launch: Any, lease: Any, priced: VoiceAccount
) -> None:
    batch = launch(1, "1")
    calls = take(lease)
    accept(calls)
    ends = [ended(calls[0], key="end"), ended(calls[0], key="price", price=Decimal("0.07"))]
    results.apply(priced.pk, ends, now=timezone.now())
    batch.refresh_from_db()
    assert batch.spent == Decimal("0.07")
    assert_sums_are_those_of_the_rows(priced)


def test_a_provider_that_charges_more_than_the_prices_leaves_room_for_fewer_calls(
    launch: Any,
    lease: Any,
    priced: VoiceAccount,
    django_capture_on_commit_callbacks: Any,
) -> None:
    launch(9, "1.00")
    calls = take(lease, want=2)
    accept(calls)
    with django_capture_on_commit_callbacks(execute=True):
        end(calls, price=Decimal("0.25"), currency="USD")
    priced.refresh_from_db()
    assert priced.overcharge == Decimal("2.5")
    assert AccountEvent.objects.get(code=overcharging.OVERCHARGED).message.startswith(
        "The provider charged $0.25 for call "
    )
    calls = [*take(lease), *take(lease)]
    assert [call.reserved for call in calls] == [Decimal("0.25")] * 2, "0.50 are left"

    with django_capture_on_commit_callbacks(execute=True):
        accept(calls)
        end(calls, price=Decimal("0.20"), currency="USD")
    priced.refresh_from_db()
    assert priced.overcharge == Decimal("2.5"), "the highest stays"
    overcharging.forget(priced)
    assert priced.prices.most(60) == Decimal("0.10")


def test_calls_that_were_not_placed_give_their_money_back(
    launch: Any, lease: Any, priced: VoiceAccount
) -> None:
    batch = launch(3, "0.30")
    rejected, withdrawn, denied = take(lease)
    recording.record_rejected(
        [(rejected, CallRejected("No such number.", code="bad_number"))], now=timezone.now()
    )
    again = [
        recording.Withdrawal(
            call=withdrawn, due_at=timezone.now(), code="halted", reason="Halted."
        ),
        recording.Withdrawal(
            call=denied, due_at=timezone.now(), code="x", reason="Denied.", doubt="denied"
        ),
    ]
    recording.withdraw(again)
    assert ledger(priced) == 0
    standing = budget.of_batch(batch)
    assert standing
    assert standing.left == Decimal("0.30")

    # The call that was given up exists after all.
    accept([denied])
    standing = budget.of_batch(batch)
    assert standing
    assert (standing.reserved, ledger(priced)) == (Decimal("0.10"), Decimal("0.10"))
    end([denied], price=Decimal("0.04"))
    batch.refresh_from_db()
    assert (batch.spent, ledger(priced)) == (Decimal("0.04"), Decimal("0.04"))
    assert_sums_are_those_of_the_rows(priced)


def test_an_unconfirmed_call_keeps_its_reservation_and_the_batch_says_so(
    launch: Any, lease: Any, admin_user: Any, priced: VoiceAccount
) -> None:
    batch = launch(2, "0.10")
    [lost] = take(lease)
    now = timezone.now()
    recording.record_unknown([(lost, OutcomeUnknown("Lost.", code="lost"))], ask_at=now)
    assert take(lease) == []
    batch.refresh_from_db()
    assert batch.status != BatchStatus.PAUSED, "the provider is still being asked"

    CallResult.objects.update(next_check_at=None)
    Recipient.objects.filter(status=RecipientStatus.DEFERRED).update(due_at=timezone.now())
    assert take(lease) == []
    batch.refresh_from_db()
    assert batch.status == BatchStatus.PAUSED
    assert "$0.00 of $0.10 spent, $0.10 reserved for calls that have not ended" in batch.reason

    lost.refresh_from_db()
    unconfirmed.was_placed(lost, actor=admin_user)
    batch.refresh_from_db()
    assert batch.spent == Decimal("0.10"), "it may have cost as much"
    assert_sums_are_those_of_the_rows(priced)


def test_the_sweep_corrects_sums_and_counts_calls_of_earlier_releases(
    launch: Any, lease: Any, priced: VoiceAccount, clock: Any
) -> None:
    clock.move_to("2026-11-10T12:00:00+00:00")
    batch = launch(2, "1")
    calls = take(lease_of(priced))
    accept(calls)
    end(calls)
    # As if the calls were of a release that stored prices only, and a sum were wrong.
    CallResult.objects.update(cost=None, price=Decimal("0.06"))
    DailySpending.objects.update(spent=Decimal(7))
    Batch.objects.update(spent=Decimal(7))
    VoiceAccount.objects.update(monthly_budget=Decimal(50))
    clock.move_to("2026-11-12T12:00:00+00:00")

    spending.recount_due(now=timezone.now())

    batch.refresh_from_db()
    assert batch.spent == Decimal("0.12")
    days = DailySpending.objects.exclude(spent=0)
    assert list(days.values_list("day__day", "spent")) == [(10, Decimal("0.12"))]
    # Not again within the hour.
    Batch.objects.update(spent=Decimal(7))
    spending.recount_due(now=timezone.now())
    batch.refresh_from_db()
    assert batch.spent == Decimal(7)
