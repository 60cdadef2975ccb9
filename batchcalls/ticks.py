"""The beats of the engine: each works for some seconds, may run twice, and may be killed.

Rows say what there is to do. A tick that is never rung is found missing by `sweep`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Exists, Min, OuterRef
from django.utils import timezone

from batchcalls import dispatch, lifecycle, queue, reconcile
from batchcalls.importing import runner
from batchcalls.lease import Lease, LeaseLost
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import (
    BATCH_CALLING,
    BATCH_IMPORTING,
    BATCH_WITH_LIVE_CALLS,
    RECIPIENT_CLAIMABLE,
    RecipientStatus,
)
from batchcalls.voice.errors import OptionsInvalid

log = structlog.get_logger(__name__)

TICK_SECONDS = 20.0
#: Longest sleep within a tick, so that a pause or a new batch is noticed soon.
NAP_SECONDS = 0.25
WATCH_SECONDS = 60.0


def never() -> bool:
    """Stand in for a caller that never asks to stop."""
    return False


def tick_account(
    account_id: int,
    *,
    seconds: float = TICK_SECONDS,
    stop: Callable[[], bool] = never,
) -> datetime | None:
    """Work on one account's calls for at most ``seconds``; return when there is more to do.

    Returns None when nothing is left, or when another process works on the account. ``stop`` is
    asked before each group of calls and ends the tick early.
    """
    lease = Lease.acquire(VoiceAccount.objects.all(), account_id, seconds=settings.LEASE_SECONDS)
    if lease is None:
        return None
    with lease:
        try:
            return _work(account_id, lease, until=time.monotonic() + seconds, stop=stop)
        except LeaseLost:
            log.warning("tick.lease_lost", account_id=account_id)
            return None


def _work(
    account_id: int, lease: Lease[VoiceAccount], *, until: float, stop: Callable[[], bool]
) -> datetime | None:
    account = VoiceAccount.objects.get(pk=account_id)
    calling = Batch.objects.calling().filter(account=account)
    try:
        provider = account.voice_provider()
    except OptionsInvalid as error:
        for batch in calling:
            lifecycle.fail(batch, code="account_unusable", message=str(error))
        return None
    unsettled = True
    while True:
        worked = dispatch.queue_due_chunks(account, now=timezone.now())
        worked += dispatch.place_due(provider, lease, stop=stop)
        worked += reconcile.check_due(account, provider, now=timezone.now())
        if worked or unsettled:
            for batch in calling:
                lifecycle.settle(batch, now=timezone.now())
            unsettled = False
        if stop() or time.monotonic() >= until:
            return next_work_at(account)
        if not worked:
            wake = next_work_at(account)
            if wake is None or not is_near(wake):
                return wake
            lease.keep()
            time.sleep(_nap(wake, until))


def is_near(moment: datetime) -> bool:
    """Tell whether a tick waits for this moment; the sweep finds what comes later."""
    return moment <= timezone.now() + timedelta(seconds=WATCH_SECONDS)


def _nap(wake: datetime, until: float) -> float:
    ahead = (wake - timezone.now()).total_seconds()
    return max(0.02, min(ahead, NAP_SECONDS, until - time.monotonic()))


def next_work_at(account: VoiceAccount) -> datetime | None:
    """Return when the account next has something to do; None when nothing is left.

    A switched-off account places nothing, but what is live is still followed.
    """
    times = [
        CallResult.objects.filter(account=account, next_check_at__isnull=False).aggregate(
            at=Min("next_check_at")
        )["at"]
    ]
    if VoiceAccount.objects.filter(pk=account.pk, enabled=True).exists():
        times += [
            Recipient.objects.filter(
                batch=batch, status__in=RECIPIENT_CLAIMABLE, due_at__isnull=False
            ).aggregate(at=Min("due_at"))["at"]
            for batch in Batch.objects.calling()
            .filter(account=account)
            .values_list("pk", flat=True)
        ]
    return min(filter(None, times), default=None)


def recover() -> None:
    """Take up what a process that died has left: claims without an answer, unsettled batches."""
    now = timezone.now()
    dispatch.abandon_stale(now=now)
    for batch in Batch.objects.calling():
        lifecycle.settle(batch, now=now)


def sweep() -> None:
    """Recover, then ring for whatever lost its tick: accounts with work, half imported lists."""
    recover()
    pending = Recipient.objects.filter(
        batch__account=OuterRef("pk"),
        batch__status__in=BATCH_CALLING,
        status=RecipientStatus.PENDING,
    )
    for account in VoiceAccount.objects.annotate(has_pending=Exists(pending)):
        wake = next_work_at(account)
        if account.has_pending or (wake is not None and is_near(wake)):
            queue.ring(queue.DISPATCH_TICK, account.pk)
    for batch_id in Batch.objects.filter(status__in=BATCH_IMPORTING).values_list("pk", flat=True):
        queue.ring(queue.IMPORT_LIST, str(batch_id))


def step(batch: Batch, *, seconds: float, stop: Callable[[], bool] = never) -> None:
    """Carry one batch forward for some seconds, as a worker would.

    Works beside workers too: whoever holds the lease does the work, the other finds nothing to do.
    """
    if batch.status in BATCH_IMPORTING:
        runner.run(batch.pk, seconds=seconds)
    elif batch.status in BATCH_WITH_LIVE_CALLS:
        tick_account(batch.account_id, seconds=seconds, stop=stop)
