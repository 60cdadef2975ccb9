"""One process at a time works on a row, and a dead one keeps nobody waiting for long."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from batchcalls.calling import ticks
from batchcalls.database.lease import Lease, LeaseLost
from batchcalls.models import VoiceAccount

pytestmark = pytest.mark.django_db


def acquire(account: VoiceAccount, seconds: float = 60) -> Lease[VoiceAccount] | None:
    return Lease.acquire(VoiceAccount.objects.all(), account.pk, seconds=seconds)


def test_a_lease_is_given_back_at_the_end(account: VoiceAccount) -> None:
    first = acquire(account)
    assert first is not None
    assert acquire(account) is None
    with first:
        first.keep()
    assert acquire(account) is not None


def test_a_lease_that_ran_out_is_taken_over_and_the_first_holder_learns_of_it(
    account: VoiceAccount,
) -> None:
    first = acquire(account, seconds=10)
    assert first is not None
    with time_machine.travel(timezone.now() + timedelta(seconds=11), tick=False):
        second = acquire(account, seconds=10)
    assert second is not None
    with pytest.raises(LeaseLost):
        first.keep()
    with pytest.raises(LeaseLost), transaction.atomic():
        first.lock()
    with first:
        pass
    second.keep()


def test_a_lease_is_prolonged_while_work_goes_on(account: VoiceAccount) -> None:
    lease = acquire(account, seconds=0.04)
    assert lease is not None
    account.refresh_from_db()
    before = account.lease_until
    time.sleep(0.02)
    lease.keep()
    account.refresh_from_db()
    assert account.lease_until > before  # type: ignore[operator]

    VoiceAccount.objects.update(lease_token=None)
    time.sleep(0.02)
    with pytest.raises(LeaseLost):
        lease.keep()


def test_a_tick_that_loses_its_lease_ends_quietly(
    account: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*args: object, **kwargs: object) -> int:
        raise LeaseLost

    monkeypatch.setattr("batchcalls.calling.dispatch.Dispatcher.step", lose)
    assert ticks.tick_account(account.pk, seconds=0) is None
    assert acquire(account) is not None


def test_a_row_whose_lease_is_lost_is_not_handed_out(account: VoiceAccount) -> None:
    lease = acquire(account)
    assert lease is not None
    assert lease.get() == account
    VoiceAccount.objects.update(lease_token=None)
    with pytest.raises(LeaseLost):
        lease.get()


def test_a_lease_from_before_the_clock_was_set_back_keeps_nobody_waiting(
    account: VoiceAccount,
) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        assert acquire(account) is not None
    assert acquire(account) is not None
