"""The tasks of the queue. Each takes ids, calls one function, and returns nothing.

The database rows are the work to do. `sweep` finds work whose message was lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q

from batchcalls import queue
from batchcalls.access import idempotency, throttling
from batchcalls.batches import spending
from batchcalls.calling import restored, silence, ticks
from batchcalls.database import clock
from batchcalls.intake import runner
from batchcalls.keeping import purging
from batchcalls.models import (
    Batch,
    Doorbell,
    EmergencyStop,
    Export,
    Recipient,
    StoredList,
    VoiceAccount,
    WorkerHeartbeat,
)
from batchcalls.reporting import renewing
from batchcalls.reporting.exports import jobs
from batchcalls.states import (
    BATCH_CALLING,
    BATCH_IMPORTING,
    BATCH_WITH_LIVE_CALLS,
    ExportStatus,
    RecipientStatus,
)
from batchcalls.webhooks import deliver

#: How often a host whose clock is off hands work on, and how long it leaves it to others.
MOST_HAND_ONS, HAND_ON_SECONDS = 10, 1.0
#: How long a purge works each minute: the only worker of an installation also places calls.
PURGE_SECONDS = 5.0
#: If there was no sweep for this long, every worker is busy.
SWEEPS_ARE_LATE_AFTER = timedelta(seconds=75)


def import_list(list_id: str) -> None:
    """Import a list for some seconds, along with other workers; ring again while there is more."""
    if runner.run(UUID(list_id), seconds=ticks.TICK_SECONDS):
        queue.ring(queue.IMPORT_LIST, list_id)


def export(export_id: str) -> None:
    """Write a requested workbook."""
    jobs.run(UUID(export_id))


def dispatch_tick(account_id: int, hand_ons: int = MOST_HAND_ONS) -> None:
    """Work on an account's calls for some seconds; ring again if there is more work soon.

    A host whose clock is off hands the work on, at most ``hand_ons`` times: another host may take
    it. If there is none, the next sweep rings again.
    """
    queue.answer(queue.DISPATCH_TICK, account_id)
    if clock.is_off():
        WorkerHeartbeat.objects.beat()
        if hand_ons > 0:
            queue.ring(queue.DISPATCH_TICK, account_id, hand_ons - 1)
            time.sleep(HAND_ON_SECONDS)
    wake = ticks.tick_account(account_id, go_on=lambda: not _is_work_waiting())
    if wake is not None and ticks.is_near(wake):
        queue.ring(queue.DISPATCH_TICK, account_id)


def _is_work_waiting() -> bool:
    """Return whether other work waits for a worker, as far as rows tell."""
    now = clock.now()
    swept = WorkerHeartbeat.objects.filter(at__gt=now - SWEEPS_ARE_LATE_AFTER)
    if not swept.exists() or Doorbell.objects.filter(rung_at__isnull=False).exists():
        return True
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    waiting = StoredList.objects.importing(), Export.objects.filter(status=ExportStatus.WAITING)
    if any(rows.filter(free).exists() for rows in waiting):
        return True
    wakes = (ticks.next_work_at(account) for account in VoiceAccount.objects.filter(free))
    return any(wake is not None and wake <= now for wake in wakes)


def reconcile_restored(give_up: int = 0) -> None:
    """Ask the providers which calls a restored database does not know; see `restored`."""
    stop = EmergencyStop.objects.restored().first()
    if stop and stop.must_reconcile:
        restored.reconcile(stop, give_up=bool(give_up))


def deliver_webhooks() -> None:
    """Send outgoing webhooks for some seconds; ring again while more are due."""
    queue.answer(queue.DELIVER_WEBHOOKS)
    if deliver.tick(alone=True):
        queue.ring_once(queue.DELIVER_WEBHOOKS)


def purge() -> None:
    """Purge data that is too old for some seconds; the next sweep rings again for the rest."""
    queue.answer(queue.PURGE)
    purging.run(seconds=PURGE_SECONDS)


def count_figures(batch_id: str) -> None:
    """Count a large batch whose status changed, before anybody looks at it."""
    renewing.run_for(batch_id)


def sweep() -> None:
    """Confirm the epoch and a heartbeat, restart lost work, recount sums, delete expired rows.

    Last, renew what pages show.
    """
    silence.confirm()
    WorkerHeartbeat.objects.beat()
    ring_for_lost_work()
    spending.recount_due(now=clock.now())
    deliver.sweep()
    idempotency.forget()
    throttling.forget()
    if purging.is_due():
        queue.ring_once(queue.PURGE)
    renewing.run()


def ring_for_lost_work() -> None:
    """Recover, then ring for work that lost its tick: accounts, imports and exports."""
    ticks.recover()
    stop = EmergencyStop.objects.restored().first()
    if stop and stop.must_reconcile and stop.reconciliation:
        # A person asked for it, and an account could not be asked yet.
        queue.ring(queue.RECONCILE_RESTORED)
    pending = Recipient.objects.filter(
        batch__account=OuterRef("pk"),
        batch__status__in=BATCH_CALLING,
        status=RecipientStatus.PENDING,
        row_number__lte=F("batch__ready_through"),
    )
    for account in VoiceAccount.objects.annotate(has_pending=Exists(pending)):
        wake = ticks.next_work_at(account)
        if account.has_pending or (wake is not None and ticks.is_near(wake)):
            queue.ring(queue.DISPATCH_TICK, account.pk)
    for list_id in StoredList.objects.importing().values_list("pk", flat=True):
        queue.ring(queue.IMPORT_LIST, str(list_id))
    exports = Export.objects.filter(status=ExportStatus.WAITING)
    for export_id in exports.exclude(lease_until__gt=clock.now()).values_list("pk", flat=True):
        queue.ring(queue.EXPORT, str(export_id))


def step(batch: Batch, *, seconds: float, stop: Callable[[], bool] = ticks.never) -> None:
    """Work on one batch for some seconds, as a worker would.

    Safe alongside workers: only the holder of the lease works, others find nothing to do.
    """
    if batch.status in BATCH_IMPORTING:
        runner.run_batch(batch.pk, seconds=seconds)
    elif batch.status in BATCH_WITH_LIVE_CALLS:
        ticks.tick_account(batch.account_id, seconds=seconds, stop=stop)
