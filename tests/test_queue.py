"""The queue is no shell: whoever writes its messages or schedules runs only our own tasks."""

from __future__ import annotations

import queue as queues
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ, Schedule, Task
from django_q.pusher import pusher
from django_q.scheduler import scheduler
from django_q.signing import PickleSerializer
from django_q.tasks import async_task

from batchcalls import queue, tasks
from batchcalls.database import clock

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def tasks_for_workers() -> list[dict[str, Any]]:
    """Empty the queue as a worker's pusher does, and return what it hands to the workers."""
    handed: queues.Queue[Any] = queues.Queue()
    last = threading.Event()
    last.set()
    pusher(handed, last, get_broker())
    return list(handed.queue)


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    noted: list[str] = []
    monkeypatch.setattr(queue.log, "error", lambda event, task: noted.append(f"{event} {task}"))
    return noted


def test_a_message_that_names_another_function_is_refused_and_logged(refusals: list[str]) -> None:
    async_task("os.system", "touch /tmp/owned")
    queue.ring(queue.EXPORT, "1")

    assert [task["func"] for task in tasks_for_workers() + tasks_for_workers()] == [queue.EXPORT]
    assert refusals == ["queue.refused os.system"]
    assert [one.func() for one in OrmQ.objects.all()] == [queue.EXPORT]  # until it is done


@pytest.mark.parametrize("key", ["SECRET_KEY", "QUEUE_SIGNING_KEY"])
def test_a_message_is_never_a_pickle_whatever_signed_it(key: str) -> None:
    package = {"func": queue.SWEEP, "args": (), "kwargs": {}, "name": "x", "id": "y"}
    for salt in (queue.Message._SALT, "batchcalls"):
        message = signing.dumps(
            package,
            key=getattr(django_settings, key),
            salt=salt,
            serializer=PickleSerializer,
        )
        OrmQ.objects.create(key="batchcalls", payload=message, lock=timezone.now())

        assert tasks_for_workers() == []
    assert not OrmQ.objects.exists()


def test_a_schedule_runs_no_other_function_and_holds_up_no_sweep(
    refusals: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_q.scheduler.close_old_django_connections", lambda: None)
    past = timezone.now() - timedelta(minutes=5)
    Schedule.objects.all().update(next_run=past)
    for options in ("", "q_options={'sync': True}"):
        Schedule.objects.create(
            func="os.system", args="'touch /tmp/owned'", kwargs=options, next_run=past
        )
    Schedule.objects.create(func=queue.SWEEP, hook="os.system", next_run=past)

    scheduler(get_broker())
    handed = [task for _ in range(4) for task in tasks_for_workers()]

    assert {task["func"] for task in handed} == {queue.SWEEP}
    assert not any("hook" in task for task in handed)
    assert refusals == ["queue.refused os.system"] * 2


def test_every_task_of_the_list_is_one() -> None:
    for name in queue.TASKS:
        assert callable(getattr(tasks, name.removeprefix("batchcalls.tasks.")))


def test_a_task_takes_ids_only() -> None:
    for secret in ({"password": "x"}, None, ["a"]):
        message = queue.Message.dumps({"func": queue.EXPORT, "args": (secret,)})
        with pytest.raises(queue.RefusedMessage):
            queue.Message.loads(message)


class TestPages:
    @pytest.fixture
    def superuser(self) -> Client:
        client = Client()
        client.force_login(User.objects.create_superuser("root"))
        return client

    @pytest.mark.parametrize("page", ["schedule/", "schedule/add/", "ormq/", "failure/"])
    def test_the_tables_of_the_queue_have_no_pages(self, superuser: Client, page: str) -> None:
        form = {"func": "os.system", "args": "'touch /tmp/owned'", "schedule_type": "O"}

        assert superuser.post(f"/django_q/{page}", form).status_code == 404
        assert not Schedule.objects.filter(func="os.system").exists()

    def test_workers_says_what_waits_and_what_failed(self, superuser: Client) -> None:
        times = {"started": clock.now(), "stopped": clock.now()}
        failed = {"func": queue.EXPORT, "args": ("7",), "success": False, "result": "Disk full"}
        Task.objects.create(id="a", name="a", **failed, **times)
        Task.objects.create(id="b", name="b", func=queue.SWEEP, success=True, **times)
        queue.ring(queue.PURGE)

        page = superuser.get("/batchcalls/workerheartbeat/").content.decode()

        assert "No worker is running." in page
        assert "Find due work" in page
        assert "Write exports" in page
        assert "Disk full" in page
        assert page.count("<dd>1</dd>") == 2  # one waits, and one failed
