"""What a cancel does to calls that the provider already has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import chunks, claiming, recording, results, stopping, ticks
from batchcalls.database.lease import Lease
from batchcalls.intake import runner
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus
from batchcalls.voice.base import CallAccepted, VoiceEvent
from batchcalls.voice.errors import ProviderThrottled
from batchcalls.voice.simulator import SimulatorProvider
from campaigns.models import CallingPolicy, Campaign

pytestmark = pytest.mark.django_db

HUMAN = "+12025550190"


@pytest.fixture
def patient(account: VoiceAccount) -> VoiceAccount:
    """A simulator at which a call rings after a second or two."""
    account.options = {"speed": 1}
    account.save()
    return account


def place(make_batch: Any, account: VoiceAccount) -> Batch:
    batch: Batch = make_batch(HUMAN)
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    ticks.tick_account(account.pk, seconds=0)
    assert CallResult.objects.get().provider_call_id
    return batch


@pytest.mark.parametrize(
    ("after_seconds", "hang_up", "status", "recipient"),
    [
        (0, False, CallStatus.CANCELED, RecipientStatus.CANCELED),
        (0, True, CallStatus.CANCELED, RecipientStatus.CANCELED),
        (3, True, CallStatus.CANCELED, RecipientStatus.CANCELED),
        (3, False, CallStatus.RINGING, RecipientStatus.IN_CALL),
    ],
)
def test_cancel_withdraws_what_has_not_begun_and_hangs_up_only_when_asked(
    make_batch: Any,
    patient: VoiceAccount,
    *,
    after_seconds: float,
    hang_up: bool,
    status: str,
    recipient: str,
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        batch = place(make_batch, patient)
        clock.shift(after_seconds)
        lifecycle.cancel(batch, hang_up=hang_up)
        ticks.tick_account(patient.pk, seconds=0)

        call = CallResult.objects.get()
        assert (call.status, call.recipient.status) == (status, recipient)
        clock.shift(3_600)
        ticks.tick_account(patient.pk, seconds=0)
        call.refresh_from_db()
        ended = CallStatus.COMPLETED if status == CallStatus.RINGING else CallStatus.CANCELED
        assert call.status == ended


def test_a_call_whose_answer_comes_after_the_cancel_is_stopped_too(
    make_batch: Any, patient: VoiceAccount
) -> None:
    batch = make_batch(HUMAN)
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    chunks.queue_due(patient, now=timezone.now())
    lease = Lease.acquire(VoiceAccount.objects.all(), patient.pk, seconds=60)
    assert lease is not None
    with lease:
        [claim] = claiming.claim(lease, want=1).placeable
        lifecycle.cancel(batch, hang_up=True)
        accepted = patient.voice_provider().place(claim.request)
        assert isinstance(accepted, CallAccepted)
        recording.record([(claim.call, accepted)])
    assert Recipient.objects.get().status == RecipientStatus.IN_CALL
    ticks.tick_account(patient.pk, seconds=0)

    assert CallResult.objects.get().status == CallStatus.CANCELED
    batch.refresh_from_db()
    assert batch.status == BatchStatus.CANCELED


def test_an_answer_for_an_attempt_that_was_taken_back_is_not_lost(
    make_batch: Any, account: VoiceAccount
) -> None:
    """A worker that was held up for long calls somebody it should not have: the log says so."""
    batch = make_batch(HUMAN)
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    chunks.queue_due(account, now=timezone.now())
    lease = Lease.acquire(VoiceAccount.objects.all(), account.pk, seconds=60)
    assert lease is not None
    with lease:
        [claim] = claiming.claim(lease, want=1).placeable
        CallResult.objects.all().delete()
        Recipient.objects.update(status="queued", due_at=timezone.now() - timedelta(seconds=1))
        recording.record([(claim.call, CallAccepted(provider_call_id="p-9"))])

    assert Recipient.objects.get().status == RecipientStatus.QUEUED
    assert "p-9" in batch.events.get(code="possible_double_dial").message


def test_a_cancel_while_the_call_is_being_asked_about_is_not_forgotten(
    make_batch: Any, patient: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = place(make_batch, patient)
    CallResult.objects.update(next_check_at=timezone.now())
    real = SimulatorProvider.pull

    def pull_and_be_canceled(*args: Any, **options: Any) -> Any:
        batch.refresh_from_db()
        if batch.status != BatchStatus.CANCELED:
            lifecycle.cancel(batch, hang_up=True)
        return real(*args, **options)

    monkeypatch.setattr(SimulatorProvider, "pull", pull_and_be_canceled)
    ticks.tick_account(patient.pk, seconds=0)
    ticks.tick_account(patient.pk, seconds=0)
    assert CallResult.objects.get().status == CallStatus.CANCELED


def test_one_call_is_stopped_and_the_others_go_on(
    make_batch: Any, patient: VoiceAccount, django_user_model: Any
) -> None:
    somebody = django_user_model.objects.create_user("somebody")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        batch = place(make_batch, patient)
        call = CallResult.objects.get()
        clock.shift(timedelta(seconds=3))
        stopping.stop(call, actor=somebody)
        ticks.tick_account(patient.pk, seconds=0)
        call.refresh_from_db()
        assert call.status == CallStatus.CANCELED
        assert Recipient.objects.get().status == RecipientStatus.CANCELED
        batch.refresh_from_db()
        assert batch.status == BatchStatus.COMPLETED_PARTIAL
        assert batch.events.get(code="call_stopped").actor == somebody
        with pytest.raises(stopping.CallOver, match="This call is over: Canceled"):
            stopping.stop(call)


def test_a_call_that_is_stopped_while_it_is_placed_does_not_come_back(
    make_batch: Any, patient: VoiceAccount
) -> None:
    batch = make_batch(HUMAN, "+12025550191")
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    chunks.queue_due(patient, now=timezone.now())
    lease = Lease.acquire(VoiceAccount.objects.all(), patient.pk, seconds=60)
    assert lease is not None
    not_now = ProviderThrottled("Not now.", code="throttled", retry_after_seconds=0)
    with lease:
        first, second = claiming.claim(lease, want=2).placeable
        stopping.stop(first.call)
        recording.record([(first.call, not_now), (second.call, not_now)])
    assert not CallResult.objects.exists()
    stopped, other = Recipient.objects.order_by("row_number")
    assert (stopped.status, stopped.reason_code) == (RecipientStatus.CANCELED, "call_stopped")
    assert stopped.due_at is None
    assert other.status == RecipientStatus.QUEUED
    ticks.tick_account(patient.pk, seconds=0)
    assert [call.recipient for call in CallResult.objects.all()] == [other]


def claimed(make_batch: Any, account: VoiceAccount, **fields: Any) -> tuple[Batch, CallResult]:
    """A call that is just being placed."""
    batch = make_batch(HUMAN, **fields)
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    chunks.queue_due(account, now=timezone.now())
    lease = Lease.acquire(VoiceAccount.objects.all(), account.pk, seconds=60)
    assert lease is not None
    with lease:
        [claim] = claiming.claim(lease, want=1).placeable
    return batch, claim.call


def test_an_attempt_that_was_taken_back_is_stopped_by_its_recipient(
    make_batch: Any, patient: VoiceAccount
) -> None:
    _, call = claimed(make_batch, patient)
    recording.record([(call, ProviderThrottled("Not now.", code="throttled"))])
    stopping.stop(call)
    recipient = Recipient.objects.get()
    assert (recipient.status, recipient.reason_code) == (RecipientStatus.CANCELED, "call_stopped")
    with pytest.raises(stopping.CallOver):
        stopping.stop(call)


def test_an_attempt_that_came_again_meanwhile_is_the_one_that_is_stopped(
    make_batch: Any, patient: VoiceAccount
) -> None:
    _, call = claimed(make_batch, patient)
    recording.record(
        [(call, ProviderThrottled("Not now.", code="throttled", retry_after_seconds=0))]
    )
    lease = Lease.acquire(VoiceAccount.objects.all(), patient.pk, seconds=60)
    assert lease is not None
    with lease:
        [again] = claiming.claim(lease, want=1).placeable
    stopping.stop(call)
    assert CallResult.objects.get(pk=again.call.pk).stop_requested == "hang_up"


def test_a_stopped_call_is_not_retried_however_it_is_said_to_have_ended(
    make_batch: Any, patient: VoiceAccount
) -> None:
    policy = CallingPolicy.objects.create(name="Again")
    policy.retry_rules.create(outcome="no_answer", max_retries=2, wait_seconds=60)
    campaign = Campaign.objects.create(name="Reminder", prompt="Hello.", policy=policy)
    batch, call = claimed(make_batch, patient, campaign=campaign)
    now = timezone.now()
    recording.record([(call, CallAccepted(provider_call_id="c-1", next_event_at=now))])
    stopping.stop(call)
    # The provider was told; what it says then is that nobody answered.
    CallResult.objects.update(stop_requested="told")
    event = VoiceEvent(
        event_key="1",
        provider_call_id="c-1",
        status=CallStatus.NO_ANSWER,
        raw_status="no-answer",
        occurred_at=now,
    )
    results.apply(patient.pk, [event], now=now)
    assert CallResult.objects.get().status == CallStatus.NO_ANSWER
    assert Recipient.objects.get().status == RecipientStatus.DONE
    batch.refresh_from_db()


def test_a_provider_that_was_told_to_stop_is_not_told_again(
    make_batch: Any, patient: VoiceAccount
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        batch = place(make_batch, patient)
        clock.shift(timedelta(seconds=3))
        # The phone rings already, and the conversation may come to its end.
        lifecycle.cancel(batch, hang_up=False)
        ticks.tick_account(patient.pk, seconds=0)
        assert CallResult.objects.get().stop_requested == "told"
