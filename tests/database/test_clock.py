"""Hosts compare stored times by the database's clock, whatever their own clocks say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from batchcalls import queue, tasks
from batchcalls.calling import ticks
from batchcalls.database import clock
from batchcalls.database.lease import Lease
from batchcalls.models import VoiceAccount, WorkerHeartbeat

HAS_OWN_CLOCK = clock._has_own_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the clock of the real database server, which does not travel in time."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own.")
    monkeypatch.setattr(clock, "_has_own_clock", HAS_OWN_CLOCK)
    monkeypatch.setattr(clock, "_clock", clock._DatabaseClock())


@pytest.fixture(params=[5, -5])
def minutes(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def off(shared_clock: None, minutes: int) -> Iterator[int]:
    """A host whose clock is minutes ahead of the database's, or behind."""
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        yield minutes


def is_near(one: Any, other: Any) -> bool:
    return bool(abs((one - other).total_seconds()) < 2)


def test_a_database_without_a_clock_has_the_time_of_its_host() -> None:
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL has a clock.")
    assert HAS_OWN_CLOCK() is False
    assert clock.ahead_seconds() == 0
    assert is_near(clock.now(), timezone.now())


def test_a_host_with_a_wrong_clock_knows_the_right_time(off: int) -> None:
    assert clock.ahead_seconds() == pytest.approx(off * 60, abs=2)
    assert is_near(clock.now(), timezone.now() - timedelta(minutes=off))
    assert clock.is_off()


@pytest.mark.usefixtures("shared_clock")
def test_a_clock_that_is_set_later_is_noticed_at_once() -> None:
    before = clock.now()
    assert not clock.is_off()
    with time_machine.travel(timezone.now() + timedelta(minutes=15)):
        assert is_near(clock.now(), before)
        assert clock.is_off()
    assert is_near(clock.now(), before)
    assert not clock.is_off()


@pytest.mark.usefixtures("shared_clock")
def test_the_database_is_not_asked_each_time(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        for _ in range(10):
            clock.now()


def test_a_thread_that_only_sends_requests_opens_no_connection(off: int) -> None:
    expected = clock.now()
    clock._clock._last = None if clock._clock._last is None else _old(clock._clock._last)
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.extend([clock.now(), connection.connection]))
    thread.start()
    thread.join()
    assert is_near(seen[0], expected)
    assert seen[1] is None


def _old(last: Any) -> Any:
    return clock._Measurement(last.ahead_seconds, last.wall - 60, last.monotonic - 60, 0.0)


def test_a_host_whose_clock_is_ahead_does_not_take_a_lease_that_is_held(
    account: VoiceAccount, off: int
) -> None:
    accounts = VoiceAccount.objects.all()
    travel = time_machine.travel(timezone.now() - timedelta(minutes=off))
    with travel:
        assert Lease.acquire(accounts, account.pk, seconds=60) is not None
    assert Lease.acquire(accounts, account.pk, seconds=60) is None


def test_a_lease_of_a_host_whose_clock_is_ahead_runs_out_in_time(
    account: VoiceAccount, off: int
) -> None:
    assert Lease.acquire(VoiceAccount.objects.all(), account.pk, seconds=60) is not None
    account.refresh_from_db()
    right_time = timezone.now() - timedelta(minutes=off)
    assert is_near(account.lease_until, right_time + timedelta(seconds=60))


def test_a_host_whose_clock_is_off_leaves_the_calls_to_others_and_says_why(
    account: VoiceAccount, off: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "HAND_ON_SECONDS", 0)
    rung: list[Any] = []
    monkeypatch.setattr(queue, "ring", lambda *message: rung.append(message))
    assert ticks.tick_account(account.pk) is None
    tasks.dispatch_tick(account.pk, 2)
    assert rung == [(queue.DISPATCH_TICK, account.pk, 1)]
    tasks.dispatch_tick(account.pk, 0)
    assert len(rung) == 1
    word = "ahead of" if off > 0 else "behind"
    heartbeat = WorkerHeartbeat.objects.get()
    assert heartbeat.clock_problem == (
        f"The clock of this worker is 300 s {word} the database's; it does not call."
    )
    assert is_near(heartbeat.at, timezone.now() - timedelta(minutes=off))
