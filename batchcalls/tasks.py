"""What the queue can ask for. Each task takes ids, calls a verb, and returns nothing."""

from __future__ import annotations

from uuid import UUID

from batchcalls import deliver, queue, ticks
from batchcalls.exports import jobs
from batchcalls.importing import runner
from batchcalls.models import WorkerHeartbeat


def import_list(list_id: str) -> None:
    """Take in a list for some seconds, beside other workers; ring again while there is more."""
    if runner.run(UUID(list_id), seconds=ticks.TICK_SECONDS):
        queue.ring(queue.IMPORT_LIST, list_id)


def export(export_id: str) -> None:
    """Write a workbook that somebody asked for."""
    jobs.run(UUID(export_id))


def dispatch_tick(account_id: int) -> None:
    """Work on an account's calls for some seconds; ring again while work is near."""
    wake = ticks.tick_account(account_id)
    if wake is not None and ticks.is_near(wake):
        queue.ring(queue.DISPATCH_TICK, account_id)


def deliver_webhooks() -> None:
    """Send outgoing webhooks for some seconds; ring again while more are due."""
    queue.answer(queue.DELIVER_WEBHOOKS)
    if deliver.tick(alone=True):
        queue.ring_once(queue.DELIVER_WEBHOOKS)


def sweep() -> None:
    """Restart whatever lost its tick, and show that there is a worker."""
    WorkerHeartbeat.objects.beat()
    ticks.sweep()
    deliver.sweep()
