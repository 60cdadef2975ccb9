"""A provider that asks to wait: the account is held, and a person can end that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchcalls.batches import halts
from batchcalls.calling import ticks
from batchcalls.calling.dispatch import Dispatcher
from batchcalls.models import Recipient, VoiceAccount
from batchcalls.voice.base import CallRequest
from batchcalls.voice.errors import ProviderThrottled
from tests.calling.placing import HUMAN, OTHER, Recorder, lease_of, place_due

pytestmark = pytest.mark.django_db


def ask_to_wait(request: CallRequest) -> None:
    raise ProviderThrottled("Slow down.", code="x", retry_after_seconds=3_600, account_wide=True)


def test_the_account_keeps_until_when_and_why_its_provider_asked_to_wait(
    launched: Any, account: VoiceAccount
) -> None:
    batch = launched(HUMAN)
    before = timezone.now()
    with lease_of(account) as lease:
        place_due(Recorder(ask_to_wait), lease)

    account.refresh_from_db()
    assert account.held_until is not None
    assert account.held_until >= before + timedelta(hours=1)
    assert (account.held_reason, account.next_slot_at) == ("Slow down.", None)
    # Nobody waits longer than the account, whose hold can be ended.
    due_at = Recipient.objects.get(batch=batch).due_at
    assert due_at is not None
    assert due_at <= timezone.now()
    # Until then there is nothing to do, so no tick waits for it.
    assert ticks.next_work_at(account) == account.held_until


def test_after_try_now_a_running_worker_calls_at_once(launched: Any, account: VoiceAccount) -> None:
    launched(HUMAN, OTHER)
    provider = Recorder(ask_to_wait)
    with lease_of(account) as lease, Dispatcher(provider, lease) as dispatcher:

        def work() -> None:
            for _ in range(10):
                dispatcher.step()
                dispatcher.wait(0.05)

        work()
        refused = len(provider.placed)
        work()
        assert len(provider.placed) == refused
        provider.act = lambda request: None
        halts.end_hold(account, actor=None)
        work()
    assert {one.to for one in provider.placed[refused:]} == {HUMAN, OTHER}


def test_a_later_answer_holds_the_account_longer_and_an_earlier_one_no_shorter(
    launched: Any, account: VoiceAccount
) -> None:
    launched(HUMAN)
    until = timezone.now() + timedelta(hours=2)
    with lease_of(account) as lease, Dispatcher(Recorder(ask_to_wait), lease) as dispatcher:
        dispatcher.step()
        VoiceAccount.objects.update(held_until=until)
        dispatcher.wait(1)
        dispatcher.step()
    account.refresh_from_db()
    assert account.held_until == until
