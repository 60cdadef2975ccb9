"""A batch that calls nobody says why: one reason, the same on pages, in lists and in the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batchcalls.batches import halts, lifecycle
from batchcalls.calling import chunks
from batchcalls.intake import runner
from batchcalls.models import (
    Batch,
    BatchEvent,
    CallResult,
    EmergencyStop,
    Recipient,
    VoiceAccount,
    WorkerHeartbeat,
)
from batchcalls.reporting.waiting import Waiting, waiting_of
from batchcalls.states import CallStatus, RecipientStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(make_batch: Any) -> Batch:
    """A batch with two people to call, that a worker could have called a minute ago."""
    return launched(make_batch, "+12025550190", "+12025550191")


def launched(make_batch: Any, *numbers: str) -> Batch:
    made: Batch = make_batch(*numbers)
    lifecycle.submit(made, launch=True)
    runner.run_batch(made.pk, seconds=30)
    chunks.queue_due(made.account, now=timezone.now())
    Batch.objects.filter(pk=made.pk).update(launched_at=timezone.now() - timedelta(minutes=1))
    WorkerHeartbeat.objects.beat()
    made.refresh_from_db()
    return made


def reason_of(batch: Batch) -> Waiting | None:
    batch.refresh_from_db()
    return waiting_of([batch]).get(batch.pk)


def code_of(batch: Batch) -> str:
    reason = reason_of(batch)
    return reason.code if reason else ""


def occupy_line(batch: Batch) -> None:
    CallResult.objects.create(
        batch=batch,
        recipient=Recipient.objects.filter(batch=batch, calls=None).order_by("-pk")[0],
        account=batch.account,
        attempt=1,
        to_number="+12025550191",
        status=CallStatus.IN_PROGRESS,
        provider_call_id=str(uuid4()),
        claimed_at=timezone.now(),
    )


def test_a_batch_that_has_just_called_someone_or_was_just_launched_does_not_wait(
    batch: Batch,
) -> None:
    assert code_of(batch) == "worker_busy"
    Batch.objects.update(served_at=timezone.now() - timedelta(seconds=9))
    assert code_of(batch) == ""
    Batch.objects.update(served_at=None, launched_at=timezone.now())
    assert code_of(batch) == ""


def test_a_batch_whose_people_are_all_in_calls_or_called_does_not_wait(batch: Batch) -> None:
    VoiceAccount.objects.update(enabled=False)
    assert code_of(batch) == "account_off"
    Recipient.objects.update(status=RecipientStatus.IN_CALL, due_at=None)
    assert code_of(batch) == ""


def test_the_stop_comes_before_the_switch_and_the_switch_before_the_hold(batch: Batch) -> None:
    until = timezone.now() + timedelta(minutes=30)
    VoiceAccount.objects.update(enabled=False, held_until=until, held_reason="Slow down.")
    halts.engage(None, "Wrong list.")
    assert reason_of(batch) == Waiting(
        code="emergency_stop", message="All calling is stopped: Wrong list."
    )
    halts.lift(None, EmergencyStop.objects.get())
    assert code_of(batch) == "account_off"
    VoiceAccount.objects.update(enabled=True)
    reason = reason_of(batch)
    assert reason is not None
    assert (reason.code, reason.until) == ("account_held", until)
    assert reason.message.startswith("Held until ")
    assert reason.message.endswith(": the provider asked for it.")


def test_people_who_are_due_later_are_the_reason_until_the_first_is_due(batch: Batch) -> None:
    until = timezone.now() + timedelta(minutes=30)
    for status, reason_code, code in (
        (RecipientStatus.DEFERRED, "outside_calling_hours", "calling_hours"),
        (RecipientStatus.DEFERRED, "start_time", "start_time"),
        (RecipientStatus.RETRY_WAIT, "retry_after_busy", "retry_time"),
        (RecipientStatus.QUEUED, "connection_refused", "retry_time"),
        (RecipientStatus.DEFERRED, "budget_used_up", "budget"),
    ):
        Recipient.objects.update(status=status, reason_code=reason_code, due_at=until)
        reason = reason_of(batch)
        assert reason is not None
        assert (reason.code, reason.until) == (code, until)
    # Nobody knows when the live calls end that hold the rest of a budget.
    Recipient.objects.update(reason_code="budget_reserved", reason="It waits.")
    assert reason_of(batch) == Waiting(code="budget", message="It waits.")
    Recipient.objects.filter(pk=Recipient.objects.latest("pk").pk).update(due_at=timezone.now())
    assert code_of(batch) == "worker_busy"


def test_without_a_worker_only_a_process_that_holds_the_lease_can_call(batch: Batch) -> None:
    WorkerHeartbeat.objects.update(at=timezone.now() - timedelta(hours=1))
    assert code_of(batch) == "no_worker"
    VoiceAccount.objects.update(lease_until=timezone.now() + timedelta(seconds=30))
    assert code_of(batch) == "worker_busy"


def test_rates_and_lines_of_the_account_and_of_the_batch_are_named(batch: Batch) -> None:
    soon = timezone.now() + timedelta(seconds=50)
    VoiceAccount.objects.update(cps=0.01, next_slot_at=soon)
    reason = reason_of(batch)
    assert reason is not None
    assert (reason.code, reason.until) == ("account_rate", soon)
    assert "1 call every 100 seconds" in reason.message
    VoiceAccount.objects.update(cps=None)
    Batch.objects.update(cps=0.01, next_slot_at=soon)
    assert code_of(batch) == "batch_rate"
    Batch.objects.update(cps=None)

    occupy_line(batch)
    VoiceAccount.objects.update(concurrency=1)
    assert code_of(batch) == "account_lines"
    VoiceAccount.objects.update(concurrency=2)
    Batch.objects.update(concurrency=1)
    assert code_of(batch) == "batch_lines"


def test_a_batch_waits_its_turn_while_others_of_the_account_are_called(
    batch: Batch, make_batch: Any
) -> None:
    other = launched(make_batch, "+12025550192")
    Batch.objects.filter(pk=other.pk).update(served_at=timezone.now())
    assert code_of(batch) == "other_batches"
    assert code_of(other) == ""


def test_a_page_of_batches_needs_as_many_queries_as_one_batch(
    batch: Batch, make_batch: Any
) -> None:
    with CaptureQueriesContext(connection) as one:
        waiting_of([batch])
    others = [launched(make_batch, f"+1202555019{n}") for n in range(2, 6)]
    with CaptureQueriesContext(connection) as many:
        assert len(waiting_of([batch, *others])) == 5
    assert len(many) == len(one)


def test_ending_a_hold_lets_its_batches_call_and_is_logged_once(
    batch: Batch, account: VoiceAccount
) -> None:
    VoiceAccount.objects.update(held_until=timezone.now() + timedelta(minutes=30))
    account.refresh_from_db()
    assert halts.end_hold(account, actor=None) == 1
    assert code_of(batch) == "worker_busy"
    assert BatchEvent.objects.filter(batch=batch, code="hold_ended").exists()
    with pytest.raises(halts.HaltConflict, match="not on hold"):
        halts.end_hold(account, actor=None)
