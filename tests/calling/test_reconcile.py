"""Asking the provider: only a definite no is dialed again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import reconcile, ticks
from batchcalls.database import clock
from batchcalls.models import CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus
from batchcalls.voice.base import CallAbsent, CallFound, CannotTell, Lookup
from tests.calling.asking import NUMBER, Oracle, ask, check, lose
from tests.calling.placing import Recorder, lease_of, place_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost(make_batch: Any) -> CallResult:
    """A call whose answer was lost."""
    return lose(make_batch(NUMBER))


def test_the_provider_is_asked_about_exactly_the_request_that_was_placed(lost: CallResult) -> None:
    oracle = check(lost, CannotTell("busy"))

    [request] = oracle.asked
    assert (request.correlation_id, request.to) == (lost.call_id, NUMBER)
    assert (request.attempt, request.tries) == (1, 1)


def test_a_lost_call_is_looked_up_from_the_moment_it_was_sent(lost: CallResult) -> None:
    """A provider's patience counts from there, and the claim may be much older."""
    lost.sent_at = lost.claimed_at + timedelta(seconds=40)
    lost.save()

    assert check(lost, CannotTell("busy")).sent_between == (lost.claimed_at, lost.sent_at)


def test_a_call_of_a_worker_that_died_may_have_been_sent_at_the_last_moment(
    lost: CallResult, settings: Any
) -> None:
    settings.SEND_WITHIN_SECONDS = 45

    assert check(lost, CannotTell("busy")).sent_between == (
        lost.claimed_at,
        lost.claimed_at + timedelta(seconds=45),
    )


def test_a_call_that_exists_is_confirmed_and_never_placed_again(lost: CallResult) -> None:
    check(lost, CallFound(provider_call_id="p-1"))

    assert (lost.status, lost.provider_call_id) == (CallStatus.QUEUED, "p-1")
    assert lost.recipient.status == RecipientStatus.IN_CALL
    assert lost.recipient.called


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_denial_right_after_the_clock_was_set_is_not_believed(
    lost: CallResult, minutes: int
) -> None:
    """The call may be younger than it looks, and therefore not be in the provider's list yet."""
    clock.seconds_since_step()
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        CallResult.objects.update(next_check_at=timezone.now())
        check(lost, CallAbsent())
    assert lost.status == CallStatus.UNKNOWN
    assert "clock was set" in lost.recipient.reason


def test_a_definite_no_queues_the_recipient_again_and_keeps_the_attempt(lost: CallResult) -> None:
    check(lost, CallAbsent())

    assert (lost.status, lost.error_code) == (CallStatus.NOT_PLACED, "denied")
    recipient = lost.recipient
    assert (recipient.status, recipient.reason_code) == (RecipientStatus.QUEUED, "not_placed")
    assert (recipient.attempts, recipient.tries, recipient.called) == (1, 2, False)
    assert str(lost.call_id) in lost.batch.events.get(code="given_up").message


def test_a_definite_no_in_a_canceled_batch_calls_nobody_again(lost: CallResult) -> None:
    lifecycle.cancel(lost.batch)
    assert Recipient.objects.get().status == RecipientStatus.UNCONFIRMED
    ask(lost.account, Oracle(CallAbsent()))

    assert Recipient.objects.get().status == RecipientStatus.CANCELED


@pytest.mark.parametrize("answer", [CannotTell("It is away"), RuntimeError("boom")])
def test_what_cannot_be_told_is_asked_again_ever_later_and_then_left_to_a_person(
    lost: CallResult, answer: Lookup | Exception
) -> None:
    waits: list[float] = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in reconcile.LOOKUP_WAITS:
            check(lost, answer)
            assert lost.next_check_at == lost.recipient.due_at
            assert lost.next_check_at is not None
            waits.append((lost.next_check_at - timezone.now()).total_seconds())
            ticks.recover()
            lost.batch.refresh_from_db()
            assert lost.batch.status == BatchStatus.IN_PROGRESS
            clock.move_to(lost.next_check_at)
        check(lost, answer)
        ticks.recover()

    assert tuple(waits) == reconcile.LOOKUP_WAITS
    assert (lost.next_check_at, lost.recipient.due_at) == (None, None)
    assert lost.recipient.status == RecipientStatus.UNCONFIRMED
    lost.batch.refresh_from_db()
    assert lost.batch.status == BatchStatus.COMPLETED_PARTIAL
    assert "1 unconfirmed" in lost.batch.reason
    assert CallResult.objects.get().attempt == 1


def test_one_call_that_cannot_be_asked_about_does_not_keep_the_others_waiting(
    lost: CallResult,
) -> None:
    check(lost, CallFound(provider_call_id="p-1", next_event_at=timezone.now()))
    check(lost, RuntimeError("boom"))

    assert lost.status == CallStatus.QUEUED
    assert lost.next_check_at is not None
    assert lost.next_check_at > timezone.now() + timedelta(seconds=20)


class TestOpenCalls:
    """A call that has not ended has a next question, whatever its provider says."""

    def test_a_provider_that_names_no_next_event_is_asked_again(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(NUMBER)
        provider = Recorder()
        with lease_of(account) as lease:
            place_due(provider, lease)
        call = CallResult.objects.get()
        assert call.next_check_at is not None

        CallResult.objects.update(next_check_at=timezone.now())
        with reconcile.Enquirer(account, provider) as enquirer:
            enquirer.step()
        call.refresh_from_db()
        assert call.next_check_at is not None
        assert call.next_check_at > timezone.now()
        # An earlier event was missed: the next question is about the whole call.
        assert call.checked_at is None

    def test_a_call_ends_although_its_provider_changed_its_course(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        start = timezone.now()
        VoiceAccount.objects.update(options={"speed": 1})
        batch = launched(NUMBER)
        ticks.tick_account(account.pk, seconds=0.2)
        with time_machine.travel(start + timedelta(seconds=10)):
            ticks.tick_account(account.pk, seconds=0.2)
        VoiceAccount.objects.update(options={"speed": 1_000})
        for minutes in (5, 10):
            with time_machine.travel(start + timedelta(minutes=minutes)):
                ticks.tick_account(account.pk, seconds=0.2)
        batch.refresh_from_db()
        assert batch.is_over

    def test_a_sweep_asks_about_open_calls_that_an_older_version_left_alone(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(NUMBER)
        ticks.tick_account(account.pk, seconds=0)
        VoiceAccount.objects.update(options={"speed": 1})
        CallResult.objects.update(
            provider_call_id="sim-1", status=CallStatus.RINGING, next_check_at=None, ended_at=None
        )
        ticks.recover()
        assert CallResult.objects.get().next_check_at is not None
