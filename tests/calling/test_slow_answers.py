"""A provider that answers slowly does not silence its account at the end of each tick."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchcalls import tasks
from batchcalls.calling import ticks
from batchcalls.models import Doorbell, Export, ExportKind, Recipient, VoiceAccount, WorkerHeartbeat
from batchcalls.voice.base import CallRequest
from tests.calling.placing import HUMAN, OTHER, Recorder


@pytest.mark.parametrize("may_go_on", [True, False])
def test_a_tick_places_more_while_answers_are_outstanding_and_no_other_work_waits(
    launched: Any, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch, may_go_on: bool
) -> None:
    # One is due when the time of the tick is up, and the answer for the other is still to come.
    launched(HUMAN, OTHER)
    Recipient.objects.filter(e164=OTHER).update(due_at=timezone.now() + timedelta(seconds=0.3))
    is_second_placed = threading.Event()

    def act(request: CallRequest) -> None:
        if request.to == OTHER:
            is_second_placed.set()
        else:
            is_second_placed.wait(timeout=60 if may_go_on else 0.6)

    provider = Recorder(act)
    monkeypatch.setattr(VoiceAccount, "voice_provider", lambda self: provider)
    monkeypatch.setattr(ticks, "SLOW_ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(ticks, "GO_ON_SECONDS", 0.05)
    # Ends when there is nothing more to show, and not after the longest tick.
    ticks.tick_account(
        account.pk, seconds=0, go_on=lambda: may_go_on and not is_second_placed.is_set()
    )

    assert [request.to for request in provider.placed] == ([HUMAN, OTHER] if may_go_on else [HUMAN])


def nothing() -> None:
    """Let no other work wait."""


def ring() -> None:
    Doorbell.objects.create(task="webhooks", rung_at=timezone.now())


def request_export() -> None:
    Export.objects.create(kind=ExportKind.CALL_LOG)


def make_others_due() -> None:
    VoiceAccount.objects.update(lease_until=None)


def stop_sweeping() -> None:
    WorkerHeartbeat.objects.update(at=timezone.now() - timedelta(minutes=2))


@pytest.mark.parametrize(
    ("happens", "may_go_on"),
    [
        (nothing, True),
        (ring, False),
        (request_export, False),
        (make_others_due, False),
        (stop_sweeping, False),
    ],
)
def test_a_tick_does_not_take_longer_while_other_work_waits_for_a_worker(
    launched: Any,
    account: VoiceAccount,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[], None],
    may_go_on: bool,
) -> None:
    launched(HUMAN)
    # Its own due calls are no other work: it holds the lease.
    VoiceAccount.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    WorkerHeartbeat.objects.beat()
    happens()
    answers: list[bool] = []

    def tick(account_id: int, *, go_on: Callable[[], bool]) -> None:
        answers.append(go_on())

    monkeypatch.setattr(ticks, "tick_account", tick)
    tasks.dispatch_tick(account.pk)

    assert answers == [may_go_on]
