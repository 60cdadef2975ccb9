"""A request leaves only while the database says that it may, whatever comes before it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import claiming, permission
from batchcalls.calling.dispatch import Dispatcher
from batchcalls.calling.permission import PERMITTED_SECONDS, Permissions
from batchcalls.models import CallResult, Recipient, VoiceAccount
from batchcalls.reporting.dashboard_figures import troubles
from batchcalls.reporting.waiting import waiting_of
from batchcalls.states import CallStatus, RecipientStatus
from batchcalls.voice.base import CallAccepted, CallRequest, always
from batchcalls.voice.errors import CallRejected, OutcomeUnknown
from tests.calling.placing import HUMAN, OTHER, Recorder, lease_of, place_due

pytestmark = pytest.mark.django_db


class SlowToConnect(Recorder):
    """Has a connection once ``connected`` is set; only then asks whether it may send."""

    def __init__(self) -> None:
        super().__init__()
        self.connected = threading.Event()

    def place(self, request: CallRequest, *, may_send: Callable[[], None] = always) -> CallAccepted:
        self.connected.wait(timeout=30)
        return super().place(request, may_send=may_send)


def statuses() -> set[str]:
    return set(Recipient.objects.values_list("status", flat=True))


def finish(dispatcher: Dispatcher) -> None:
    """Go on until every call that was handed out has its answer, recorded."""
    while not dispatcher.idle:
        dispatcher.step()
        dispatcher.wait(0.05)


class TestHalts:
    def test_a_call_that_is_connecting_when_its_batch_is_paused_is_not_sent(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        batch = launched(HUMAN)
        provider = SlowToConnect()
        with lease_of(account) as lease, Dispatcher(provider, lease) as dispatcher:
            dispatcher.step()
            lifecycle.pause(batch)
            time.sleep(PERMITTED_SECONDS)
            provider.connected.set()
            dispatcher.step()
            # At once, and not when the thread is done.
            assert statuses() == {RecipientStatus.QUEUED}
        assert provider.placed == []
        assert not CallResult.objects.exists()
        assert Recipient.objects.get().tries == 0

    def test_calls_that_wait_for_a_thread_return_to_the_queue_while_all_threads_are_busy(
        self, launched: Any, account: VoiceAccount, settings: Any
    ) -> None:
        settings.PLACING_THREADS = 2
        batch = launched(*(f"+120255501{n:02}" for n in range(20)))
        answer = threading.Event()
        busy = threading.Barrier(3)

        def act(request: CallRequest) -> None:
            busy.wait(timeout=30)
            answer.wait(timeout=30)

        provider = Recorder(act)
        with lease_of(account) as lease, Dispatcher(provider, lease) as dispatcher:
            dispatcher.step()
            busy.wait(timeout=30)
            lifecycle.pause(batch)
            time.sleep(PERMITTED_SECONDS)
            dispatcher.step()
            dialing = Recipient.objects.filter(status=RecipientStatus.DIALING)
            # The rest is claimed but with no thread, and is refused when its turn comes.
            handed_out = 20 - len(dispatcher._waiting)
            assert handed_out == 3
            assert dialing.count() == 20 - (handed_out - 2)
            answer.set()
        assert len(provider.placed) == 2
        assert Recipient.objects.filter(status=RecipientStatus.QUEUED).count() == 18

    def test_nothing_is_sent_while_the_database_cannot_be_asked(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)
        provider = SlowToConnect()
        with lease_of(account) as lease, Dispatcher(provider, lease) as dispatcher:
            dispatcher.step()
            # This thread is the one that would ask.
            time.sleep(PERMITTED_SECONDS)
            provider.connected.set()
            time.sleep(0.2)
            assert provider.placed == []
            finish(dispatcher)
            assert [one.to for one in provider.placed] == [HUMAN]

    def test_a_provider_without_threads_is_asked_again_too(
        self, launched: Any, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batch = launched(HUMAN, OTHER)
        monkeypatch.setattr(Recorder, "keeps_waiting", False)
        with time_machine.travel(timezone.now(), tick=False) as clock:

            def sleep_and_pause(request: CallRequest) -> None:
                lifecycle.pause(batch)
                clock.shift(10)

            provider = Recorder(sleep_and_pause)
            with lease_of(account) as lease:
                place_due(provider, lease)
        assert len(provider.placed) == 1


def test_one_query_answers_for_all_calls_and_all_rules(
    launched: Any, account: VoiceAccount, django_assert_num_queries: Any
) -> None:
    launched(HUMAN, OTHER)
    with lease_of(account) as lease:
        claims = claiming.claim(lease, want=10).placeable
        permissions = Permissions(lease, stop=lambda: False)
        with django_assert_num_queries(1):
            assert permissions.ask(claims) == []
        assert len(permissions.revoke()) == 2


class TestSleep:
    @pytest.mark.parametrize("seconds", [50, -50])
    def test_nothing_leaves_a_process_that_slept_while_it_was_connecting(
        self, launched: Any, account: VoiceAccount, seconds: int
    ) -> None:
        launched(HUMAN)
        provider = SlowToConnect()
        with (
            time_machine.travel(timezone.now(), tick=False) as clock,
            lease_of(account) as lease,
            Dispatcher(provider, lease) as dispatcher,
        ):
            dispatcher.step()
            # The monotonic clock stands still, as in a suspended host.
            clock.shift(seconds)
            provider.connected.set()
            finish(dispatcher)
        assert provider.placed == []
        recipient = Recipient.objects.get()
        assert (recipient.status, recipient.reason_code) == (RecipientStatus.QUEUED, "too_late")


class TestSentAt:
    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (None, CallStatus.QUEUED),
            (OutcomeUnknown("Lost.", code="answer_lost"), CallStatus.UNKNOWN),
            (CallRejected("No.", code="rejected"), CallStatus.FAILED),
        ],
    )
    def test_the_moment_of_sending_is_kept_whatever_the_answer(
        self, launched: Any, account: VoiceAccount, error: Exception | None, status: CallStatus
    ) -> None:
        launched(HUMAN)

        def answer(request: CallRequest) -> None:
            if error is not None:
                raise error

        with time_machine.travel(timezone.now(), tick=False) as clock:
            provider = SlowToConnect()
            provider.act = answer
            with lease_of(account) as lease, Dispatcher(provider, lease) as dispatcher:
                dispatcher.step()
                clock.shift(20)
                provider.connected.set()
                finish(dispatcher)
        call = CallResult.objects.get()
        assert call.status == status
        assert call.sent_at is not None
        assert call.sent_at - call.claimed_at == pytest.approx(
            timedelta(seconds=20), abs=timedelta(seconds=1)
        )

    def test_a_provider_that_asks_twice_may_have_sent_twice(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)

        class Forgetful(Recorder):
            def place(
                self, request: CallRequest, *, may_send: Callable[[], None] = always
            ) -> CallAccepted:
                may_send()
                return super().place(request, may_send=may_send)

        with lease_of(account) as lease:
            place_due(Forgetful(), lease)
        assert statuses() == {RecipientStatus.UNCONFIRMED}


class TestASlowDatabase:
    def test_when_no_answer_is_fresh_nobody_is_dialed_and_the_batch_says_why(
        self, launched: Any, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch, client: Client
    ) -> None:
        batch = launched(HUMAN)
        provider = Recorder()
        with time_machine.travel(timezone.now(), tick=False) as clock:
            with monkeypatch.context() as slow, lease_of(account) as lease:
                slow.setattr(permission, "PERMITTED_SECONDS", 0.0)
                slow.setattr(
                    permission.Permissions, "_await_answer", lambda *_, **__: clock.shift(60)
                )
                place_due_once(provider, lease)
            assert provider.placed == []
            assert Recipient.objects.get().status == RecipientStatus.QUEUED
            batch.refresh_from_db()
            assert waiting_of([batch])[batch.pk].code == "database_slow"
            database = client.get("/readyz").json()["checks"]["database"]
            assert "half a second" in database["detail"]
            assert any("waiting for the database" in one.what for one in troubles())

            with lease_of(account) as lease:
                place_due(provider, lease)
        assert len(provider.placed) == 1
        account.refresh_from_db()
        assert account.database_slow_at is None


def place_due_once(provider: Recorder, lease: Any) -> None:
    with Dispatcher(provider, lease) as dispatcher:
        dispatcher.step()
        while dispatcher._under_way.count:
            dispatcher.wait(0.05)
