"""Too many failures in a short time pause the batch, or all batches of the account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import circuit_breaker, ticks
from batchcalls.calling.circuit_breaker import TOO_MANY_FAILURES
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier_account(account: VoiceAccount) -> VoiceAccount:
    VoiceAccount.objects.update(breaker_percent=50)
    account.refresh_from_db()
    return account


@pytest.fixture
def running(make_batch: Any, carrier_account: VoiceAccount) -> Any:
    def run(**fields: Any) -> Batch:
        batch: Batch = make_batch("+12025550190", **fields)
        Batch.objects.filter(pk=batch.pk).update(
            status=BatchStatus.IN_PROGRESS, launched_at=timezone.now()
        )
        batch.refresh_from_db()
        return batch

    return run


def call(batch: Batch, count: int, status: CallStatus, *, minutes_ago: float = 1) -> None:
    """Store calls of the batch that ended with a status, or are live."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    first = Recipient.objects.filter(batch=batch).count() + 2
    rows = Recipient.objects.bulk_create(
        Recipient(batch=batch, row_number=first + n, e164=f"+1202555{n:04}") for n in range(count)
    )
    ended = None if status == CallStatus.IN_PROGRESS else at
    CallResult.objects.bulk_create(
        CallResult(
            batch=batch,
            recipient=row,
            account=batch.account,
            attempt=1,
            to_number=row.e164,
            status=status,
            claimed_at=at,
            ended_at=ended,
            given_up_at=at if status == CallStatus.NOT_PLACED else None,
            error_message="The caller ID is blocked." if status == CallStatus.FAILED else "",
        )
        for row in rows
    )


def judge(*batches: Batch) -> list[str]:
    circuit_breaker.check(batches[0].account_id, now=timezone.now())
    for batch in batches:
        batch.refresh_from_db()
    return [batch.status for batch in batches]


def test_half_of_twenty_calls_that_fail_pause_the_batch_and_say_why(running: Any) -> None:
    batch = running()
    call(batch, 10, CallStatus.FAILED)
    call(batch, 9, CallStatus.COMPLETED)
    assert judge(batch) == ["in_progress"], "19 calls are too few"

    call(batch, 1, CallStatus.COMPLETED)
    assert judge(batch) == ["paused"]
    assert batch.reason_code == TOO_MANY_FAILURES
    assert batch.reason == (
        "10 of the last 20 calls through simulator failed (50%) within 10 minutes; the limit is "
        "50%. Most common reason: The caller ID is blocked. Find the cause, then resume: failures "
        "so far will not count again."
    )


@pytest.mark.parametrize(
    "status",
    [
        CallStatus.NO_ANSWER,
        CallStatus.BUSY,
        CallStatus.CANCELED,
        CallStatus.NOT_PLACED,
        CallStatus.IN_PROGRESS,
    ],
)
def test_people_who_do_not_answer_are_no_failures(running: Any, status: CallStatus) -> None:
    batch = running()
    call(batch, 40, status)
    assert judge(batch) == ["in_progress"]


def test_old_failures_do_not_count(running: Any) -> None:
    batch = running()
    call(batch, 40, CallStatus.FAILED, minutes_ago=11)
    assert judge(batch) == ["in_progress"]


def test_resuming_begins_a_new_window(running: Any) -> None:
    batch = running()
    call(batch, 30, CallStatus.FAILED)
    assert judge(batch) == ["paused"]
    lifecycle.resume(batch)
    assert judge(batch) == ["dispatching"]
    call(batch, 20, CallStatus.FAILED, minutes_ago=-0.1)
    assert judge(batch) == ["paused"]


def test_a_bad_list_stops_alone(running: Any) -> None:
    bad, good = running(), running()
    call(bad, 30, CallStatus.FAILED)
    call(good, 10, CallStatus.COMPLETED)
    assert judge(bad, good) == ["paused", "in_progress"]


def test_failures_spread_over_batches_pause_the_account(running: Any) -> None:
    batches = [running() for _ in range(3)]
    for batch in batches:
        call(batch, 8, CallStatus.FAILED)
    assert judge(*batches) == ["paused"] * 3
    assert {batch.reason_code for batch in batches} == {TOO_MANY_FAILURES}

    # A batch that is launched now is not paused for the failures of the others.
    another = running()
    call(another, 3, CallStatus.FAILED, minutes_ago=-0.1)
    assert judge(another) == ["in_progress"]


def test_a_batch_may_have_a_limit_of_its_own_or_none(running: Any) -> None:
    strict, lenient = running(breaker_percent=10), running(breaker_percent=0)
    call(strict, 2, CallStatus.FAILED)
    call(strict, 18, CallStatus.COMPLETED)
    call(lenient, 40, CallStatus.FAILED)
    assert judge(strict, lenient) == ["paused", "in_progress"]


@pytest.mark.parametrize(
    ("provider", "percent", "limit"),
    [("simulator", None, None), ("bland", None, 50), ("bland", 0, None), ("simulator", 30, 30)],
)
def test_accounts_that_ring_people_have_a_limit_unless_it_is_set(
    provider: str, percent: int | None, limit: int | None
) -> None:
    account = VoiceAccount(name="one", provider=provider, breaker_percent=percent)
    assert account.failures_allowed == limit


def test_without_a_limit_no_call_is_counted(
    running: Any, carrier_account: VoiceAccount, django_assert_num_queries: Any
) -> None:
    batch = running()
    call(batch, 40, CallStatus.FAILED)
    VoiceAccount.objects.update(breaker_percent=0)
    with django_assert_num_queries(2):
        circuit_breaker.check(carrier_account.pk, now=timezone.now())


def test_the_engine_pauses_a_batch_whose_calls_fail(
    make_batch: Any, run: Any, carrier_account: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticks, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(ticks, "JUDGE_SECONDS", 0.0)
    monkeypatch.setattr(ticks, "JUDGE_SHARE", 0)
    VoiceAccount.objects.update(breaker_calls=5, concurrency=2)
    batch = run(make_batch(*["+12025550194"] * 60, duplicates="call_each_row"))
    assert (batch.status, batch.reason_code) == (BatchStatus.PAUSED, TOO_MANY_FAILURES)
    assert Recipient.objects.filter(batch=batch).not_yet_placed().exists()
