"""How many calls may start: of an account, of a batch, and after a stall."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import chunks, claiming, pacing
from batchcalls.calling.dispatch import Dispatcher
from batchcalls.database.lease import Lease
from batchcalls.intake import runner
from batchcalls.models import Batch, CallResult, VoiceAccount
from batchcalls.states import CallStatus
from campaigns.models import Suppression
from tests.calling.placing import Recorder, lease_of


def launch(make_batch: Any, prefix: str, rows: int, **fields: Any) -> Batch:
    batch: Batch = make_batch(*(f"{prefix}{n:02}" for n in range(rows)), **fields)
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=30)
    chunks.queue_due(batch.account, now=timezone.now())
    return batch


def claim(account: VoiceAccount, *, want: int) -> claiming.Claims:
    lease = Lease.acquire(VoiceAccount.objects.all(), account.pk, seconds=60)
    assert lease is not None
    with lease:
        return claiming.claim(lease, want=want)


@pytest.mark.django_db
class TestBatchCaps:
    def test_a_batch_with_a_cap_leaves_the_rest_to_the_others(
        self, make_batch: Any, account: VoiceAccount
    ) -> None:
        capped = launch(make_batch, "+120255501", 20, concurrency=3)
        free = launch(make_batch, "+120255601", 20)
        claims = claim(account, want=20)

        shares = Counter(one.call.batch_id for one in claims.placeable)
        assert shares == {capped.pk: 3, free.pk: 17}
        assert claims.full
        assert Counter(one.call.batch_id for one in claim(account, want=20).placeable) == {
            free.pk: 3
        }

    def test_a_lost_answer_holds_a_line_while_it_is_asked_about(
        self, make_batch: Any, account: VoiceAccount
    ) -> None:
        launch(make_batch, "+120255501", 20, concurrency=3)
        claim(account, want=3)
        CallResult.objects.update(status=CallStatus.UNKNOWN, next_check_at=timezone.now())
        assert claim(account, want=3).placeable == []
        CallResult.objects.update(next_check_at=None)
        assert len(claim(account, want=9).placeable) == 3

    def test_calls_of_a_batch_start_no_faster_than_its_own_rate(
        self, make_batch: Any, account: VoiceAccount
    ) -> None:
        slow = launch(make_batch, "+120255501", 20, cps=4)
        quick = launch(make_batch, "+120255601", 20)
        VoiceAccount.objects.update(cps=20)
        claims = claim(account, want=50).placeable

        slots = [one.slot for one in claims]
        assert slots == sorted(slots)
        assert min(b - a for a, b in pairwise(slots)) >= timedelta(seconds=0.0499)
        of_slow = [one.slot for one in claims if one.call.batch_id == slow.pk]
        assert min(b - a for a, b in pairwise(of_slow)) >= timedelta(seconds=0.2499)
        assert any(one.call.batch_id == quick.pk for one in claims)
        slow.refresh_from_db()
        assert slow.next_slot_at is not None
        assert slow.next_slot_at >= of_slow[-1] + timedelta(seconds=0.2499)

    def test_an_account_on_hold_hands_out_no_slot(
        self, make_batch: Any, account: VoiceAccount
    ) -> None:
        launch(make_batch, "+120255501", 5)
        VoiceAccount.objects.update(held_until=timezone.now() + timedelta(seconds=30))
        claims = claim(account, want=5)
        assert (claims.placeable, claims.full) == ([], True)


@pytest.mark.django_db
class TestSlotsOfReturnedCalls:
    """A slot whose call was not placed is free again, so no rate loses calls."""

    def test_workers_that_stop_often_place_calls_at_the_full_rate(
        self, make_batch: Any, account: VoiceAccount
    ) -> None:
        launch(make_batch, "+120255501", 20, cps=2)
        times: list[float] = []
        provider = Recorder(lambda request: times.append(time.monotonic()))
        until = time.monotonic() + 30
        while len(times) < 5 and time.monotonic() < until:
            end = time.monotonic() + 0.3
            with lease_of(account) as lease, Dispatcher(provider, lease) as dispatcher:
                while time.monotonic() < end:
                    dispatcher.step()
                    dispatcher.wait(0.05)

        # Four intervals of half a second, with room for a busy machine.
        assert 1.8 <= times[4] - times[0] <= 6

    def test_a_call_that_is_no_longer_wanted_costs_the_next_one_no_time(
        self, make_batch: Any, account: VoiceAccount
    ) -> None:
        VoiceAccount.objects.update(cps=0.05)
        launch(make_batch, "+120255501", 2)
        provider, questions = Recorder(), 0

        def forbid_the_first() -> bool:
            # Asked before the claim, and again before the call is placed.
            nonlocal questions
            questions += 1
            if questions == 2:
                Suppression.objects.create(e164=CallResult.objects.get().to_number)
            return False

        with (
            lease_of(account) as lease,
            Dispatcher(provider, lease, stop=forbid_the_first) as dispatcher,
        ):
            until = time.monotonic() + 2
            while not provider.placed and time.monotonic() < until:
                dispatcher.step()
                dispatcher.wait(0.05)
        assert [one.to for one in provider.placed] == ["+12025550101"]

    def test_a_rate_that_was_raised_does_not_wait_for_the_slot_of_the_old_one(
        self, make_batch: Any, account: VoiceAccount
    ) -> None:
        launch(make_batch, "+120255501", 2)
        far = timezone.now() + timedelta(hours=1)
        VoiceAccount.objects.update(cps=2, next_slot_at=far)
        account.refresh_from_db()
        now = timezone.now()
        assert pacing.first_slot(account, now=now) <= now + timedelta(seconds=1)


class TestSpacing:
    def test_what_a_stall_has_delayed_is_not_made_up_for(self) -> None:
        spacing = pacing.Spacing()
        starts: list[float] = []
        # Slots every 0.2 s from 0 on; the process wakes up at 10 and finds fifty of them due.
        for _ in range(50):
            start = spacing.start({"account": 0.2}, now=10.0)
            spacing.take({"account": 0.2}, start)
            starts.append(start)

        assert starts[0] == 10.0
        assert min(b - a for a, b in pairwise(starts)) == pytest.approx(0.2)

    def test_the_slowest_rate_decides_and_each_keeps_its_own_count(self) -> None:
        spacing = pacing.Spacing()
        both, account = {"account": 0.1, "batch": 1.0}, {"account": 0.1}
        first = spacing.start(both, now=0.0)
        spacing.take(both, first)
        other = spacing.start(account, now=0.0)
        spacing.take(account, other)
        assert (first, other, spacing.start(both, now=0.0)) == (0.0, 0.1, 1.0)

    def test_a_hold_is_never_shortened(self) -> None:
        spacing = pacing.Spacing()
        spacing.hold("account", 5.0)
        spacing.hold("account", 2.0)
        assert spacing.start({"account": 0.1}, now=1.0) == 5.0
