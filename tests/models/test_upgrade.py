"""An installation that is upgraded in the middle of its work goes on with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from batchcalls import tasks
from batchcalls.batches import halts
from batchcalls.intake import dry_run, runner
from batchcalls.models import (
    Batch,
    CallResult,
    EmergencyStop,
    Recipient,
    StoredList,
    VoiceAccount,
)
from tests import databases
from tests.models.earlier import LATER, LIST, store_list

pytestmark = pytest.mark.usefixtures("upgraded")


@pytest.fixture
def upgraded(
    tmp_path: Path, new_database: databases.NewDatabase, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """A database in which each earlier release left rows (tests/models/earlier.py)."""
    with (
        new_database(tmp_path, template="upgraded") as url,
        databases.connected_to(url, django_db_blocker),
        django_db_blocker.unblock(),
    ):
        connection.close()
        yield


def test_lists_move_out_of_their_batches_and_a_half_imported_one_begins_anew() -> None:
    draft, half, ready = (
        Batch.objects.get(name=f"list {status}").pk for status in ("draft", "validating", "ready")
    )
    found = {one.batch_id: one for one in StoredList.objects.filter(batch__name__startswith="list")}
    assert {draft, half, ready} == set(found)
    assert [found[pk].status for pk in (draft, half, ready)] == [
        "uploaded",
        "importing",
        "imported",
    ]
    assert Batch.objects.get(pk=ready).ready_through == 4
    for status, pk in (("draft", draft), ("validating", half)):
        assert found[pk].file.name == store_list(status)
    with found[draft].open_file() as stream:
        assert stream.read() == LIST

    halts.lift(None, EmergencyStop.objects.in_force().get())
    runner.run_batch(half, seconds=30)
    batch = Batch.objects.get(pk=half)
    assert (batch.status, batch.ready_through) == ("ready", 4)
    rows = Recipient.objects.filter(batch=half).order_by("row_number")
    assert list(rows.values_list("row_number", "request_data__name")) == [
        (2, "Ann"),
        (3, "Bob"),
        (4, "Cy"),
    ]
    assert batch.row_count == 3
    report = dry_run.compute(Batch.objects.get(pk=ready), now=timezone.now())
    assert (report["now"], report["countries"]) == (3, {"US": 3})
    assert [zone["zones"] for zone in report["time_zones"]] == ["America/New_York"]


def test_calls_of_the_release_before_attempts_were_given_up_stay_as_they_are(settings: Any) -> None:
    calls = CallResult.objects.filter(batch__name="calls").order_by("attempt")
    assert list(calls.values_list("status", "given_up_at")) == [
        ("completed", None),
        ("unknown", None),
    ]
    assert calls.counted().count() == 2
    assert not CallResult.objects.turned_up().exists()
    # A lost one may have been sent at the last moment.
    lost = calls[1]
    assert lost.sent_at is None
    latest = lost.claimed_at + timedelta(seconds=settings.STALE_CLAIM_SECONDS / 2)
    assert lost.latest_sent_at == latest


def test_a_hold_becomes_visible_and_a_slot_stays_a_slot() -> None:
    for name in ("held", "without a rate"):
        held = VoiceAccount.objects.get(name=name)
        assert (held.held_until, held.next_slot_at) == (LATER, None)
        assert held.held_reason
    slow = VoiceAccount.objects.get(name="slow")
    assert slow.next_slot_at is not None
    for one in (slow, VoiceAccount.objects.get(name="idle")):
        assert not one.is_held(timezone.now())


def test_a_stop_from_before_epochs_is_lifted_as_ever_and_raises_no_alarm() -> None:
    tasks.sweep()
    stop = EmergencyStop.objects.in_force().get()
    assert (stop.reason, stop.restored_from, stop.must_reconcile) == ("Wrong list.", None, False)
    halts.lift(None, stop)
    assert not EmergencyStop.objects.in_force().exists()


def test_an_account_keeps_its_caller_ids_and_the_countries_that_it_uses() -> None:
    names = ["simulator", "at home", "abroad", "from abroad", "ended"]
    found = {one.name: one for one in VoiceAccount.objects.filter(name__in=names)}
    assert {name: (one.countries, one.special_numbers) for name, one in found.items()} == {
        "simulator": ([], []),
        "at home": ([], []),
        "abroad": (["CA", "GB", "US"], ["satellite"]),
        "from abroad": (["DE", "US"], []),
        "ended": ([], []),
    }
    numbers = [one.e164 for one in found["simulator"].caller_ids.order_by("pk")]
    assert numbers == ["+12025550101", "+12025550100"]
    assert [one.e164 for one in found["from abroad"].caller_ids.all()] == ["+4930123456"]

    before = [("batchcalls", "0028_verdicts_of_refusals")]
    apps = MigrationExecutor(connection).migrate(before).apps
    old = apps.get_model("batchcalls", "VoiceAccount").objects.get(name="simulator")
    assert old.caller_ids == numbers
