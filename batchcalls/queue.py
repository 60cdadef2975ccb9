"""The doorbell: tells a worker that rows are waiting. The only module that imports django-q2.

A message carries only ids. Losing one loses no work, because `sweep` finds it again. Only the
tasks listed here run, whoever wrote the message: the queue and its schedules are no shell.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import structlog
from django.apps.registry import Apps
from django.apps.registry import apps as installed_apps
from django.conf import settings
from django.core import signing
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Max, Q
from django.dispatch import receiver
from django_q import models as queue_models
from django_q import pusher as queue_pusher
from django_q import tasks as queue_tasks
from django_q.brokers import get_broker
from django_q.brokers.orm import ORM
from django_q.models import Schedule
from django_q.signals import post_spawn
from django_q.tasks import async_task

from batchcalls.database import clock
from batchcalls.models import Doorbell, VoiceAccount

log = structlog.get_logger(__name__)

IMPORT_LIST = "batchcalls.tasks.import_list"
DISPATCH_TICK = "batchcalls.tasks.dispatch_tick"
EXPORT = "batchcalls.tasks.export"
DELIVER_WEBHOOKS = "batchcalls.tasks.deliver_webhooks"
RECONCILE_RESTORED = "batchcalls.tasks.reconcile_restored"
PURGE = "batchcalls.tasks.purge"
COUNT_FIGURES = "batchcalls.tasks.count_figures"
SWEEP = "batchcalls.tasks.sweep"

#: Every task that a worker runs.
TASKS = frozenset(
    {
        *(IMPORT_LIST, DISPATCH_TICK, EXPORT, DELIVER_WEBHOOKS, RECONCILE_RESTORED, PURGE),
        *(COUNT_FIGURES, SWEEP),
    }
)

#: A message unanswered for this long counts as lost; `ring_once` then sends another.
LOST_AFTER = timedelta(minutes=1)
#: Timeouts in seconds of tasks that cannot always stop and continue later: workbooks are written
#: and read in one go, and a tick awaits its requests. Other tasks use the queue's limit.
_TIMEOUTS = {EXPORT: 1_000, IMPORT_LIST: 1_000, RECONCILE_RESTORED: 1_000, DISPATCH_TICK: 240}


class RefusedMessage(signing.BadSignature):
    """A message with a valid signature that asks for something else than one of our tasks."""


class Message:
    """A message in the queue: JSON, signed with `QUEUE_SIGNING_KEY`.

    django-q2 would sign a pickle with `SECRET_KEY` and run any function that a message names. Of
    what it puts into a message, only the fields below are kept: no hook, no chain, no callables.
    """

    FIELDS = ("id", "name", "func", "args", "started", "timeout", "ack_failure", "group")
    _SALT = "batchcalls.queue"

    @classmethod
    def dumps(cls, task: dict[str, Any], compressed: bool = False) -> str:
        """Sign a task."""
        task.pop("sync", None)  # A schedule could ask to run in the scheduler itself.
        fields = {name: task[name] for name in cls.FIELDS if name in task}
        if isinstance(started := fields.get("started"), datetime):
            fields["started"] = started.isoformat()
        key = settings.QUEUE_SIGNING_KEY
        return signing.dumps(fields, key=key, salt=cls._SALT, compress=compressed)

    @classmethod
    def loads(cls, message: str | bytes) -> dict[str, Any]:
        """Return the task of a message. Raise `BadSignature`, which drops the message."""
        text = message.decode("ascii", "replace") if isinstance(message, bytes) else message
        try:
            fields = signing.loads(text, key=settings.QUEUE_SIGNING_KEY, salt=cls._SALT)
        except ValueError as error:
            raise RefusedMessage("The message is not JSON.") from error
        task = fields.get("func")
        args = fields.get("args", [])
        if task not in TASKS or not all(isinstance(one, str | int) for one in args):
            log.error("queue.refused", task=str(task)[:200])
            raise RefusedMessage(f"{task!r} is not a task of the queue.")
        if started := fields.get("started"):
            fields["started"] = datetime.fromisoformat(started)
        return {**fields, "args": tuple(args), "kwargs": {}}


for _module in (queue_tasks, queue_pusher, queue_models):
    _module.SignedPackage = Message


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


def ring_tick(account_id: int) -> None:
    """Ask for a tick of an account after the commit, unless one is running or was requested.

    A running tick looks for due recipients several times a second, and once more when it has
    released the account (`ticks.tick_account`), so none is missed. Recipients that are not queued
    yet need `ring`.
    """

    def ring_if_idle() -> None:
        if not VoiceAccount.objects.filter(pk=account_id, lease_until__gt=clock.now()).exists():
            _ring_unless_rung(DISPATCH_TICK, account_id)

    transaction.on_commit(ring_if_idle)


def _ring_unless_rung(task: str, *ids: int) -> None:
    now = clock.now()
    name = _bell_of(task, *ids)
    # A question first: even an UPDATE of no row waits for other writers on SQLite.
    if Doorbell.objects.filter(task=name, rung_at__gte=now - LOST_AFTER).exists():
        return
    silent = Q(rung_at=None) | Q(rung_at__lt=now - LOST_AFTER)
    if not Doorbell.objects.filter(silent, task=name).update(rung_at=now):
        _, is_first = Doorbell.objects.get_or_create(task=name, defaults={"rung_at": now})
        if not is_first:
            return
    _send(task, *ids)


def answer(task: str, *ids: int) -> None:
    """Record that a task has begun, so that it is rung for again."""
    Doorbell.objects.filter(task=_bell_of(task, *ids)).update(rung_at=None)


def _bell_of(task: str, *ids: int) -> str:
    return " ".join([task, *map(str, ids)])


def failed_tasks() -> int:
    """Return how many tasks ended with an error. The queue keeps all of these."""
    return int(queue_models.Failure.objects.count())


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTask:
    """A task that ended with an error: its name, its ids, when, and the error."""

    task: str
    ids: str
    at: datetime
    error: str


def recent_failures(count: int) -> list[FailedTask]:
    """Return the last tasks that ended with an error, newest first."""
    return [
        FailedTask(
            task=row.func,
            ids=", ".join(map(str, row.args or ())),
            at=row.stopped,
            error=str(row.result or ""),
        )
        for row in queue_models.Failure.objects.order_by("-stopped")[:count]
    ]


def last_runs() -> dict[str, datetime]:
    """Return when each task last ended without an error; the queue keeps some hundred runs."""
    runs = queue_models.Success.objects.order_by().values_list("func")
    ends = dict(runs.annotate(last=Max("stopped")))
    return {task: ends[task] for task in sorted(TASKS) if task in ends}


def has_page(admin_class: type) -> bool:
    """Return whether django-q2 brings these pages, which would let people schedule any function."""
    return admin_class.__module__ == "django_q.admin"


def waiting_messages() -> int | None:
    """Return how many messages wait for a worker, or None while the broker does not answer."""
    try:
        return int(get_broker().queue_size())
    except Exception:
        log.exception("queue.broker_away", task="")
        return None


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
