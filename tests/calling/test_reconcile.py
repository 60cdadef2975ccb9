"""Asking the provider: only a definite no is dialed again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import reconcile, ticks
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus
from batchcalls.voice.base import (
    CallAbsent,
    CallAccepted,
    CallFound,
    CallRequest,
    CannotTell,
    Lookup,
    Pulled,
    VoiceProvider,
    always,
)

pytestmark = pytest.mark.django_db

NUMBER = "+12025550190"


class Oracle(VoiceProvider):
    """A provider that only answers questions."""

    kind, label = "oracle", "Oracle"

    def __init__(self, answer: Lookup | Exception) -> None:
        self.answer = answer
        self.asked: list[CallRequest] = []
        self.sent_between: tuple[datetime | None, datetime] | None = None

    def check_connection(self) -> Any:
        raise AssertionError("Nobody asked.")

    def place(self, request: CallRequest, *, may_send: Callable[[], None] = always) -> CallAccepted:
        raise AssertionError("Somebody was dialed.")

    def find(
        self, request: CallRequest, *, sent_at: datetime, since: datetime | None = None
    ) -> Lookup:
        self.asked.append(request)
        self.sent_between = since, sent_at
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def stop(self, call: Any, *, hang_up: bool, now: datetime) -> Pulled:
        return Pulled(events=[], next_event_at=None)

    def pull(self, call: Any, *, after: datetime | None, until: datetime) -> Pulled:
        if isinstance(self.answer, Exception):
            raise self.answer
        return Pulled(events=[], next_event_at=None)


@pytest.fixture
def lost(make_batch: Any, account: VoiceAccount) -> CallResult:
    """A call whose answer was lost."""
    batch: Batch = make_batch(NUMBER)
    now = timezone.now()
    Batch.objects.update(status=BatchStatus.IN_PROGRESS, row_count=1, queued_through=2)
    recipient = Recipient.objects.create(
        batch=batch,
        row_number=2,
        e164=NUMBER,
        request_data={"business_name": "Shop"},
        status=RecipientStatus.UNCONFIRMED,
        reason_code="answer_lost",
        reason="Lost.",
        due_at=now,
        attempts=1,
        tries=1,
    )
    return CallResult.objects.create(
        batch=batch,
        recipient=recipient,
        account=account,
        attempt=1,
        tries=1,
        to_number=NUMBER,
        status=CallStatus.UNKNOWN,
        claimed_at=now,
        next_check_at=now,
    )


def ask(account: VoiceAccount, oracle: Oracle) -> None:
    """Ask about what is due now, and apply the answers."""
    with reconcile.Enquirer(account, oracle) as enquirer:
        enquirer.step()


def check(call: CallResult, answer: Lookup | Exception) -> Oracle:
    oracle = Oracle(answer)
    ask(call.account, oracle)
    call.refresh_from_db()
    call.recipient.refresh_from_db()
    return oracle


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


def test_a_definite_no_queues_the_recipient_again_as_the_same_attempt(lost: CallResult) -> None:
    ask(lost.account, Oracle(CallAbsent()))

    assert not CallResult.objects.exists()
    recipient = Recipient.objects.get()
    assert (recipient.status, recipient.reason_code) == (RecipientStatus.QUEUED, "not_placed")
    assert (recipient.attempts, recipient.tries) == (0, 2)


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
