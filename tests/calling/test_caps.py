"""Caps on the calls to one number, across all batches."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from batchcalls.calling import claiming, recent_attempts
from batchcalls.database.lease import Lease
from batchcalls.intake import dry_run
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from campaigns.models import CallingPolicy, Campaign
from tests.calling.placing import HUMAN, OTHER, Recorder, lease_of, place_due

#: Noon in Washington, D.C.
NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
DAY = timedelta(days=1)
_ids = count(1)


@pytest.fixture
def noon() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def real(account: VoiceAccount, monkeypatch: pytest.MonkeyPatch) -> VoiceAccount:
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    return VoiceAccount.objects.create(name="real", provider="bland")


@pytest.fixture
def policy() -> CallingPolicy:
    return CallingPolicy.objects.create(name="Capped")


@pytest.fixture
def campaign(policy: CallingPolicy) -> Campaign:
    return Campaign.objects.create(name="C", prompt="Call {{business_name}}.", policy=policy)


def past_call(batch: Batch, *, ago: timedelta, number: str = HUMAN, **fields: Any) -> CallResult:
    """Store a call of another batch, sent some time ago."""
    at = timezone.now() - ago
    other, _ = Batch.objects.get_or_create(name="Past", account=batch.account, prompt="Hello.")
    row = next(_ids)
    recipient = Recipient.objects.create(
        batch=other, row_number=row + 1, e164=number, status="done", outcome="not_reached"
    )
    return CallResult.objects.create(
        **{
            "batch": other,
            "recipient": recipient,
            "account": batch.account,
            "attempt": 1,
            "to_number": number,
            "claimed_at": at,
            "sent_at": at,
            "ended_at": at,
            "status": "no_answer",
            "provider_call_id": f"past-{row}",
            **fields,
        }
    )


def dialed(account: VoiceAccount) -> list[str]:
    provider = Recorder()
    with lease_of(account) as lease:
        place_due(provider, lease)
    return [one.to for one in provider.placed]


def row_of(batch: Batch) -> Recipient:
    return Recipient.objects.select_related("batch__account").get(batch=batch)


@pytest.mark.django_db
@pytest.mark.usefixtures("noon")
class TestCaps:
    def test_without_a_policy_real_phones_ring_three_times_in_24_hours(
        self, launched: Any, real: VoiceAccount, noon: Any
    ) -> None:
        batch = launched(HUMAN, account=real)
        for hours in (20, 10, 1):
            past_call(batch, ago=timedelta(hours=hours))

        assert dialed(real) == []
        waiting = row_of(batch)
        assert (waiting.status, waiting.reason_code) == ("deferred", "capped")
        assert waiting.reason == "The number had 3 calls in 24 hours; the cap is 3."
        assert waiting.due_at == NOON + timedelta(hours=4)
        noon.move_to(waiting.due_at - timedelta(seconds=1))
        Recipient.objects.update(due_at=timezone.now())
        assert dialed(real) == []
        noon.move_to(waiting.due_at)
        assert dialed(real) == [HUMAN]
        checks = CallResult.objects.get(batch=batch).checks
        counted = "2 of 3 calls in 24 hours (2026-03-04 16:00 UTC, 2026-03-04 07:00 UTC)"
        assert checks["caps"] == counted

    def test_a_policy_cannot_raise_the_cap_of_real_phones(
        self, launched: Any, real: VoiceAccount, campaign: Campaign, policy: CallingPolicy
    ) -> None:
        CallingPolicy.objects.update(attempts_24h=10)
        batch = launched(HUMAN, account=real, campaign=campaign)
        for hours in (20, 10, 1):
            past_call(batch, ago=timedelta(hours=hours))

        assert dialed(real) == []

    @pytest.mark.parametrize(
        ("cap", "call"),
        [
            ("attempts_24h", {"ago": DAY}),
            ("attempts_7d", {"ago": 7 * DAY}),
            ("attempts_30d", {"ago": 30 * DAY}),
            ("answered_7d", {"ago": 7 * DAY, "status": "completed", "answered_by": "human"}),
        ],
    )
    def test_each_cap_holds_until_its_window_is_over(
        self, launched: Any, campaign: Campaign, cap: str, call: Any
    ) -> None:
        CallingPolicy.objects.update(**{cap: 1})
        batch = launched(HUMAN, campaign=campaign)
        past_call(batch, **{**call, "ago": call["ago"] - timedelta(minutes=1)})

        assert dialed(batch.account) == []
        assert row_of(batch).due_at == NOON + timedelta(minutes=1)

    @pytest.mark.parametrize(
        "call",
        [
            {"ago": DAY},
            {"ago": timedelta(hours=1), "number": OTHER},
            {"ago": timedelta(hours=1), "status": "not_placed", "provider_call_id": None},
            {
                "ago": timedelta(hours=1),
                "status": "failed",
                "error_code": "bad_number",
                "provider_call_id": None,
            },
        ],
        ids=["older", "another number", "given up", "refused"],
    )
    def test_what_does_not_count(
        self, launched: Any, account: VoiceAccount, campaign: Campaign, call: Any
    ) -> None:
        CallingPolicy.objects.update(attempts_24h=1)
        batch = launched(HUMAN, campaign=campaign)
        past_call(batch, **call)
        assert dialed(account) == [HUMAN]

    @pytest.mark.parametrize(
        "call",
        [
            {"status": "unknown", "ended_at": None, "provider_call_id": None},
            {"status": "failed", "error_code": "result_unknown", "provider_call_id": None},
            {"status": "queued", "ended_at": None, "provider_call_id": None, "sent_at": None},
        ],
        ids=["unconfirmed", "placed, a person says", "being placed"],
    )
    def test_what_may_have_rung_counts(
        self, launched: Any, account: VoiceAccount, campaign: Campaign, call: Any
    ) -> None:
        CallingPolicy.objects.update(attempts_24h=1)
        batch = launched(HUMAN, campaign=campaign)
        past_call(batch, ago=timedelta(hours=1), **call)
        assert dialed(account) == []

    def test_a_voicemail_is_no_answered_call(
        self, launched: Any, account: VoiceAccount, campaign: Campaign
    ) -> None:
        CallingPolicy.objects.update(answered_7d=1)
        batch = launched(HUMAN, campaign=campaign)
        past_call(batch, ago=DAY, status="completed", answered_by="voicemail")
        assert dialed(account) == [HUMAN]

    @pytest.mark.parametrize("when_capped", ["wait", "skip"])
    def test_a_call_under_way_may_be_answered_and_is_waited_for(
        self, launched: Any, account: VoiceAccount, campaign: Campaign, noon: Any, when_capped: str
    ) -> None:
        CallingPolicy.objects.update(answered_7d=1, when_capped=when_capped)
        batch = launched(HUMAN, campaign=campaign)
        talking = past_call(batch, ago=timedelta(minutes=1), status="in_progress", ended_at=None)
        assert dry_run.compute(batch, now=NOON)["later"]["count"] == 1

        assert dialed(account) == []
        waiting = row_of(batch)
        assert (waiting.status, waiting.reason_code) == ("deferred", "capped")
        assert waiting.reason == (
            "The number had 0 answered calls in 7 days, and a call under way may be answered; "
            "the cap is 1."
        )
        CallResult.objects.filter(pk=talking.pk).update(status="no_answer", ended_at=NOON)
        noon.move_to(waiting.due_at)
        assert dialed(account) == [HUMAN]

    def test_calls_count_after_the_clock_was_set_back(
        self, launched: Any, real: VoiceAccount, noon: Any
    ) -> None:
        batch = launched(HUMAN, account=real)
        for minutes in (30, 20, 10):
            past_call(batch, ago=timedelta(minutes=minutes))
        noon.move_to(NOON - timedelta(hours=1))
        Recipient.objects.update(due_at=timezone.now())
        assert dialed(real) == []

    def test_one_claim_does_not_dial_a_number_twice_that_may_answer_once(
        self, launched: Any, account: VoiceAccount, campaign: Campaign
    ) -> None:
        CallingPolicy.objects.update(answered_7d=1)
        launched(HUMAN, campaign=campaign)
        launched(HUMAN, campaign=campaign)
        assert dialed(account) == [HUMAN]

    def test_simulated_calls_do_not_count_for_real_phones(
        self, launched: Any, account: VoiceAccount, real: VoiceAccount
    ) -> None:
        batch = launched(HUMAN, account=real)
        for hours in (3, 2, 1):
            past_call(batch, ago=timedelta(hours=hours), account=account)
        assert dialed(real) == [HUMAN]

    def test_a_row_at_a_cap_is_skipped_by_choice(
        self, launched: Any, account: VoiceAccount, campaign: Campaign
    ) -> None:
        CallingPolicy.objects.update(attempts_24h=1, when_capped="skip")
        batch = launched(HUMAN, campaign=campaign)
        past_call(batch, ago=timedelta(hours=1))

        assert dialed(account) == []
        assert (row_of(batch).status, row_of(batch).reason_code) == ("skipped", "capped")

    def test_a_number_on_several_rows_and_batches_counts_within_one_claim(
        self, launched: Any, real: VoiceAccount
    ) -> None:
        launched(HUMAN, HUMAN, account=real, duplicates="call_each_row")
        launched(HUMAN, HUMAN, account=real, duplicates="call_each_row")

        assert dialed(real) == [HUMAN] * 3
        assert Recipient.objects.get(status="deferred").reason_code == "capped"

    def test_a_stricter_cap_reaches_waiting_batches_and_a_looser_one_never(
        self, launched: Any, account: VoiceAccount, campaign: Campaign, policy: CallingPolicy
    ) -> None:
        policy.attempts_7d = 2
        policy.save()
        batch = launched(HUMAN, campaign=campaign)
        past_call(batch, ago=timedelta(hours=1))
        CallingPolicy.objects.update(attempts_7d=1)
        assert dialed(account) == []

        past_call(batch, ago=timedelta(hours=1))
        CallingPolicy.objects.update(attempts_7d=None)
        Recipient.objects.update(due_at=timezone.now())
        assert dialed(account) == []

    def test_unreadable_caps_refuse_the_call(self, launched: Any, account: VoiceAccount) -> None:
        batch = launched(HUMAN)
        Batch.objects.update(policy={"caps": {"attempts_24h": "many"}})
        assert dialed(account) == []
        assert row_of(batch).reason_code == "cannot_tell"

    def test_the_explanation_says_the_same(self, launched: Any, real: VoiceAccount) -> None:
        batch = launched(HUMAN, account=real)
        for hours in (3, 2, 1):
            past_call(batch, ago=timedelta(hours=hours))
        refusal = next(one for one in explaining.why_not(row_of(batch)) if one.allows is False)
        assert refusal.rule == "Frequency caps"
        assert "3 calls in 24 hours" in refusal.detail

    def test_the_dry_run_counts_recent_calls_and_names_the_first_time(
        self, launched: Any, real: VoiceAccount
    ) -> None:
        batch = launched(HUMAN, OTHER, "+12025550192", account=real)
        for hours in (3, 2, 1):
            past_call(batch, ago=timedelta(hours=hours))
        past_call(batch, ago=timedelta(hours=1), number=OTHER)

        report = dry_run.compute(batch, now=NOON)

        assert "2 of these were called in the last 24 hours." in report["notes"]
        assert report["now"] == 2
        # 14:00 in Washington on the day after, when the first call is 24 hours old.
        first = NOON + timedelta(hours=21)
        assert report["later"] == {"count": 1, "first_at": first.isoformat()}
        dialed(real)
        assert Recipient.objects.get(batch=batch, e164=HUMAN).due_at == first

    def test_the_dry_run_leaves_out_what_is_skipped_at_a_cap(
        self, launched: Any, account: VoiceAccount, campaign: Campaign
    ) -> None:
        CallingPolicy.objects.update(attempts_24h=1, when_capped="skip")
        batch = launched(HUMAN, campaign=campaign)
        past_call(batch, ago=timedelta(hours=1))
        report = dry_run.compute(batch, now=NOON)
        assert (report["now"], report["never"]) == (0, {"capped": 1})

    def test_without_caps_a_claim_counts_nothing(
        self, launched: Any, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        launched(HUMAN)
        monkeypatch.setattr(
            type(CallResult.objects), "that_may_have_rung", lambda *_, **__: pytest.fail("asked")
        )
        assert dialed(account) == [HUMAN]


@pytest.mark.django_db(transaction=True)
def test_workers_and_batches_at_the_same_time_never_exceed_a_cap(
    make_batch: Any, account: VoiceAccount
) -> None:
    numbers = [f"+1202555{n:04}" for n in range(100, 140)]
    policy = {"caps": {"attempts_24h": 2}}
    for batch_number in range(3):
        own = VoiceAccount.objects.create(name=f"line {batch_number}", provider="simulator")
        batch = Batch.objects.create(
            name="Race", account=own, prompt="Hello.", policy=policy, status="dispatching"
        )
        Recipient.objects.bulk_create(
            Recipient(
                batch=batch, row_number=row, e164=number, status="queued", due_at=timezone.now()
            )
            for row, number in enumerate(numbers, start=2)
        )
    accounts = list(VoiceAccount.objects.filter(name__startswith="line").order_by("pk"))
    due = Recipient.objects.filter(status="queued")

    def work(worker: int) -> None:
        try:
            for turn in count(worker):
                if not due.exists():
                    return
                one = accounts[turn % 3]
                lease = Lease.acquire(VoiceAccount.objects.all(), one.pk, seconds=60)
                if lease is not None:
                    with lease:
                        claiming.claim(lease, want=5)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    attempts = CallResult.objects.order_by().values_list("to_number").annotate(n=Count("pk"))
    assert dict(attempts) == dict.fromkeys(numbers, 2)
    assert Recipient.objects.filter(status="deferred", reason_code="capped").count() == 40


@pytest.mark.django_db
def test_no_numbers_need_no_lock(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        recent_attempts.lock([])
