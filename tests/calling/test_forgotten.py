"""Calls of ours that a webhook reports and the database does not expect."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from batchcalls.models import Batch, BatchEvent, CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus
from tests.calling.test_provider_events import (
    NUMBER,
    apply,
    bland,
    call,
    environment,
    report,
    send,
)

__all__ = ["bland", "call", "environment"]

pytestmark = pytest.mark.django_db


def sent(batch: Batch, *, to: str = NUMBER, call_id: str = "c-9", ours: Any = None) -> Any:
    metadata = {
        "batchcalls_correlation_id": str(ours or uuid4()),
        "batchcalls_batch_id": str(batch.pk),
    }
    return report(call_id=call_id, to=to, metadata=metadata)


def alarms() -> list[str]:
    events = BatchEvent.objects.filter(code="possible_double_dial")
    return list(events.values_list("message", flat=True))


def forget(call: CallResult) -> Batch:
    """Make the rows as after a refusal: no attempt, and the recipient is queued."""
    batch = call.batch
    Recipient.objects.update(status="queued", attempts=0, called=False, due_at=timezone.now())
    Batch.objects.update(status=BatchStatus.DISPATCHING, queued_through=9)
    call.delete()
    return batch


def test_a_call_that_was_refused_and_exists_is_attached_and_nobody_is_called_again(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    batch = forget(call)
    send(client, bland, sent(batch))
    apply(bland)

    attempt, row = CallResult.objects.get(), Recipient.objects.get()
    assert (attempt.provider_call_id, attempt.status) == ("c-9", CallStatus.COMPLETED)
    assert (row.status, row.attempts, row.called) == (RecipientStatus.DONE, 1, True)
    assert len(alarms()) == 1
    apply(bland)
    assert len(alarms()) == 1


def test_while_an_attempt_is_under_way_the_report_waits(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    CallResult.objects.update(provider_call_id=None)
    send(client, bland, sent(call.batch))
    apply(bland)
    assert CallResult.objects.get() == call
    assert not alarms()


def test_a_second_call_for_one_attempt_raises_the_alarm_once(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    for answered_by in ("human", "voicemail"):
        payload = sent(call.batch, ours=call.call_id)
        send(client, bland, {**payload, "answered_by": answered_by})
        send(client, bland, {**payload, "completed": False, "queue_status": "started"})
        apply(bland)
    [message] = alarms()
    assert "c-1" in message
    assert "c-9" in message


def test_a_call_of_another_batch_system_or_number_changes_nothing(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    batch = forget(call)
    send(client, bland, sent(batch, to="+12025550191"))
    other = sent(batch, call_id="c-8")
    other["metadata"]["batchcalls_batch_id"] = str(uuid4())
    send(client, bland, other)
    apply(bland)
    assert not CallResult.objects.exists()
    assert Recipient.objects.get().status == RecipientStatus.QUEUED


def test_several_unknown_calls_pause_the_account(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    batch = forget(call)
    for n in range(4):
        Recipient.objects.create(
            batch=batch,
            row_number=10 + n,
            e164=f"+1202555010{n}",
            status="queued",
            due_at=timezone.now(),
        )
    for n in range(3):
        send(client, bland, sent(batch, to=f"+1202555010{n}", call_id=f"c-{n}"))
    apply(bland)
    batch.refresh_from_db()
    assert (batch.status, batch.reason_code) == (BatchStatus.PAUSED, "forgotten")
    assert Recipient.objects.filter(status="queued").count() == 2
