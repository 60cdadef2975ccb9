"""The doorbell: tells a worker that rows are waiting. The only module that imports django-q2.

A message carries nothing but ids, and losing it loses nothing: `sweep` finds the work again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.apps.registry import Apps
from django.apps.registry import apps as installed_apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone
from django_q.models import Schedule
from django_q.signals import post_spawn
from django_q.tasks import async_task

from batchcalls.models import Doorbell

log = structlog.get_logger(__name__)

IMPORT_LIST = "batchcalls.tasks.import_list"
DISPATCH_TICK = "batchcalls.tasks.dispatch_tick"
EXPORT = "batchcalls.tasks.export"
DELIVER_WEBHOOKS = "batchcalls.tasks.deliver_webhooks"
SWEEP = "batchcalls.tasks.sweep"

#: A message that was not answered for so long was lost; `ring_once` leaves another.
LOST_AFTER = timedelta(minutes=1)
#: Seconds of tasks that cannot always stop in the middle and go on: workbooks are written, and
#: read, in one go. Others have the queue's limit.
_TIMEOUTS = {EXPORT: 1_000, IMPORT_LIST: 1_000}


def ring(task: str, *ids: str | int) -> None:
    """Ask a worker to run a task, as soon as what the caller wrote is committed.

    With the database as broker the message is a row of the same transaction; another broker
    cannot roll back, so there the message waits for the commit.
    """
    if settings.BROKER_URL:
        transaction.on_commit(lambda: _send(task, *ids))
    else:
        async_task(task, *ids, **_options(task))


def ring_once(task: str) -> None:
    """Ask for a task after the commit, unless it was asked for and has not begun yet.

    For what happens many times a second: one message waits, however often this is called. One
    that was lost is replaced after a minute.
    """
    transaction.on_commit(lambda: _ring_unless_rung(task))


def _ring_unless_rung(task: str) -> None:
    now = timezone.now()
    silent = Q(rung_at=None) | Q(rung_at__lt=now - LOST_AFTER)
    if not Doorbell.objects.filter(silent, task=task).update(rung_at=now):
        _, is_first = Doorbell.objects.get_or_create(task=task, defaults={"rung_at": now})
        if not is_first:
            return
    _send(task)


def answer(task: str) -> None:
    """Note that a task begins: whatever happens from now on rings for it again."""
    Doorbell.objects.filter(task=task).update(rung_at=None)


def _send(task: str, *ids: str | int) -> None:
    """Leave a message at a broker of its own; that one is away harms nobody but delays the work."""
    try:
        async_task(task, *ids, **_options(task))
    except Exception:
        log.exception("queue.broker_away", task=task)


def _options(task: str) -> dict[str, Any]:
    return {"timeout": _TIMEOUTS[task]} if task in _TIMEOUTS else {}


@receiver(post_spawn, dispatch_uid="batchcalls.queue.sweep")
def sweep_when_a_worker_starts(**kwargs: Any) -> None:
    """Look for what was left behind as soon as a worker starts: the last one may have died."""
    ring(SWEEP)


def on_post_migrate(
    using: str = DEFAULT_DB_ALIAS, apps: Apps = installed_apps, **kwargs: Any
) -> None:
    """Keep the schedule of the sweep; does nothing while the queue's tables are missing."""
    try:
        apps.get_model("django_q", "Schedule")
    except LookupError:
        return
    Schedule.objects.using(using).update_or_create(
        name="sweep",
        defaults={"func": SWEEP, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
    )
