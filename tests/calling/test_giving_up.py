"""Calls that the provider denies: kept as evidence, placed once more at most, and then a person."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import giving_up, recording, results, stopping, unconfirmed
from batchcalls.models import Batch, CallEvent, CallResult, Recipient, WebhookDelivery
from batchcalls.reporting import daily_figures
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus, StopRequest
from batchcalls.voice.base import CallAbsent, CallAccepted, CallDetails, CallFound, VoiceEvent
from batchcalls.voice.errors import OutcomeUnknown
from tests.calling.asking import NUMBER, ask, check, lose
from tests.calling.asking import Oracle as Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost(make_batch: Any) -> CallResult:
    """A call whose answer was lost."""
    return lose(make_batch(NUMBER))


@pytest.fixture
def given_up(lost: CallResult) -> CallResult:
    """An attempt that the provider denied."""
    check(lost, CallAbsent())
    return lost


def place_again(call: CallResult, **fields: Any) -> CallResult:
    """Store the next attempt at the recipient, as a claim does."""
    number = call.attempt + 1
    Recipient.objects.filter(pk=call.recipient_id).update(
        status=RecipientStatus.DIALING,
        attempts=number,
        due_at=None,
        claim_token="00000000-0000-0000-0000-000000000001",
        claimed_at=timezone.now(),
    )
    return CallResult.objects.create(
        **{
            "batch": call.batch,
            "recipient": call.recipient,
            "account": call.account,
            "attempt": number,
            "to_number": call.to_number,
            "claimed_at": timezone.now(),
            **fields,
        }
    )


def lose_again(call: CallResult) -> CallResult:
    """Place the recipient again and lose the answer."""
    again = place_again(call)
    error = OutcomeUnknown("The answer was lost.", code="answer_lost")
    recording.record_unknown([(again, error)], ask_at=timezone.now())
    again.refresh_from_db()
    return again


def report(call: CallResult, status: CallStatus = CallStatus.COMPLETED) -> VoiceEvent:
    """Return a late webhook about the call, with our id and the price."""
    return VoiceEvent(
        event_key="late",
        provider_call_id="p-1",
        status=status,
        raw_status=status.value,
        occurred_at=timezone.now(),
        correlation_id=call.call_id,
        answered_by="human",
        details=CallDetails(duration_seconds=60, price=Decimal("0.15"), currency="USD"),
    )


def apply(call: CallResult, *events: VoiceEvent) -> None:
    results.apply(call.account_id, events, now=timezone.now())
    for row in (call, call.recipient, call.batch):
        row.refresh_from_db()


def alarms(call: CallResult) -> list[str]:
    events = call.batch.events.filter(code="possible_double_dial")
    return list(events.values_list("message", flat=True))


def test_a_second_denial_is_left_to_a_person(given_up: CallResult) -> None:
    again = lose_again(given_up)
    check(again, CallAbsent())

    assert (again.status, again.next_check_at) == (CallStatus.UNKNOWN, None)
    recipient = again.recipient
    assert (recipient.status, recipient.due_at) == (RecipientStatus.UNCONFIRMED, None)
    assert "for the second time" in recipient.reason
    logged = again.batch.events.get(code="denied_twice").message
    assert str(again.call_id) in logged


def test_a_lost_answer_that_is_found_is_no_second_doubt(given_up: CallResult) -> None:
    again = lose_again(given_up)
    check(again, CallFound(provider_call_id="p-2"))

    assert again.recipient.status == RecipientStatus.IN_CALL
    assert alarms(again) == []


def test_a_person_may_call_again_what_was_denied_twice(given_up: CallResult) -> None:
    again = lose_again(given_up)
    check(again, CallAbsent())
    ann = User.objects.create_user("ann")
    unconfirmed.was_not_placed(again, actor=ann)

    again.refresh_from_db()
    assert (again.status, again.error_code) == (CallStatus.NOT_PLACED, "settled")
    assert Recipient.objects.get().status == RecipientStatus.QUEUED
    third = lose_again(again)
    check(third, CallAbsent())
    assert third.recipient.status == RecipientStatus.UNCONFIRMED


def test_a_person_calls_nobody_again_whose_earlier_attempt_turned_up(given_up: CallResult) -> None:
    again = lose_again(given_up)
    check(again, CallAbsent())
    apply(given_up, report(given_up))
    unconfirmed.was_not_placed(again, actor=User.objects.create_user("ann"))

    assert Recipient.objects.get().status == RecipientStatus.DONE
    assert CallResult.objects.get(attempt=2).status == CallStatus.NOT_PLACED


def test_a_second_denial_in_a_canceled_batch_needs_no_person(given_up: CallResult) -> None:
    again = lose_again(given_up)
    lifecycle.cancel(again.batch)
    check(again, CallAbsent())

    assert again.status == CallStatus.NOT_PLACED
    assert again.recipient.status == RecipientStatus.CANCELED


def test_an_attempt_that_was_given_up_counts_as_no_call(given_up: CallResult) -> None:
    assert daily_figures.today().calls == 0
    assert CallResult.objects.lines_held() == {}
    assert CallResult.objects.count_lines_held() == 0
    assert CallResult.objects.ended_by_outcome([given_up.recipient_id]) == {}
    assert not WebhookDelivery.objects.exists()


def test_whoever_stops_an_attempt_that_was_given_up_is_not_called_again(
    given_up: CallResult,
) -> None:
    stopping.stop(given_up)

    assert Recipient.objects.get().status == RecipientStatus.CANCELED
    with pytest.raises(stopping.CallOver):
        stopping.stop(given_up)


def test_a_webhook_for_an_attempt_that_was_given_up_makes_it_a_call_and_stops_the_next(
    given_up: CallResult,
) -> None:
    apply(given_up, report(given_up))

    assert (given_up.provider_call_id, given_up.status) == ("p-1", CallStatus.COMPLETED)
    assert str(given_up.price) == "0.15000"
    assert given_up.has_turned_up
    assert CallEvent.objects.get().call == given_up
    recipient = given_up.recipient
    assert (recipient.status, recipient.called) == (RecipientStatus.DONE, True)
    [alarm] = alarms(given_up)
    assert NUMBER in alarm
    assert str(given_up.call_id) in alarm
    assert "p-1" in alarm
    assert daily_figures.today().calls == 1


def test_a_call_that_turns_up_is_not_retried(given_up: CallResult) -> None:
    rule = {"outcome": "no_answer", "max_retries": 2, "wait_seconds": 1}
    Batch.objects.update(policy={"retry": {"rules": [rule]}})
    apply(given_up, report(given_up, CallStatus.NO_ANSWER))

    assert given_up.recipient.status == RecipientStatus.DONE


def test_the_alarm_names_both_calls_and_the_live_one_is_withdrawn(given_up: CallResult) -> None:
    again = place_again(given_up, provider_call_id="p-2")
    Recipient.objects.update(status=RecipientStatus.IN_CALL)
    apply(given_up, report(given_up, CallStatus.RINGING))

    again.refresh_from_db()
    assert again.stop_requested == StopRequest.WITHDRAW
    assert again.next_check_at is not None
    [alarm] = alarms(given_up)
    for name in (given_up.call_id, again.call_id, "p-1", "p-2", "attempt 1", "Attempt 2"):
        assert str(name) in alarm


def test_a_claim_is_not_sent_when_the_earlier_attempt_turns_up(given_up: CallResult) -> None:
    again = place_again(given_up)
    apply(given_up, report(given_up, CallStatus.RINGING))
    recording.withdraw(
        [
            recording.Withdrawal(
                call=again, due_at=timezone.now(), code="halted", reason="Dialing was halted."
            )
        ]
    )

    assert list(CallResult.objects.all()) == [given_up]
    recipient = Recipient.objects.get()
    assert (recipient.status, recipient.attempts) == (RecipientStatus.IN_CALL, 1)
    event = VoiceEvent(
        event_key="end",
        provider_call_id="p-1",
        status=CallStatus.COMPLETED,
        raw_status="completed",
        occurred_at=timezone.now(),
    )
    apply(given_up, event)
    assert given_up.recipient.status == RecipientStatus.DONE


def test_a_withdrawn_second_call_does_not_end_a_recipient_whose_first_is_live(
    given_up: CallResult,
) -> None:
    again = place_again(given_up, provider_call_id="p-2")
    apply(given_up, report(given_up, CallStatus.RINGING))
    canceled = VoiceEvent(
        event_key="canceled",
        provider_call_id="p-2",
        status=CallStatus.CANCELED,
        raw_status="canceled",
        occurred_at=timezone.now(),
    )
    apply(again, canceled)

    assert again.status == CallStatus.CANCELED
    assert Recipient.objects.get().status == RecipientStatus.IN_CALL


def test_a_late_answer_for_an_attempt_that_was_given_up_is_an_alarm(given_up: CallResult) -> None:
    again = place_again(given_up)
    recording.record([(given_up, CallAccepted(provider_call_id="p-1"))])

    given_up.refresh_from_db()
    assert (given_up.status, given_up.provider_call_id) == (CallStatus.QUEUED, "p-1")
    again.refresh_from_db()
    assert again.stop_requested == StopRequest.WITHDRAW
    assert len(alarms(given_up)) == 1
    # The same answer once more is no news.
    recording.record([(given_up, CallAccepted(provider_call_id="p-1"))])
    assert len(alarms(given_up)) == 1


def test_the_provider_is_asked_some_more_about_an_attempt_that_was_given_up(
    given_up: CallResult,
) -> None:
    waits: list[float] = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        while given_up.next_check_at:
            waits.append((given_up.next_check_at - timezone.now()).total_seconds())
            clock.move_to(given_up.next_check_at)
            check(given_up, CallAbsent())
    assert waits == pytest.approx([120, 180, 600], abs=2)
    assert given_up.status == CallStatus.NOT_PLACED
    assert given_up.batch.events.filter(code="given_up").count() == 1


def test_a_call_that_appears_in_the_list_later_is_an_alarm(given_up: CallResult) -> None:
    CallResult.objects.update(next_check_at=timezone.now())
    check(given_up, CallFound(provider_call_id="p-1"))

    assert given_up.provider_call_id == "p-1"
    assert given_up.recipient.status == RecipientStatus.IN_CALL
    assert len(alarms(given_up)) == 1


@pytest.fixture
def crowd(make_batch: Any) -> list[CallResult]:
    """Three calls of one batch whose answers were lost."""
    first = lose(make_batch(NUMBER))
    calls = [first]
    for row in (3, 4):
        recipient = Recipient.objects.get(pk=first.recipient_id)
        recipient.pk, recipient.row_number, recipient.e164 = None, row, f"+1202555019{row}"
        recipient.save()
        call = CallResult.objects.get(pk=first.pk)
        call.pk, call.recipient, call.to_number = None, recipient, recipient.e164
        call.call_id = f"00000000-0000-4000-8000-00000000000{row}"  # type: ignore[assignment]
        call.save()
        calls.append(call)
    return calls


def test_a_list_that_denies_several_lost_calls_pauses_the_account_once(
    crowd: list[CallResult],
) -> None:
    ask(crowd[0].account, Provider(CallAbsent()))

    batch = Batch.objects.get()
    assert (batch.status, batch.reason_code) == (BatchStatus.PAUSED, "list_doubted")
    assert "the answers to 3 calls were lost" in batch.reason
    assert set(Recipient.objects.values_list("status", flat=True)) == {RecipientStatus.QUEUED}

    # A person decides; what was denied before counts no more.
    lifecycle.resume(batch)
    again = lose_again(CallResult.objects.get(pk=crowd[0].pk))
    check(again, CallAbsent())
    assert batch.events.filter(code="list_doubted").count() == 1
    batch.refresh_from_db()
    assert batch.status == BatchStatus.DISPATCHING


@pytest.mark.parametrize("change", ["few among many", "worker died", "long ago"])
def test_a_list_is_not_doubted(change: str, crowd: list[CallResult]) -> None:
    account = crowd[0].account
    if change == "few among many":
        recipient = Recipient.objects.create(
            batch=crowd[0].batch, row_number=9, e164="+12025550199", status="failed"
        )
        for number in range(1, 28):
            CallResult.objects.create(
                batch=crowd[0].batch,
                recipient=recipient,
                account=account,
                attempt=number,
                to_number=recipient.e164,
                claimed_at=timezone.now(),
                status=CallStatus.FAILED,
                ended_at=timezone.now(),
            )
    if change == "worker died":
        CallResult.objects.update(error_code=giving_up.WORKER_DIED)
    if change == "long ago":
        first = CallResult.objects.filter(pk=crowd[0].pk)
        others = CallResult.objects.exclude(pk=crowd[0].pk)
        others.update(next_check_at=timezone.now() + timedelta(hours=1))
        ask(account, Provider(CallAbsent()))
        first.update(given_up_at=timezone.now() - 2 * giving_up.DOUBT_WINDOW)
        others.update(next_check_at=timezone.now())
    ask(account, Provider(CallAbsent()))

    assert CallResult.objects.given_up().count() == 3
    assert Batch.objects.get().status == BatchStatus.IN_PROGRESS
