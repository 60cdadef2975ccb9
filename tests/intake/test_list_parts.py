"""Lists are taken in by parts: by several processes at once, and over their deaths."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from batchcalls.batches import lifecycle
from batchcalls.database.lease import Lease
from batchcalls.intake import runner, splitting
from batchcalls.models import ListPart, Recipient, StoredList
from batchcalls.states import BatchStatus
from tests.databases import NewDatabase
from tests.installation import Installation, wait_for


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "PART_ROWS", 10)


def numbers(count: int) -> list[str]:
    return [f"+1415{2_000_000 + n}" for n in range(count)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("small_parts")
def test_several_workers_share_one_list(make_batch: Any) -> None:
    batch = make_batch(*numbers(400), "not one", numbers(1)[0])
    lifecycle.submit(batch, launch=False)

    def work() -> None:
        try:
            while runner.run_batch(batch.pk, seconds=30):
                pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while runner.run_batch(batch.pk, seconds=30):
        pass

    batch.refresh_from_db()
    assert (batch.status, batch.row_count) == (BatchStatus.READY, 402)
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    assert list(rows.values_list("row_number", flat=True)) == list(range(2, 404))
    assert list(rows.exclude(reason_code="").values_list("row_number", "reason_code")) == [
        (402, "not_a_number"),
        (403, "duplicate"),
    ]
    assert ListPart.objects.count() == 41


@pytest.mark.django_db
@pytest.mark.usefixtures("small_parts")
def test_a_part_that_somebody_holds_is_left_to_them_and_the_list_waits(make_batch: Any) -> None:
    batch = make_batch(*numbers(30))
    lifecycle.submit(batch, launch=False)
    runner.run_batch(batch.pk, seconds=0)
    held = Lease.acquire(
        ListPart.objects.to_do(), ListPart.objects.to_do().latest("number").pk, seconds=60
    )
    assert held is not None
    runner.run_batch(batch.pk, seconds=30)
    batch.refresh_from_db()
    assert (batch.status, Recipient.objects.count()) == (BatchStatus.VALIDATING, 20)

    held.mine.update(lease_token=None, lease_until=None)
    runner.run_batch(batch.pk, seconds=30)
    batch.refresh_from_db()
    assert (batch.status, Recipient.objects.count()) == (BatchStatus.READY, 30)


@pytest.mark.django_db
@pytest.mark.usefixtures("small_parts")
def test_a_redelivered_message_does_nothing_twice(make_batch: Any) -> None:
    batch = make_batch(*numbers(25))
    lifecycle.submit(batch, launch=False)
    stored = StoredList.objects.get()
    for _ in range(3):
        runner.run(stored.pk, seconds=30)
    assert Recipient.objects.count() == 25


@pytest.mark.django_db
@pytest.mark.usefixtures("small_parts")
def test_a_split_that_was_cut_short_goes_on_behind_the_last_part(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SPLIT_SECONDS", 0)
    batch = make_batch(*numbers(35))
    lifecycle.submit(batch, launch=False)
    runner.run_batch(batch.pk, seconds=0)
    assert (ListPart.objects.count(), StoredList.objects.get().is_split) == (1, False)
    while runner.run_batch(batch.pk, seconds=0):
        pass
    assert list(ListPart.objects.values_list("row_count", flat=True)) == [10, 10, 10, 5]
    assert Recipient.objects.count() == 35


@pytest.mark.processes
def test_an_import_killed_again_and_again_ends_complete_and_without_duplicates(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    rows = 90_000
    path = tmp_path / "list.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("phone_number,shop\n")
        file.writelines(f"{number},Shop\n" for number in numbers(rows - 2))
        file.write(f"not one,Shop\n{numbers(1)[0]},Again\n")
    # Nobody is called: the account is switched off.
    with (
        new_database(tmp_path) as url,
        Installation(tmp_path, url, LEASE_SECONDS=2) as here,
    ):
        here.ask("VoiceAccount.objects.update(enabled=False)")
        here.manage("sendbatch", str(path), "--prompt", "Call {{shop}}.", "--detach")
        for _ in range(3):
            before = here.ask("Recipient.objects.count()")
            worker = here.start_worker()
            wait_for(
                lambda before=before: here.ask("Recipient.objects.count()") > before,
                seconds=60,
                what="rows are taken in",
            )
            assert here.ask("Batch.objects.get().status") == "validating", "It was too quick."
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
            time.sleep(2.5)  # the leases of the dead run out
        here.start_worker()
        wait_for(
            lambda: here.ask("Batch.objects.get().status != 'validating'"),
            seconds=120,
            what="the list is taken in",
        )
        assert here.ask("Batch.objects.get().reason") == ""
        assert here.ask(
            "[Recipient.objects.count(), Recipient.objects.filter(reason_code='duplicate').count(),"
            " Recipient.objects.filter(reason_code='not_a_number').count(),"
            " Recipient.objects.values('row_number').distinct().count(),"
            " max(Recipient.objects.values_list('row_number', flat=True))]"
        ) == [rows, 1, 1, rows, rows + 1]
