"""Every status of the seed occurs, for the reason the seed gives; impossible moves are refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import ticks
from batchcalls.intake import runner
from batchcalls.models import Batch, BatchEvent, CallResult, Recipient
from batchcalls.states import (
    BATCH_ACTIVE,
    BATCH_CALLING,
    BATCH_REOPENABLE,
    BATCH_TERMINAL,
    BATCH_TRANSITIONS,
    BatchStatus,
    RecipientStatus,
)

pytestmark = pytest.mark.django_db

HUMAN, NO_ANSWER, REJECTED = "+12025550190", "+12025550191", "+12025550194"


def visited(batch: Batch) -> list[str]:
    return list(BatchEvent.objects.filter(batch=batch).values_list("to_status", flat=True))


def status_of(batch: Batch) -> str:
    batch.refresh_from_db()
    return batch.status


def test_a_batch_goes_through_the_statuses_of_the_seed_in_their_order(
    make_batch: Any, run: Any
) -> None:
    batch = run(make_batch(HUMAN, NO_ANSWER))

    assert batch.status == BatchStatus.COMPLETED
    assert visited(batch) == ["draft", "initializing", "validating", "dispatching", "completed"]
    assert batch.ended_at is not None
    assert batch.launched_at is not None


def test_a_list_that_was_only_to_be_validated_waits_ready(make_batch: Any, run: Any) -> None:
    batch = make_batch(HUMAN)
    lifecycle.submit(batch, launch=False)
    runner.run_batch(batch.pk, seconds=5)

    assert status_of(batch) == BatchStatus.READY
    assert not CallResult.objects.exists()

    lifecycle.launch(batch)
    assert run(batch, launch=False).status == BatchStatus.COMPLETED


def test_live_conversations_are_in_progress(make_batch: Any, account: Any) -> None:
    account.options = {"speed": 0.001}
    account.save()
    batch = make_batch(HUMAN)
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    ticks.tick_account(account.pk, seconds=0)

    assert status_of(batch) == BatchStatus.IN_PROGRESS


def test_more_than_one_chunk_is_in_progress_chunked(
    make_batch: Any, account: Any, settings: Any
) -> None:
    settings.CHUNK_SIZE = 2
    account.options = {"speed": 0.001}
    account.save()
    batch = make_batch(*(f"+120255501{n:02}" for n in range(5)))
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)

    ticks.tick_account(account.pk, seconds=0)
    assert status_of(batch) == BatchStatus.DISPATCHING
    assert CallResult.objects.count() == 2

    ticks.tick_account(account.pk, seconds=0)
    assert status_of(batch) == BatchStatus.IN_PROGRESS_CHUNKED
    assert CallResult.objects.count() == 4

    for _ in range(2):
        ticks.tick_account(account.pk, seconds=0)
    assert status_of(batch) == BatchStatus.IN_PROGRESS_CHUNKED
    assert CallResult.objects.count() == 5


def test_chunks_go_out_in_the_order_of_the_file(make_batch: Any, run: Any, settings: Any) -> None:
    settings.CHUNK_SIZE = 3
    batch = run(make_batch(*(f"+120255501{n:02}" for n in range(10))))

    rows = CallResult.objects.order_by("pk").values_list("recipient__row_number", flat=True)
    assert list(rows) == list(range(2, 12))
    assert "in_progress_chunked" in visited(batch)
    assert batch.is_over


def test_a_later_start_time_makes_the_batch_wait_for_scheduled_calls(
    make_batch: Any, account: Any
) -> None:
    start = timezone.now() + timedelta(hours=3)
    batch = make_batch(HUMAN, start_at=start)
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    wake = ticks.tick_account(account.pk, seconds=0)

    assert status_of(batch) == BatchStatus.WAITING_FOR_SCHEDULED_CALLS
    assert wake == start
    recipient = Recipient.objects.get()
    assert (recipient.status, recipient.due_at) == (RecipientStatus.DEFERRED, start)
    assert not CallResult.objects.exists()


def test_some_skipped_rows_make_it_completed_partial_and_the_log_says_so(
    make_batch: Any, run: Any
) -> None:
    batch = run(make_batch(HUMAN, "12", ""))

    assert batch.status == BatchStatus.COMPLETED_PARTIAL
    assert "2 skipped" in batch.reason
    assert "2 skipped" in BatchEvent.objects.filter(batch=batch).last().message  # type: ignore[union-attr]


def test_a_number_the_carrier_rejects_makes_it_completed_partial(make_batch: Any, run: Any) -> None:
    batch = run(make_batch(HUMAN, REJECTED))

    assert batch.status == BatchStatus.COMPLETED_PARTIAL
    assert Recipient.objects.get(e164=REJECTED).reason_code == "rejected"


def test_a_stored_list_that_is_gone_fails_the_batch(make_batch: Any, run: Any) -> None:
    batch = make_batch(HUMAN)
    stored = batch.first_list
    stored.file.storage.delete(stored.file.name)

    assert run(batch).reason_code == "file_missing"


def test_an_account_with_unusable_options_pauses_its_batches_and_loses_nobody(
    make_batch: Any, run: Any, account: Any
) -> None:
    batch = make_batch(HUMAN)
    account.options = {"sped": 1}
    account.save()
    batch = run(batch)

    assert (batch.status, batch.reason_code) == (BatchStatus.PAUSED, "account_unusable")
    assert "sped" in batch.reason
    assert Recipient.objects.get().status == RecipientStatus.PENDING


def test_a_paused_batch_dials_nobody_until_it_is_resumed(
    make_batch: Any, run: Any, account: Any
) -> None:
    batch = make_batch(HUMAN)
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    lifecycle.pause(batch, message="Lunch.")
    ticks.tick_account(account.pk, seconds=0)

    assert (status_of(batch), batch.reason) == (BatchStatus.PAUSED, "Lunch.")
    assert not CallResult.objects.exists()

    lifecycle.resume(batch)
    assert run(batch, launch=False).status == BatchStatus.COMPLETED


def test_cancel_withdraws_what_is_not_placed_and_lets_live_calls_end(
    make_batch: Any, account: Any, settings: Any
) -> None:
    settings.CHUNK_SIZE = 1
    account.options = {"speed": 0.001}
    account.save()
    batch = make_batch(HUMAN, NO_ANSWER)
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    ticks.tick_account(account.pk, seconds=0)
    lifecycle.cancel(batch)

    assert status_of(batch) == BatchStatus.CANCELED
    assert Recipient.objects.get(e164=NO_ANSWER).status == RecipientStatus.CANCELED
    assert Recipient.objects.get(e164=HUMAN).status == RecipientStatus.IN_CALL

    account.options = {"speed": 0}
    account.save()
    CallResult.objects.update(next_check_at=timezone.now())
    ticks.tick_account(account.pk, seconds=0)
    assert Recipient.objects.get(e164=HUMAN).status == RecipientStatus.DONE
    assert status_of(batch) == BatchStatus.CANCELED


def test_cancel_during_validation_stops_the_import(make_batch: Any) -> None:
    batch = make_batch(HUMAN)
    lifecycle.submit(batch, launch=True)
    lifecycle.begin_validating(batch)
    lifecycle.cancel(batch)

    assert runner.run_batch(batch.pk, seconds=5) is False
    assert status_of(batch) == BatchStatus.CANCELED
    assert not Recipient.objects.exists()


def test_launching_twice_is_a_conflict_and_calls_once(make_batch: Any, run: Any) -> None:
    batch = make_batch(HUMAN)
    lifecycle.submit(batch, launch=True)
    with pytest.raises(lifecycle.Conflict, match="cannot be launched now: it is Initializing"):
        lifecycle.submit(batch, launch=True)
    run(batch, launch=False)

    assert CallResult.objects.count() == 1


@pytest.mark.parametrize("status", sorted(BATCH_TERMINAL))
def test_a_batch_that_is_over_stays_as_it_is(make_batch: Any, status: BatchStatus) -> None:
    batch = make_batch(HUMAN)
    Batch.objects.filter(pk=batch.pk).update(status=status, ended_at=timezone.now())
    for verb in (lifecycle.cancel, lifecycle.pause, lifecycle.resume, lifecycle.launch):
        with pytest.raises(lifecycle.Conflict):
            verb(batch)

    assert status_of(batch) == status


def test_every_status_has_its_edges_and_final_ones_none_but_to_be_reopened() -> None:
    assert set(BATCH_TRANSITIONS) == set(BatchStatus)
    without = {status for status, edges in BATCH_TRANSITIONS.items() if not edges}
    assert without == BATCH_TERMINAL - BATCH_REOPENABLE
    assert {BATCH_TRANSITIONS[status] for status in BATCH_REOPENABLE} == {
        frozenset({BatchStatus.DISPATCHING})
    }
    assert BATCH_CALLING < BATCH_ACTIVE
    reachable = {BatchStatus.DRAFT}.union(*BATCH_TRANSITIONS.values())
    assert reachable == set(BatchStatus)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"status": "gone"}, "batch_status"),
        ({"status": "completed"}, "batch_terminal_iff_ended"),
        ({"status": "ready", "pathway_id": "p"}, "batch_prompt_or_pathway"),
        ({"chunk_size": 0}, "batch_chunk_size_positive"),
    ],
)
def test_the_database_refuses_impossible_batches(
    make_batch: Any, fields: dict[str, Any], constraint: str
) -> None:
    batch = make_batch(HUMAN)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(**fields)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"status": "done"}, "recipient_done_iff_outcome"),
        ({"status": "skipped"}, "recipient_skipped_has_reason"),
        ({"status": "queued", "due_at": None}, "recipient_claimable_has_due_time"),
        ({"status": "dialing"}, "recipient_dialing_has_claim"),
        ({"e164": ""}, "recipient_callable_has_number"),
    ],
)
def test_the_database_refuses_impossible_recipients(
    make_batch: Any, fields: dict[str, Any], constraint: str
) -> None:
    batch = make_batch(HUMAN)
    lifecycle.submit(batch, launch=False)
    runner.run_batch(batch.pk, seconds=5)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Recipient.objects.update(**fields)
