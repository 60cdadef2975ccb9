"""What is older than its setting is purged, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from batchcalls import tasks
from batchcalls.database import clock
from batchcalls.database.lease import Lease
from batchcalls.keeping import purging, retention
from batchcalls.models import AuditEntry, Batch, CallEvent, CallResult, Purge, Recipient
from campaigns import pseudonyms

pytestmark = pytest.mark.django_db

NUMBER = "+12025550134"


@pytest.fixture
def old(make_batch: Any, run: Any) -> Batch:
    batch: Batch = run(make_batch(NUMBER, "+12025550135"))
    Batch.objects.filter(pk=batch.pk).update(ended_at=clock.now() - timedelta(days=31))
    CallResult.objects.update(recording_url="https://x.example/1.mp3")
    return batch


def run_all() -> dict[str, int]:
    return purging.run(sleep=lambda seconds: None)


def test_each_kind_is_purged_after_its_own_time_and_figures_stay(
    old: Batch, make_batch: Any, run: Any, settings: Any, capsys: Any
) -> None:
    recent = run(make_batch("+12025550136"))
    figures = Recipient.objects.totals(old.pk)
    assert run_all() == {}
    settings.KEEP_TRANSCRIPTS_DAYS = 30
    assert run_all() == {"transcripts": 2}
    calls = CallResult.objects.filter(batch=old)
    assert {(str(call.transcript), call.summary) for call in calls} == {("[]", "")}
    assert {call.to_number for call in calls} == {NUMBER, "+12025550135"}
    assert CallResult.objects.get(batch=recent).transcript
    settings.KEEP_RECORDINGS_DAYS = settings.KEEP_PAYLOADS_DAYS = settings.KEEP_UPLOADS_DAYS = 30
    stored = old.first_list
    path, storage = stored.file.name, stored.file.storage
    assert storage.exists(path)
    run_all()
    assert not storage.exists(path)
    assert not calls.exclude(recording_url="").exists()
    assert not CallEvent.objects.filter(call__batch=old).exclude(payload={}).exists()
    settings.KEEP_NUMBERS_DAYS = 30
    run_all()
    rows = Recipient.objects.filter(batch=old)
    assert all(pseudonyms.is_pseudonym(row.e164) and not row.request_data for row in rows)
    assert calls.filter(to_number=pseudonyms.pseudonym_of(NUMBER)).count() == 1
    assert Recipient.objects.totals(old.pk) == figures
    assert Recipient.objects.get(batch=recent).request_data
    assert AuditEntry.objects.filter(action="purged_data").count() == 5
    assert run_all() == dict.fromkeys(
        ["uploads", "numbers", "transcripts", "recordings", "payloads"], 0
    )


@pytest.mark.one_database
def test_a_batch_that_is_open_again_keeps_everything(old: Batch, settings: Any) -> None:
    settings.KEEP_NUMBERS_DAYS = 30
    [batch] = retention.NUMBERS.batches(clock.now())
    Batch.objects.filter(pk=old.pk).update(status="paused", ended_at=None)
    # Between the choice of the batch and its first rows.
    assert list(purging._steps_of(retention.NUMBERS, batch)) == []
    assert Recipient.objects.filter(e164=NUMBER).exists()
    assert not retention.NUMBERS.batches(clock.now()).exists()


@pytest.mark.one_database
def test_a_purge_that_broke_off_goes_on_where_it_stopped(
    old: Batch, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KEEP_TRANSCRIPTS_DAYS = 30
    monkeypatch.setattr(purging, "ROWS_AT_ONCE", 1)
    assert purging.run(seconds=0) == {"transcripts": 1}
    assert Purge.objects.get(kind="transcripts").ran_at is None
    assert purging.is_due()
    assert run_all() == {"transcripts": 1}
    assert not purging.is_due()


@pytest.mark.one_database
def test_two_workers_do_not_purge_the_same(old: Batch, settings: Any) -> None:
    settings.KEEP_TRANSCRIPTS_DAYS = 30
    Purge.objects.create(kind="transcripts")
    with Lease.acquire(Purge.objects.all(), "transcripts", seconds=60) or pytest.fail("no lease"):
        assert run_all() == {}
    tasks.purge()
    assert Purge.objects.get(kind="transcripts").deleted == 2


@pytest.mark.one_database
def test_the_command_and_the_page_show_what_is_due_and_change_nothing(
    old: Batch, settings: Any, admin_client: Client, capsys: Any
) -> None:
    settings.KEEP_NUMBERS_DAYS, settings.KEEP_EXPORTS_DAYS = 30, 7
    call_command("purge")
    out = " ".join(capsys.readouterr().out.split())
    assert "Numbers and variables 30 days 1 batches 2 rows" in out
    assert "Nothing was purged." in out
    page = " ".join(admin_client.get(reverse("admin:retention")).content.decode().split())
    assert "1 batch with 2 rows" in page
    assert "KEEP_EXPORTS_DAYS" in page
    assert Recipient.objects.filter(e164=NUMBER).exists()
    call_command("purge", "--yes")
    assert "numbers: " in capsys.readouterr().out
    assert not Recipient.objects.filter(e164=NUMBER).exists()
