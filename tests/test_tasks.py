"""Tasks may be lost, repeated or run concurrently; their work is done exactly once."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from batchcalls import queue, tasks
from batchcalls.batches import lifecycle
from batchcalls.calling import ticks
from batchcalls.models import Batch, CallResult, KeptFigure, Recipient, VoiceAccount
from batchcalls.models.batch import MANY_ROWS
from batchcalls.reporting import kept
from batchcalls.states import BatchStatus, RecipientStatus

NUMBERS = [f"+120255501{n:02}" for n in range(30)]


def in_two_threads(work: Callable[[], None]) -> None:
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guarded) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def queued() -> list[tuple[str, tuple[Any, ...]]]:
    packages = [queue.Message.loads(row.payload) for row in OrmQ.objects.order_by("pk")]
    return [(package["func"], package["args"]) for package in packages]


@pytest.mark.django_db(transaction=True)
def test_each_task_run_twice_and_in_two_threads_does_its_work_once(
    make_batch: Any, account: VoiceAccount
) -> None:
    batch = make_batch(*NUMBERS)
    lifecycle.submit(batch, launch=True)

    for _ in range(2):
        in_two_threads(lambda: tasks.import_list(str(batch.first_list.pk)))
    assert Recipient.objects.count() == 30

    for _ in range(2):
        in_two_threads(tasks.sweep)
        in_two_threads(lambda: tasks.dispatch_tick(account.pk))
    batch.refresh_from_db()
    assert batch.is_over
    assert set(CallResult.objects.values_list("attempt", flat=True)) == {1}
    assert CallResult.objects.count() == 30


@pytest.mark.django_db
class TestRinging:
    def test_a_message_carries_an_id_and_nothing_else(self, make_batch: Any) -> None:
        batch = make_batch(NUMBERS[0])
        lifecycle.submit(batch, launch=True)

        assert queued() == [(queue.IMPORT_LIST, (str(batch.first_list.pk),))]

    def test_a_large_batch_is_counted_as_soon_as_it_ends(
        self, make_batch: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kept, "WORTH_KEEPING_SECONDS", 0)
        for rows, rung in ((MANY_ROWS, False), (MANY_ROWS + 1, True)):
            batch = make_batch(NUMBERS[0])
            lifecycle.submit(batch, launch=True)
            Batch.objects.filter(pk=batch.pk).update(row_count=rows)
            lifecycle.cancel(batch)
            message = queue.COUNT_FIGURES, (str(batch.pk),)
            assert (message in queued()) == rung
        tasks.count_figures(str(batch.pk))
        # The page of the batch finds its figures, and counts nothing.
        assert KeptFigure.objects.get(key=f"figures:{batch.pk}").state == "canceled"

    def test_a_message_waits_for_no_clock(self) -> None:
        queue.ring(queue.DISPATCH_TICK, 1)
        assert OrmQ.objects.get().lock < timezone.now() - timedelta(hours=1)

    def test_a_change_that_is_rolled_back_rings_nobody(self, make_batch: Any) -> None:
        batch = make_batch(NUMBERS[0])
        with transaction.atomic():
            lifecycle.submit(batch, launch=True)
            transaction.set_rollback(True)

        assert queued() == []
        batch.refresh_from_db()
        assert batch.status == BatchStatus.DRAFT

    def test_with_another_broker_the_message_waits_for_the_commit(
        self,
        make_batch: Any,
        settings: Any,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        settings.BROKER_URL = "redis://127.0.0.1:1"
        sent: list[Any] = []
        monkeypatch.setattr(queue, "async_task", lambda *message, **_: sent.append(message))
        batch = make_batch(NUMBERS[0])
        with django_capture_on_commit_callbacks(execute=True):
            lifecycle.submit(batch, launch=True)
            assert sent == []
        assert sent == [(queue.IMPORT_LIST, str(batch.first_list.pk))]

    def test_losing_every_message_loses_nothing(
        self, make_batch: Any, account: VoiceAccount
    ) -> None:
        batch = make_batch(*NUMBERS)
        lifecycle.submit(batch, launch=True)
        for _ in range(6):
            OrmQ.objects.all().delete()
            tasks.sweep()
            for task, arguments in queued():
                {queue.IMPORT_LIST: tasks.import_list, queue.DISPATCH_TICK: tasks.dispatch_tick}[
                    task
                ](*arguments)
        batch.refresh_from_db()

        assert batch.is_over
        OrmQ.objects.all().delete()
        tasks.sweep()
        assert queued() == []

    def test_the_sweep_is_scheduled_every_minute(self) -> None:
        schedule = Schedule.objects.get(name="sweep")
        assert (schedule.func, schedule.minutes, schedule.repeats) == (queue.SWEEP, 1, -1)

    def test_a_worker_that_starts_looks_for_what_was_left_behind(self) -> None:
        queue.sweep_when_a_worker_starts()
        assert queued() == [(queue.SWEEP, ())]

    def test_a_worker_that_starts_excludes_loaded_modules_from_garbage_collection(self) -> None:
        queue.load_tasks_for_good()
        try:
            assert gc.get_freeze_count() > 0
        finally:
            gc.unfreeze()

    def test_a_tick_rings_again_only_while_work_is_near(
        self, make_batch: Any, run: Any, account: VoiceAccount
    ) -> None:
        batch = make_batch(NUMBERS[0], start_at=timezone.now() + timedelta(hours=1))
        lifecycle.submit(batch, launch=True)
        tasks.import_list(str(batch.first_list.pk))
        OrmQ.objects.all().delete()
        tasks.dispatch_tick(account.pk)
        assert queued() == []

        Recipient.objects.update(due_at=timezone.now() + timedelta(seconds=30))
        Batch.objects.update(start_at=None)
        ticks.tick_account(account.pk, seconds=0)
        assert Recipient.objects.get().status == RecipientStatus.DEFERRED
        tasks.sweep()
        assert queued() == [(queue.DISPATCH_TICK, (account.pk,))]
