"""An installation that is upgraded in the middle of its work goes on with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from batchcalls.intake import dry_run, runner
from batchcalls.models import Batch, CallResult, Recipient, StoredList

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("batchcalls", "0002_engine"), ("campaigns", "0001_initial")]
LIST = b"phone_number,name\n+12025550190,Ann\n+12025550191,Bob\n+12025550192,Cy\n"


@pytest.fixture
def before() -> Iterator[Any]:
    """The models of the release before lists were rows of their own."""
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    yield executor.loader.project_state(BEFORE).apps
    upgrade()


def upgrade() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def make(apps: Any, status: str, *, rows: int, **fields: Any) -> Any:
    account, _ = apps.get_model("batchcalls", "VoiceAccount").objects.get_or_create(name="old")
    mapping = [
        {"position": 0, "header": "phone_number", "target": "phone_number", "name": ""},
        {"position": 1, "header": "name", "target": "request_data", "name": "name"},
    ]
    batch = apps.get_model("batchcalls", "Batch").objects.create(
        name=status,
        status=status,
        account=account,
        prompt="Call {{name}}.",
        file=default_storage.save(f"batches/{status}.csv", ContentFile(LIST)),
        file_name="list.csv",
        encoding="utf-8",
        delimiter=",",
        headers=["phone_number", "name"],
        mapping=mapping,
        **fields,
    )
    for row in range(2, rows + 2):
        apps.get_model("batchcalls", "Recipient").objects.create(
            batch=batch,
            row_number=row,
            raw_number=f"+120255501{88 + row}",
            e164=f"+120255501{88 + row}",
            request_data={"name": "old"},
        )
    return batch.pk


def test_lists_move_out_of_their_batches_and_a_half_imported_one_begins_anew(before: Any) -> None:
    draft = make(before, "draft", rows=0)
    half = make(before, "validating", rows=2)
    ready = make(before, "ready", rows=3, row_count=3)
    upgrade()

    found = {str(one.batch_id): one for one in StoredList.objects.all()}
    assert {str(draft), str(half), str(ready)} == set(found)
    assert [found[str(pk)].status for pk in (draft, half, ready)] == [
        "uploaded",
        "importing",
        "imported",
    ]
    assert Batch.objects.get(pk=ready).ready_through == 4
    with Batch.objects.get(pk=draft).first_list.open_file() as stream:
        assert stream.read() == LIST

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
    found = dry_run.compute(Batch.objects.get(pk=ready), now=timezone.now())
    assert (found["now"], found["countries"]) == (3, {"US": 3})
    assert [zone["zones"] for zone in found["time_zones"]] == ["America/New_York"]


def test_calls_of_the_release_before_attempts_were_given_up_stay_as_they_are() -> None:
    executor = MigrationExecutor(connection)
    target = [("batchcalls", "0011_stop_told")]
    executor.migrate(target)
    try:
        old = executor.loader.project_state(target).apps
        batch = make_batch_with_calls(old)
    finally:
        upgrade()

    calls = CallResult.objects.filter(batch=batch).order_by("attempt")
    assert list(calls.values_list("status", "given_up_at")) == [
        ("completed", None),
        ("unknown", None),
    ]
    assert CallResult.objects.counted().count() == 2
    assert not CallResult.objects.turned_up().exists()


def make_batch_with_calls(apps: Any) -> Any:
    now = timezone.now()
    account, _ = apps.get_model("batchcalls", "VoiceAccount").objects.get_or_create(name="old")
    batch = apps.get_model("batchcalls", "Batch").objects.create(
        name="Old", status="in_progress", account=account, prompt="Hello."
    )
    recipient = apps.get_model("batchcalls", "Recipient").objects.create(
        batch=batch, row_number=2, e164="+12025550190", status="unconfirmed", attempts=2
    )
    calls = apps.get_model("batchcalls", "CallResult").objects
    for attempt, status in ((1, "completed"), (2, "unknown")):
        calls.create(
            batch=batch,
            recipient=recipient,
            account=account,
            attempt=attempt,
            to_number="+12025550190",
            status=status,
            claimed_at=now,
            ended_at=now if status == "completed" else None,
        )
    return batch.pk


def test_a_lost_call_from_before_the_upgrade_may_have_been_sent_at_the_last_moment(
    settings: Any,
) -> None:
    before = [("batchcalls", "0011_stop_told")]
    executor = MigrationExecutor(connection)
    executor.migrate(before)
    apps = executor.loader.project_state(before).apps
    account = apps.get_model("batchcalls", "VoiceAccount").objects.create(name="old")
    batch = apps.get_model("batchcalls", "Batch").objects.create(name="old", account=account)
    recipient = apps.get_model("batchcalls", "Recipient").objects.create(
        batch=batch, row_number=2, e164="+12025550190"
    )
    now = timezone.now()
    apps.get_model("batchcalls", "CallResult").objects.create(
        **{"batch": batch, "recipient": recipient, "account": account, "claimed_at": now},
        **{"attempt": 1, "to_number": "+12025550190", "status": "unknown"},
    )
    upgrade()

    call = CallResult.objects.get()
    assert call.sent_at is None
    assert call.latest_sent_at == now + timedelta(seconds=settings.STALE_CLAIM_SECONDS / 2)
