"""The engine's ticks: each works for some seconds, may run twice, and may be killed.

The database rows are the work to do. `sweep` finds work whose tick was lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Min

from batchcalls.batches import epochs, lifecycle
from batchcalls.calling import chunks, circuit_breaker, provider_events, reconcile, silence
from batchcalls.calling.dispatch import Dispatcher
from batchcalls.calling.reconcile import Enquirer
from batchcalls.database import clock, statistics
from batchcalls.database.lease import Lease, LeaseLost
from batchcalls.models import (
    Batch,
    CallEvent,
    CallResult,
    Recipient,
    VoiceAccount,
)
from batchcalls.voice import clocks
from batchcalls.voice.base import VoiceProvider
from batchcalls.voice.errors import OptionsInvalid

log = structlog.get_logger(__name__)

TICK_SECONDS = 20.0
#: A tick lasts at most so long, if answers take longer than `SLOW_ANSWER_SECONDS`. Whoever stops a
#: worker waits for its tick.
LONGEST_TICK_SECONDS, SLOW_ANSWER_SECONDS = 60.0, 1.0
#: How often such a tick asks whether it may go on.
GO_ON_SECONDS = 2.0
#: Longest sleep within a tick, short enough to notice a pause or a new batch.
NAP_SECONDS = 0.25
WATCH_SECONDS = 60.0
#: Pause between looks for webhooks and calls to ask about, if the last look found none.
FOLLOW_SECONDS = 0.1
#: How often the status of a calling batch is updated from its rows.
SETTLE_SECONDS = 1.0
#: How often failures are counted while there are results, and at most in what part of the time.
JUDGE_SECONDS, JUDGE_SHARE = 2.0, 50


def never() -> bool:
    """Never ask to stop; the default for ``stop``."""
    return False


def tick_account(
    account_id: int,
    *,
    seconds: float = TICK_SECONDS,
    stop: Callable[[], bool] = never,
    go_on: Callable[[], bool] = never,
) -> datetime | None:
    """Work on one account's calls for about ``seconds``; return when there is more to do.

    Return None when nothing is left, another process works on the account, or this host's clock is
    off. ``stop`` is called before each group of calls; returning True ends the tick early.
    ``go_on`` is called when the time is up and the provider is slow; returning True continues.
    """
    if clock.is_off():
        # It could misjudge calling hours, and how old a claim or a provider's list is.
        log.warning("tick.clock_off", account_id=account_id, ahead=clock.ahead_seconds())
        return None
    if epochs.silent_since():
        silence.confirm()
    lease = Lease.acquire(VoiceAccount.objects.all(), account_id, seconds=settings.LEASE_SECONDS)
    if lease is None:
        return None
    account = VoiceAccount.objects.get(pk=account_id)
    with lease:
        try:
            _work(account, lease, end=_End(seconds, go_on), stop=lambda: stop() or clock.is_off())
        except LeaseLost:
            log.warning("tick.lease_lost", account_id=account_id)
            return None
        except epochs.WentBack:
            epochs.stop_if_back()
            return None
        except OptionsInvalid as error:
            # Pause, do not fail: the key may be missing on this host only.
            lifecycle.pause_account(account_id, code="account_unusable", message=str(error))
            return None
    # Only now: nobody rings for new calls while the account is leased (`queue.ring_tick`).
    return next_work_at(account)


def _work(
    account: VoiceAccount, lease: Lease[VoiceAccount], *, end: _End, stop: Callable[[], bool]
) -> None:
    provider = account.voice_provider()
    beat = _Beat(account, provider)
    with (
        Enquirer(account, provider) as enquirer,
        Dispatcher(provider, lease, stop=stop) as dispatcher,
    ):
        beat.touched |= _calling(account)
        while True:
            worked = beat.feed(dispatcher)
            worked = dispatcher.step() or worked
            clock.seconds_since_step()  # Notice a jump even while nobody is asked about.
            worked = beat.follow(dispatcher, enquirer, settle=not worked) or worked
            if stop() or end.has_come(dispatcher):
                break
            if not worked:
                beat.keep(lease)
                wake = None
                if dispatcher.idle and enquirer.idle:
                    wake = next_work_at(account)
                    if wake is None or not is_near(wake):
                        break
                dispatcher.wait(_nap(wake))
    beat.settle(dispatcher, enquirer)
    _note_clock(account, provider)


def _note_clock(account: VoiceAccount, provider: VoiceProvider) -> None:
    """Store how much our clock differs from the provider's, to warn people."""
    ahead = provider.clock_ahead_seconds
    if ahead is None:
        return
    noticed = round(ahead) if abs(ahead) > clocks.NOTICED_SECONDS else None
    rows = VoiceAccount.objects.filter(pk=account.pk).exclude(clock_ahead_seconds=noticed)
    rows.update(clock_ahead_seconds=noticed)


class _End:
    """When a tick ends: after its time, or later while answers are slow and it may go on.

    An ending tick awaits its requests and starts none. With a provider that answers after 20
    seconds, the account would be silent half of the time.
    """

    def __init__(self, seconds: float, go_on: Callable[[], bool]) -> None:
        self._at = self._ask_at = time.monotonic() + seconds
        self._latest = self._at - seconds + LONGEST_TICK_SECONDS
        self._go_on = go_on

    def has_come(self, dispatcher: Dispatcher) -> bool:
        now = time.monotonic()
        if now < self._at:
            return False
        if now >= self._latest or dispatcher.longest_wait_seconds < SLOW_ANSWER_SECONDS:
            return True
        if now < self._ask_at:
            return False
        self._ask_at = now + GO_ON_SECONDS
        return not self._go_on()


class _Beat:
    """The parts of a tick besides dialing, run several times a second: chunks, news, settling."""

    def __init__(self, account: VoiceAccount, provider: VoiceProvider) -> None:
        self._account = account
        self._provider = provider
        self._feed_at = self._follow_at = self._settle_at = 0.0
        self._keep_at = self._judge_at = 0.0
        self.touched: set[UUID] = set()

    def keep(self, lease: Lease[VoiceAccount]) -> None:
        """Check now and then that the account is still ours. Raise `LeaseLost`.

        Claims and permissions to send check it too.
        """
        if time.monotonic() >= self._keep_at:
            lease.keep()
            self._keep_at = time.monotonic() + NAP_SECONDS

    def feed(self, dispatcher: Dispatcher) -> bool:
        """Queue the next chunks when recipients run out; return whether any were queued.

        Look now and then in any case: while one batch uses all that its rate or lines allow, the
        dispatcher does not run out, but another batch may wait for its first chunk.
        """
        if not dispatcher.dry and time.monotonic() < self._feed_at:
            return False
        self._feed_at = time.monotonic() + NAP_SECONDS
        dispatcher.dry = False
        queued = chunks.queue_due(self._account, now=clock.now())
        if queued:
            self.touched |= queued
            dispatcher.claim_again()
        return bool(queued)

    def follow(self, dispatcher: Dispatcher, enquirer: Enquirer, *, settle: bool) -> bool:
        """Apply webhooks, ask about calls and settle batches; return whether there was news."""
        worked = False
        if time.monotonic() >= self._follow_at:
            events = provider_events.apply_due(self._account.pk, self._provider, now=clock.now())
            self.touched |= events
            worked = enquirer.step() or bool(events)
            # With a backlog, look again immediately; otherwise spare the database.
            self._follow_at = time.monotonic() + (0.0 if worked else FOLLOW_SECONDS)
        if time.monotonic() >= self._settle_at or (settle and not worked):
            self.settle(dispatcher, enquirer)
        return worked

    def settle(self, dispatcher: Dispatcher, enquirer: Enquirer) -> None:
        """Give up claims of workers that died; update each changed batch's status from its rows."""
        self.touched |= reconcile.abandon_stale(self._account, now=clock.now())
        touched = self.touched | dispatcher.touched | enquirer.touched
        for watched in (self.touched, dispatcher.touched, enquirer.touched):
            watched.clear()
        for batch in Batch.objects.calling().filter(pk__in=touched) if touched else ():
            lifecycle.settle(batch, now=clock.now())
        self._settle_at = time.monotonic() + SETTLE_SECONDS
        if touched and time.monotonic() >= self._judge_at:
            began = time.monotonic()
            circuit_breaker.check(self._account.pk, now=clock.now())
            statistics.renew(CallResult, Recipient)
            took = time.monotonic() - began
            self._judge_at = began + max(JUDGE_SECONDS, took * JUDGE_SHARE)


def _calling(account: VoiceAccount) -> set[UUID]:
    return set(Batch.objects.calling().filter(account=account).values_list("pk", flat=True))


def is_near(moment: datetime) -> bool:
    """Return whether a tick should wait for ``moment``; the sweep handles later times."""
    return moment <= clock.now() + timedelta(seconds=WATCH_SECONDS)


def _nap(wake: datetime | None) -> float:
    ahead = (wake - clock.now()).total_seconds() if wake else NAP_SECONDS
    return max(0.02, min(ahead, NAP_SECONDS))


def next_work_at(account: VoiceAccount) -> datetime | None:
    """Return when the account next has work; None when nothing is left.

    Live calls are still followed when no new calls may be placed.
    """
    due_at = Batch.objects.dialing().filter(account=account).first_due_at()
    if due_at:
        held = VoiceAccount.objects.filter(pk=account.pk, held_until__gt=due_at)
        due_at = held.values_list("held_until", flat=True).first() or due_at
    times = [
        CallResult.objects.filter(account=account, next_check_at__isnull=False).aggregate(
            at=Min("next_check_at")
        )["at"],
        CallEvent.objects.filter(account=account, apply_at__isnull=False).aggregate(
            at=Min("apply_at")
        )["at"],
        reconcile.stale_from(account),
        due_at,
    ]
    return min(filter(None, times), default=None)


def recover() -> None:
    """Clean up after a process that died: unanswered claims and unsettled batches."""
    now = clock.now()
    for account in VoiceAccount.objects.all():
        reconcile.abandon_stale(account, now=now)
        reconcile.ask_about_forgotten(account, now=now)
    for batch in Batch.objects.calling():
        lifecycle.settle(batch, now=now)
