"""A backup restored on a new host, or with its whole host, calls nobody by itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from batchcalls import tasks
from batchcalls.batches import epochs
from batchcalls.calling import ticks
from batchcalls.models import CallResult, EmergencyStop, Epoch, Recipient, VoiceAccount
from batchcalls.models import WorkerHeartbeat as Heartbeat
from tests.calling.placing import HUMAN, OTHER, lease_of, place_due
from tests.calling.test_restored import bland, call_and_forget
from tests.voice.carrier.process import Carrier

__all__ = ["bland"]

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(minutes=30)


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def fall_silent(data_dir: Path, *, keep: bool = False) -> None:
    """Make the last epoch old, on a host that keeps its number or does not."""
    Epoch.objects.update(at=timezone.now() - LONG_AGO)
    for file in () if keep else data_dir.glob("epoch-*"):
        file.unlink()


def restored() -> bool:
    return EmergencyStop.objects.restored().exists()


def call_the_first(account: VoiceAccount, launched: Any) -> None:
    """Call one recipient of two."""
    launched(HUMAN, OTHER, account=account)
    Recipient.objects.filter(e164=OTHER).update(due_at=timezone.now() + timedelta(hours=1))
    with lease_of(account) as lease:
        place_due(account.voice_provider(), lease)
    Recipient.objects.filter(e164=OTHER).update(due_at=timezone.now())


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("door", [tasks.sweep, None])
def test_a_backup_calls_nobody_while_the_provider_has_newer_calls_of_ours(
    bland: VoiceAccount, launched: Any, carrier: Carrier, data_dir: Path, *, keep: bool, door: Any
) -> None:
    """With the number kept, the whole host was restored; without, the database on a new one."""
    launched(HUMAN, account=bland)
    call_and_forget(bland)
    since = timezone.now() - LONG_AGO
    fall_silent(data_dir, keep=keep)
    if door:
        door()
    tasks.dispatch_tick(bland.pk)
    assert restored()
    assert abs(EmergencyStop.objects.get().restored_from - since) < timedelta(minutes=1)  # type: ignore[operator]
    assert carrier.live()["requests"] == 1


def test_after_a_pause_of_all_workers_calls_go_on(
    bland: VoiceAccount, launched: Any, carrier: Carrier, data_dir: Path
) -> None:
    call_the_first(bland, launched)
    fall_silent(data_dir)
    ticks.tick_account(bland.pk, seconds=1)
    assert not restored()
    assert sorted(row["to"] for row in carrier.ledger()) == sorted([HUMAN, OTHER])


@pytest.mark.parametrize("keep", [True, False])
def test_if_the_provider_cannot_tell_only_a_host_that_keeps_the_number_calls(
    bland: VoiceAccount, launched: Any, carrier: Carrier, data_dir: Path, *, keep: bool
) -> None:
    call_the_first(bland, launched)
    carrier.control(answers={"list": {"status": 500}})
    fall_silent(data_dir, keep=keep)
    ticks.tick_account(bland.pk, seconds=1)
    assert restored() is not keep
    assert carrier.live()["requests"] == 1 + keep


def test_a_web_server_that_starts_does_not_end_the_silence(
    bland: VoiceAccount, launched: Any, carrier: Carrier, data_dir: Path
) -> None:
    launched(HUMAN, account=bland)
    call_and_forget(bland)
    fall_silent(data_dir)
    epochs.confirm_at_start()
    assert epochs.silent_since() is not None
    tasks.dispatch_tick(bland.pk)
    assert restored()
    assert not CallResult.objects.exists()


def test_a_backup_from_before_the_epoch_existed_is_noticed(
    bland: VoiceAccount, launched: Any, carrier: Carrier
) -> None:
    launched(HUMAN, account=bland)
    call_and_forget(bland)
    Epoch.objects.all().delete()
    Heartbeat.objects.create(host="old", at=timezone.now() - LONG_AGO)
    tasks.sweep()
    tasks.dispatch_tick(bland.pk)
    assert restored()
    assert carrier.live()["requests"] == 1


def test_a_simulator_needs_no_check(account: VoiceAccount, launched: Any, data_dir: Path) -> None:
    launched(HUMAN)
    epochs.confirm()
    fall_silent(data_dir)
    tasks.dispatch_tick(account.pk)
    assert not restored()
    assert CallResult.objects.count() == 1
