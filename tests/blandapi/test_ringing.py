"""How a worker learns of single calls: at once, by one message, and without any by the sweep."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import urllib3
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.utils import timezone
from django_q.models import OrmQ

from batchcalls import queue, tasks
from batchcalls.access import api_keys
from batchcalls.batches import halts
from batchcalls.calling import ticks
from batchcalls.database.lease import Lease
from batchcalls.models import Batch, CallResult, Doorbell, EmergencyStop, Scope, VoiceAccount
from campaigns.models import Suppression
from tests.blandapi.conftest import BUSY, CALL, HUMAN, NOBODY, Program

TICK = "batchcalls.tasks.dispatch_tick"


def rung() -> list[tuple[str, Any]]:
    return [(one.task["func"], one.task["args"]) for one in OrmQ.objects.all()]


@pytest.fixture
def send(program: Program, django_capture_on_commit_callbacks: Any) -> Any:
    """Send a call, with what is left for after the commit."""

    def send(number: str = HUMAN, **changes: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            answer = program.post("/v1/calls", {**CALL, "phone_number": number, **changes})
        assert answer.status_code == 200, answer.json()
        return answer

    return send


def test_many_calls_ring_once_until_a_worker_answers(send: Any, account: VoiceAccount) -> None:
    for number in (HUMAN, NOBODY, BUSY, HUMAN):
        send(number)
    assert rung() == [(TICK, (account.pk,))]

    OrmQ.objects.all().delete()
    tasks.dispatch_tick(account.pk)
    assert CallResult.objects.count() == 4

    send()
    assert rung() == [(TICK, (account.pk,))]


def test_a_message_that_was_lost_is_replaced_and_the_sweep_needs_none(
    send: Any, account: VoiceAccount
) -> None:
    send()
    OrmQ.objects.all().delete()
    send()
    assert rung() == []

    tasks.ring_for_lost_work()
    assert rung() == [(TICK, (account.pk,))]
    OrmQ.objects.all().delete()
    Doorbell.objects.update(rung_at=timezone.now() - queue.LOST_AFTER - timedelta(seconds=1))
    send()
    assert rung() == [(TICK, (account.pk,))]


def test_while_a_tick_runs_nobody_rings_and_a_call_at_its_end_is_not_missed(
    send: Any, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_late(self: Any, *details: Any) -> None:
        """Release the account, which still was leased when the last call was accepted."""
        send(NOBODY)
        assert rung() == []
        release(self, *details)

    release = Lease.__exit__
    monkeypatch.setattr(Lease, "__exit__", end_late)
    wake = ticks.tick_account(account.pk, seconds=1)

    assert wake is not None
    assert ticks.is_near(wake)


def test_a_call_is_accepted_and_dialed_without_a_broker(
    send: Any, account: VoiceAccount, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*message: Any, **options: Any) -> None:
        asked.append(message)
        raise ConnectionError("redis is away")

    asked: list[Any] = []
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(queue, "async_task", away)
    send()
    send(NOBODY)

    # The second call does not wait for a broker that was away for the first.
    assert asked == [(TICK, account.pk)]
    ticks.tick_account(account.pk, seconds=5)
    assert CallResult.objects.count() == 2


@pytest.mark.parametrize("what", ["stop", "do-not-call", "hours", "start"])
def test_a_call_is_dialed_only_if_it_may_be_when_its_turn_comes(
    what: str, send: Any, account: VoiceAccount, program: Program
) -> None:
    changes: dict[str, Any] = {}
    if what == "hours":
        closed = (timezone.now() + timedelta(hours=6)).strftime("%H:00")
        later = (timezone.now() + timedelta(hours=7)).strftime("%H:00")
        changes["dispatch_hours"] = {"start": closed, "end": later}
        changes["timezone"] = "UTC"
    if what == "start":
        changes["start_time"] = (timezone.now() + timedelta(hours=2)).isoformat()
    send(**changes)
    if what == "stop":
        halts.engage(program.key.owner, "A test.")
    if what == "do-not-call":
        Suppression.objects.create(e164=HUMAN)
    ticks.tick_account(account.pk, seconds=2)

    assert not CallResult.objects.exists()
    row = Batch.objects.get().recipients.get()
    waiting = {"stop": "queued", "do-not-call": "skipped", "hours": "deferred", "start": "deferred"}
    assert row.status == waiting[what]
    if what == "stop":
        halts.lift(program.key.owner, EmergencyStop.objects.in_force().get())
        ticks.tick_account(account.pk, seconds=5)
        assert CallResult.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_clients_at_once_make_one_call_by_one_name_and_each_its_own_without(
    live_server: Any, account: VoiceAccount
) -> None:
    owner = User.objects.create_superuser("integrator")
    secret = api_keys.create(owner, name="many", scopes=Scope.values)[1]
    barrier = Barrier(20)

    def post(name: str) -> Any:
        headers = {"Authorization": secret} | ({"Idempotency-Key": name} if name else {})
        with urllib3.PoolManager(timeout=60) as http:
            barrier.wait()
            return http.request("POST", f"{live_server.url}/v1/calls", json=CALL, headers=headers)

    with ThreadPoolExecutor(20) as threads:
        for name, made in (("once", 1), ("", 20)):
            answers = list(threads.map(post, [name] * 20))
            assert [one.status for one in answers] == [200] * 20, answers[0].data
            assert len({one.json()["call_id"] for one in answers}) == made
    assert Batch.objects.count() == 21
    if not django_settings.BROKER_URL:
        assert rung() == [(TICK, (account.pk,))]
