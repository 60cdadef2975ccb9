"""What becomes of a call by the provider's answer: taken, refused, not now, or none at all."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog
import time_machine
from django.db import OperationalError
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import claiming, dispatch, reconcile, recording, ticks
from batchcalls.calling.dispatch import Dispatcher
from batchcalls.database import insisting
from batchcalls.models import CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus
from batchcalls.voice.base import CallAccepted, CallFound, CallRequest
from batchcalls.voice.errors import AccountRefused, NotPlaced, ProviderThrottled
from tests.calling.asking import check, lose
from tests.calling.placing import HUMAN, OTHER, Recorder, lease_of, place_due


@pytest.mark.django_db
class TestAnswers:
    def test_a_broken_adapter_leaves_the_call_unconfirmed_and_never_redials(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)

        def explode(request: CallRequest) -> None:
            raise RuntimeError("boom")

        provider = Recorder(explode)
        with lease_of(account) as lease:
            place_due(provider, lease)
            place_due(provider, lease)

        assert len(provider.placed) == 1
        recipient = Recipient.objects.get()
        assert (recipient.status, recipient.reason_code) == (
            RecipientStatus.UNCONFIRMED,
            "place_error",
        )
        assert CallResult.objects.get().status == CallStatus.UNKNOWN

    def test_not_placed_is_tried_again_later_as_the_same_attempt(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)

        def refuse(request: CallRequest) -> None:
            if request.tries == 0:
                raise NotPlaced("Refused.", code="connection_refused", retry_after_seconds=60)

        provider = Recorder(refuse)
        with time_machine.travel(timezone.now(), tick=False) as clock, lease_of(account) as lease:
            place_due(provider, lease)
            place_due(provider, lease)
            assert len(provider.placed) == 1
            assert not CallResult.objects.exists()
            clock.shift(61)
            place_due(provider, lease)

        assert [(one.attempt, one.tries) for one in provider.placed] == [(1, 0), (1, 1)]
        assert Recipient.objects.get().attempts == 1

    def test_a_dead_workers_claims_become_unconfirmed_and_are_asked_about(
        self, launched: Any, account: VoiceAccount, settings: Any
    ) -> None:
        batch = launched(HUMAN)
        with lease_of(account) as lease:
            claiming.claim(lease, want=10)
        assert not reconcile.abandon_stale(account, now=timezone.now())
        later = timezone.now() + timedelta(seconds=settings.STALE_CLAIM_SECONDS + 1)
        assert reconcile.abandon_stale(account, now=later)
        assert not reconcile.abandon_stale(account, now=later)

        recipient = Recipient.objects.get()
        assert (recipient.status, recipient.reason_code) == (
            RecipientStatus.UNCONFIRMED,
            "worker_died",
        )
        batch.refresh_from_db()
        lifecycle.settle(batch, now=later)
        assert batch.status == BatchStatus.IN_PROGRESS
        with time_machine.travel(later, tick=False):
            for _ in range(2):
                ticks.tick_account(account.pk, seconds=0)
        batch.refresh_from_db()
        assert batch.status == BatchStatus.COMPLETED
        assert CallResult.objects.get().attempt == 1

    def test_a_late_answer_confirms_an_unconfirmed_call(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)
        with lease_of(account) as lease:
            claims = claiming.claim(lease, want=10)
        later = timezone.now() + timedelta(hours=1)
        reconcile.abandon_stale(account, now=later)
        recording.record([(one.call, Recorder().place(one.request)) for one in claims.placeable])

        assert Recipient.objects.get().status == RecipientStatus.IN_CALL
        assert CallResult.objects.get().status == CallStatus.QUEUED


@pytest.mark.django_db
class TestRefusals:
    def test_an_account_that_is_refused_pauses_its_batches_and_fails_nobody(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        batch = launched(HUMAN, OTHER)

        def refuse(request: CallRequest) -> None:
            raise AccountRefused("Bad key: check BLAND_API_KEY.", code="unauthorized")

        with lease_of(account) as lease:
            place_due(Recorder(refuse), lease)

        batch.refresh_from_db()
        assert (batch.status, batch.reason_code) == (BatchStatus.PAUSED, "unauthorized")
        assert "BLAND_API_KEY" in batch.reason
        assert not CallResult.objects.exists()
        assert set(Recipient.objects.values_list("status", "attempts", "tries")) == {
            ("queued", 0, 0)
        }

    @pytest.mark.parametrize(("account_wide", "others"), [(True, 0), (False, 1)])
    def test_slow_down_holds_the_account_only_where_it_is_meant_for_it(
        self, launched: Any, account: VoiceAccount, *, account_wide: bool, others: int
    ) -> None:
        launched(HUMAN)

        def refuse(request: CallRequest) -> None:
            if request.to == HUMAN:
                raise ProviderThrottled(
                    "Slow down.", code="x", retry_after_seconds=60, account_wide=account_wide
                )

        provider = Recorder(refuse)
        with time_machine.travel(timezone.now(), tick=False) as clock:
            with lease_of(account) as lease:
                place_due(provider, lease)
            launched(OTHER)
            with lease_of(account) as lease:
                place_due(provider, lease)
            assert [one.to for one in provider.placed] == [HUMAN, *[OTHER] * others]
            clock.shift(61)
            provider.act = lambda request: None
            with lease_of(account) as lease:
                place_due(provider, lease)

        assert Counter(one.to for one in provider.placed) == {HUMAN: 2, OTHER: 1}

    def test_one_slow_answer_keeps_no_other_call_waiting(
        self, launched: Any, account: VoiceAccount, settings: Any
    ) -> None:
        settings.PLACING_THREADS = 4
        launched(*(f"+120255501{n:02}" for n in range(30)))
        others_done = threading.Event()
        provider = Recorder()

        def act(request: CallRequest) -> None:
            if len(provider.placed) == 1:
                others_done.wait(timeout=30)
            elif len(provider.placed) == 30:
                others_done.set()

        provider.act = act
        with lease_of(account) as lease:
            place_due(provider, lease)
        assert others_done.is_set()
        assert Recipient.objects.filter(status="in_call").count() == 30

    def test_a_worker_that_was_held_up_between_claim_and_dial_dials_nobody(
        self, launched: Any, account: VoiceAccount, settings: Any
    ) -> None:
        launched(HUMAN)
        provider = Recorder()
        with (
            time_machine.travel(timezone.now(), tick=False) as clock,
            lease_of(account) as lease,
            Dispatcher(provider, lease) as dispatcher,
        ):
            dispatcher._claim()
            clock.shift(settings.STALE_CLAIM_SECONDS)
            dispatcher._start_due()
        assert provider.placed == []
        assert Recipient.objects.get().status == RecipientStatus.QUEUED

    def test_more_threads_than_one_transaction_claims_are_put_to_use(
        self, launched: Any, account: VoiceAccount, settings: Any
    ) -> None:
        settings.PLACING_THREADS = 40
        launched(*(f"+120255501{n:02}" for n in range(40)))
        everybody = threading.Barrier(40)
        with lease_of(account) as lease:
            place_due(Recorder(lambda request: everybody.wait(timeout=30) and None), lease)
        assert Recipient.objects.filter(status="in_call").count() == 40


@pytest.mark.django_db
class TestIdsOfOtherCalls:
    def test_one_id_for_several_calls_spoils_no_other_answer(
        self, launched: Any, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        numbers = [f"+120255501{n:02}" for n in range(4)]
        launched(*numbers)
        provider = Recorder()

        def place(request: CallRequest, *, may_send: Callable[[], None]) -> CallAccepted:
            may_send()
            own = CallAccepted(provider_call_id=f"rec-{request.correlation_id}")
            return own if request.to == numbers[3] else CallAccepted(provider_call_id="same")

        monkeypatch.setattr(provider, "place", place)
        with lease_of(account) as lease:
            place_due(provider, lease)

        rows = Recipient.objects.order_by("row_number").values_list("status", "reason_code")
        assert list(rows) == [
            ("in_call", ""),
            ("unconfirmed", "id_taken"),
            ("unconfirmed", "id_taken"),
            ("in_call", ""),
        ]

    def test_a_look_up_that_finds_the_id_of_another_call_is_repeated_later(
        self, make_batch: Any, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)
        with lease_of(account) as lease:
            place_due(Recorder(), lease)
        other = CallResult.objects.get()
        call = lose(make_batch(OTHER))
        check(call, CallFound(provider_call_id=str(other.provider_call_id)))

        assert (call.status, call.lookups) == (CallStatus.UNKNOWN, 1)
        assert call.next_check_at is not None
        assert str(other.provider_call_id) in call.recipient.reason


@pytest.mark.django_db
class TestADatabaseThatIsAway:
    def test_answers_are_recorded_once_it_is_back(
        self, launched: Any, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It goes away while a request is under way, and returns after two failed writes."""
        launched(HUMAN, OTHER)
        failures = iter([OperationalError("away")] * 3)
        for module, name in ((recording, "record"), (recording, "withdraw")):
            monkeypatch.setattr(module, name, failing_first(getattr(module, name), failures))
        monkeypatch.setattr(insisting, "AGAIN_SECONDS", 0)

        def place() -> None:
            with lease_of(account) as lease, Dispatcher(Recorder(), lease) as dispatcher:
                dispatcher.step()
                dispatcher.wait(0.1)
                raise OperationalError("away")

        with pytest.raises(OperationalError):
            place()
        assert set(Recipient.objects.values_list("status", flat=True)) == {"in_call"}
        assert not CallResult.objects.filter(provider_call_id=None).exists()

    def test_a_database_that_stays_away_leaves_the_ids_in_the_log(
        self, launched: Any, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        launched(HUMAN)
        always_away = (OperationalError("away") for _ in itertools.count())
        monkeypatch.setattr(recording, "record", failing_first(recording.record, always_away))
        monkeypatch.setattr(dispatch, "INSIST_SECONDS", 0)
        with (
            structlog.testing.capture_logs() as logged,
            pytest.raises(OperationalError),
            lease_of(account) as lease,
        ):
            place_due(Recorder(), lease)
        [entry] = [one for one in logged if one["event"] == "dispatch.answers_not_recorded"]
        assert f"rec-{CallResult.objects.get().call_id}" in str(entry["answers"])


def failing_first(function: Any, failures: Iterator[Exception]) -> Any:
    """Return the function, which first raises these errors."""

    def call(*arguments: Any, **options: Any) -> Any:
        for failure in failures:
            raise failure
        return function(*arguments, **options)

    return call
