"""A database that went back is noticed before anyone is dialed, and nothing else is."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from batchcalls import tasks
from batchcalls.batches import epochs, halts
from batchcalls.batches.halts import HaltConflict
from batchcalls.database import mark
from batchcalls.models import CallResult, EmergencyStop, Epoch, VoiceAccount
from tests.calling.placing import HUMAN, Recorder, lease_of, place_due


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def go_back() -> None:
    """Make the database as old as a backup from before its last claim."""
    Epoch.objects.update(number=Epoch.objects.get().number - 1)


def restored() -> bool:
    return EmergencyStop.objects.restored().exists()


@pytest.mark.django_db
class TestNoticing:
    def test_the_number_is_kept_beside_the_database_before_a_call_is_placed(
        self, launched: Any, account: VoiceAccount, data_dir: Path
    ) -> None:
        launched(HUMAN)
        kept: list[int] = []
        provider = Recorder(
            lambda request: kept.extend(int(file.read_text()) for file in data_dir.glob("epoch-*"))
        )
        with lease_of(account) as lease:
            place_due(provider, lease)
        assert kept == [Epoch.objects.get().number] == [1]

    def test_a_restored_database_places_no_call_and_stops_calling(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        batch = launched(HUMAN)
        epochs.confirm()
        known = Epoch.objects.get().at
        go_back()
        tasks.dispatch_tick(account.pk)
        assert not CallResult.objects.exists()
        assert EmergencyStop.objects.restored().get().restored_from == known
        assert batch.events.filter(code="emergency_stop").exists()
        tasks.sweep()
        assert EmergencyStop.objects.count() == 1

    def test_a_sweep_and_a_starting_web_server_notice_it_too(self) -> None:
        for notice in (tasks.sweep, epochs.confirm_at_start):
            EmergencyStop.objects.all().delete()
            epochs.confirm()
            go_back()
            notice()
            assert restored()

    def test_the_same_backup_restored_again_is_noticed_again(self) -> None:
        epochs.confirm()
        backup = Epoch.objects.get()
        epochs.confirm()
        for _ in range(2):
            backup.save()
            EmergencyStop.objects.all().delete()
            epochs.confirm()
            assert restored()


@pytest.mark.django_db
class TestNoFalseAlarm:
    def test_a_new_host_an_idle_host_and_a_lost_file_raise_no_alarm(self, data_dir: Path) -> None:
        epochs.confirm()
        [file] = data_dir.glob("epoch-*")
        old = file.read_text()
        epochs.confirm()
        file.write_text(old)
        epochs.confirm()
        file.unlink()
        epochs.confirm()
        assert not restored()
        assert mark.highest(Epoch.objects.get().key) == Epoch.objects.get().number

    def test_another_database_raises_no_alarm(self) -> None:
        for _ in range(3):
            epochs.confirm()
        Epoch.objects.all().delete()
        epochs.confirm()
        assert not restored()

    def test_after_resuming_a_host_that_was_off_raises_no_second_alarm(
        self, data_dir: Path
    ) -> None:
        for _ in range(9):
            epochs.confirm()
        key = Epoch.objects.get().key
        Epoch.objects.update(number=1)
        mark.raise_to(key, 5)
        epochs.confirm()
        halts.lift(None, EmergencyStop.objects.get(), unreconciled=True)
        (data_dir / f"epoch-{key}").write_text("900000\n")
        epochs.confirm()
        assert not restored()

    def test_a_folder_that_cannot_be_written_is_reported_and_calls_continue(
        self, settings: Any, data_dir: Path, client: Client
    ) -> None:
        (data_dir / "file").touch()
        settings.DATA_DIR = data_dir / "file"
        tasks.sweep()
        answer = client.get("/readyz")
        check = answer.json()["checks"]["backup"]
        assert (answer.status_code, check["ok"], restored()) == (503, False, False)
        assert "DATA_DIR" in check["detail"]
        settings.DATA_DIR = data_dir
        tasks.sweep()
        assert client.get("/readyz").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_new", [True, False])
def test_processes_that_confirm_at_the_same_moment_raise_no_alarm(is_new: bool) -> None:
    if is_new:
        Epoch.objects.all().delete()
    else:
        epochs.confirm()

    def confirm() -> None:
        for _ in range(10):
            epochs.confirm()
        connections.close_all()

    threads = [threading.Thread(target=confirm) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not restored()
    assert Epoch.objects.get().number == mark.highest(Epoch.objects.get().key) == 41 - is_new


@pytest.mark.django_db
class TestTheStop:
    def test_it_is_lifted_only_when_reconciled_or_in_full_knowledge(self) -> None:
        stop = epochs.declare_restored()
        with pytest.raises(HaltConflict, match="Reconcile"):
            halts.lift(None, stop)
        with pytest.raises(CommandError, match="Reconcile"):
            call_command("stopcalls", lift=True)
        call_command("stopcalls", lift=True, unreconciled=True)
        assert not EmergencyStop.objects.in_force().exists()

    def test_a_stop_from_the_backup_becomes_this_stop_and_keeps_its_reason(self) -> None:
        halts.engage(None, "Wrong list.")
        epochs.confirm()
        go_back()
        tasks.sweep()
        stop = EmergencyStop.objects.restored().get()
        assert stop.reason == f"{halts.RESTORED} Before: Wrong list."
        assert stop.must_reconcile

    def test_monitors_are_alarmed(self, client: Client) -> None:
        tasks.sweep()
        assert client.get("/readyz").status_code == 200
        go_back()
        assert "Start a worker" in self.detail(client)
        tasks.sweep()
        assert "manage.py restored" in self.detail(client)

    @staticmethod
    def detail(client: Client) -> str:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        return str(answer.json()["checks"]["backup"]["detail"])
