"""Everything that keeps a batch from calling is listed, from its draft to its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batchcalls.batches import halts, lifecycle
from batchcalls.calling import chunks
from batchcalls.intake import runner
from batchcalls.models import Batch, EmergencyStop, Recipient, StoredList, VoiceAccount
from batchcalls.reporting.blocking import blockers_of
from batchcalls.states import RecipientStatus

pytestmark = pytest.mark.django_db


def codes_of(batch: Batch) -> list[str]:
    batch = Batch.objects.get(pk=batch.pk)
    return [one.code for one in blockers_of([batch])[batch.pk]]


def test_each_step_from_draft_to_end_says_what_is_missing(
    make_batch: Any, run: Callable[..., Batch]
) -> None:
    batch = make_batch("+12025550190")
    assert codes_of(batch) == ["not_launched"]
    lifecycle.submit(batch, launch=False)
    assert codes_of(batch) == ["list_importing", "not_launched"]
    runner.run_batch(batch.pk, seconds=30)
    assert codes_of(batch) == ["not_launched"]
    halts.engage(None, "Wrong list.")
    VoiceAccount.objects.update(enabled=False)
    assert codes_of(batch) == ["not_launched", "emergency_stop", "account_off"]
    halts.lift(None, EmergencyStop.objects.get())
    VoiceAccount.objects.update(enabled=True)
    lifecycle.launch(Batch.objects.get(pk=batch.pk))
    lifecycle.pause(batch)
    assert codes_of(batch) == ["paused"]
    lifecycle.resume(batch)
    run(batch, launch=False)
    assert codes_of(batch) == []


def test_a_launched_list_says_that_it_is_checked_and_what_that_waits_for(make_batch: Any) -> None:
    batch = make_batch("+12025550190")
    lifecycle.submit(batch, launch=True)
    assert codes_of(batch) == ["list_importing"]
    StoredList.objects.update(reason="The disk is full.")
    batch.refresh_from_db()
    [reason] = blockers_of([batch])[batch.pk]
    assert reason.message == "Its list is being checked, which waits: The disk is full."


def test_all_reasons_of_a_calling_batch_are_listed_and_an_engine_pause_keeps_its_code(
    make_batch: Any,
) -> None:
    batch = make_batch("+12025550190")
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=30)
    chunks.queue_due(batch.account, now=timezone.now())
    until = timezone.now() + timedelta(minutes=30)
    Recipient.objects.update(
        status=RecipientStatus.DEFERRED, reason_code="outside_calling_hours", due_at=until
    )
    halts.engage(None, "Wrong list.")
    VoiceAccount.objects.update(held_until=until)
    assert codes_of(batch) == ["emergency_stop", "account_held", "calling_hours"]
    lifecycle.pause(batch, code="budget_used_up", message="The budget is used up.")
    assert codes_of(batch) == ["budget_used_up", "emergency_stop", "account_held"]


def test_a_page_of_batches_needs_as_many_queries_as_one(make_batch: Any) -> None:
    def queries() -> int:
        rows = Batch.objects.select_related("account")
        with CaptureQueriesContext(connection) as seen:
            blockers_of(rows)
        return len(seen)

    lifecycle.submit(make_batch("+12025550190"), launch=True)
    make_batch("+12025550190")
    few = queries()
    for number in range(3):
        lifecycle.submit(make_batch(f"+1202555019{number}"), launch=True)
        make_batch("+12025550190")
    assert queries() == few
