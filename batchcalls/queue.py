"""The doorbell: tells a worker that rows are waiting. The only module that imports django-q2.

A message carries only ids. Losing one loses no work, because `sweep` finds it again.
"""

from __future__ import annotations

import gc
from datetime import timedelta
from importlib import import_module
from typing import Any

import structlog
from django.apps.registry import Apps
from django.apps.registry import apps as installed_apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Q
from django.dispatch import receiver
from django_q.brokers.orm import ORM
from django_q.models import Schedule
from django_q.signals import post_spawn
from django_q.tasks import async_task

from batchcalls.database import clock
from batchcalls.models import Doorbell

log = structlog.get_logger(__name__)

IMPORT_LIST = "batchcalls.tasks.import_list"
DISPATCH_TICK = "batchcalls.tasks.dispatch_tick"
EXPORT = "batchcalls.tasks.export"
DELIVER_WEBHOOKS = "batchcalls.tasks.deliver_webhooks"
RECONCILE_RESTORED = "batchcalls.tasks.reconcile_restored"
SWEEP = "batchcalls.tasks.sweep"

#: A message unanswered for this long counts as lost; `ring_once` then sends another.
LOST_AFTER = timedelta(minutes=1)
#: Timeouts in seconds of tasks that cannot always stop and continue later: workbooks are written
#: and read in one go, and a tick awaits its requests. Other tasks use the queue's limit.
_TIMEOUTS = {EXPORT: 1_000, IMPORT_LIST: 1_000, RECONCILE_RESTORED: 1_000, DISPATCH_TICK: 240}


class DatabaseBroker(ORM):  # type: ignore[misc]
    """The database as broker, for hosts whose clocks differ.

    django-q2 hides a message until its ``lock``, by the reader's own clock. With the time of
    sending there, others would see the messages of a host whose clock is ahead too late.
    """

    def enqueue(self, task: str) -> int:
        """Store a message that every host sees at once; return its id."""
        lock = clock.now() - timedelta(days=1)
        message = self.get_connection().create(key=self.list_key, payload=task, lock=lock)
        return int(message.pk)


def ring(task: str, *ids: str | int) -> None:
    """Ask a worker to run a task as soon as the caller's transaction is committed.

    With the database as broker, the message is a row of the same transaction. Another broker
    cannot roll back, so the message is sent after the commit.
    """
    if settings.BROKER_URL:
        transaction.on_commit(lambda: _send(task, *ids))
    else:
        async_task(task, *ids, **_options(task))


def ring_once(task: str) -> None:
    """Ask for a task after the commit, unless it was already requested and has not begun.

    Use it for events that happen many times a second: only one message waits, however often this
    is called. A lost message is replaced after a minute.
    """
    transaction.on_commit(lambda: _ring_unless_rung(task))


def _ring_unless_rung(task: str) -> None:
    now = clock.now()
    silent = Q(rung_at=None) | Q(rung_at__lt=now - LOST_AFTER)
    if not Doorbell.objects.filter(silent, task=task).update(rung_at=now):
        _, is_first = Doorbell.objects.get_or_create(task=task, defaults={"rung_at": now})
        if not is_first:
            return
    _send(task)


def answer(task: str) -> None:
    """Record that a task has begun, so that later calls of `ring_once` ring again."""
    Doorbell.objects.filter(task=task).update(rung_at=None)


def _send(task: str, *ids: str | int) -> None:
    """Send a message to the broker; if the broker is down, the work is only delayed."""
    try:
        async_task(task, *ids, **_options(task))
    except Exception:
        log.exception("queue.broker_away", task=task)


def _options(task: str) -> dict[str, Any]:
    return {"timeout": _TIMEOUTS[task]} if task in _TIMEOUTS else {}


@receiver(post_spawn, dispatch_uid="batchcalls.queue.sweep")
def sweep_when_a_worker_starts(**kwargs: Any) -> None:
    """Sweep as soon as a worker starts, because the last one may have died."""
    ring(SWEEP)


@receiver(post_spawn, dispatch_uid="batchcalls.queue.modules")
def load_tasks_for_good(**kwargs: Any) -> None:
    """Load all tasks, and exclude what is loaded from garbage collection.

    Otherwise the collector walks through all modules again and again while a list is imported,
    which takes a tenth of the time.
    """
    import_module(SWEEP.rpartition(".")[0])
    gc.collect()
    gc.freeze()


def on_post_migrate(
    using: str = DEFAULT_DB_ALIAS, apps: Apps = installed_apps, **kwargs: Any
) -> None:
    """Create or update the sweep's schedule; do nothing while the queue's tables are missing."""
    try:
        apps.get_model("django_q", "Schedule")
    except LookupError:
        return
    Schedule.objects.using(using).update_or_create(
        name="sweep",
        defaults={"func": SWEEP, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
    )
