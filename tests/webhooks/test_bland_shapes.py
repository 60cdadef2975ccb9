"""Our calls, as programs written for the Bland API read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchcalls.database import clock
from batchcalls.models import Batch, CallResult
from batchcalls.states import CALL_FINAL, CALL_GIVEN_UP, CallStatus
from batchcalls.voice.bland import calls as bland_calls
from batchcalls.webhooks import bland_shapes

pytestmark = pytest.mark.django_db

NUMBERS = [f"+120255501{index:02}" for index in range(12)]
NEVER_NULL = (
    "answered_by batch_id call_length concatenated_transcript corrected_duration created_at"
    " endpoint_url error_message from max_duration queue_status request_data to transcripts"
    " variables metadata status"
)


def detail_of(call: CallResult) -> dict[str, Any]:
    loaded = CallResult.objects.select_related("batch", "recipient").get(pk=call.pk)
    told: dict[str, Any] = json.loads(json.dumps(bland_shapes.call_detail(loaded)))
    return told


def test_our_own_reader_of_that_api_reads_back_what_our_calls_came_to(
    make_batch: Callable[..., Batch], run: Callable[..., Batch]
) -> None:
    batch = run(make_batch(*NUMBERS))

    for call in batch.calls.all():
        event = bland_calls.event_of(detail_of(call))

        assert event.provider_call_id == str(call.call_id)
        assert event.status == call.status
        assert event.answered_by == call.answered_by
        assert event.occurred_at == call.ended_at.replace(
            microsecond=call.ended_at.microsecond // 1000 * 1000
        )
        assert event.details is not None
        assert event.details.duration_seconds == call.duration_seconds
        assert event.details.disposition == call.disposition
        assert event.details.summary == call.summary
        assert event.details.price == call.price
        assert event.details.error_message == call.error_message
        assert [turn.text for turn in event.details.transcript] == [
            turn["text"] for turn in call.transcript
        ]
        assert event.details.variables["business_name"].startswith("Shop ")


@pytest.mark.parametrize("status", list(CallStatus))
def test_a_call_is_completed_exactly_when_it_is_over(
    make_batch: Callable[..., Batch], run: Callable[..., Batch], status: CallStatus
) -> None:
    call = run(make_batch(NUMBERS[0])).calls.get()
    call.status, call.ended_at = status, timezone.now() if status in CALL_FINAL else None
    call.save()

    told = detail_of(call)

    assert told["completed"] is (status in CALL_FINAL)
    # The Bland API has no word for an attempt that was given up.
    as_told = CallStatus.FAILED if status in CALL_GIVEN_UP else status
    assert bland_calls.status_of(told) in {as_told, CallStatus.QUEUED}
    assert (bland_calls.status_of(told) in CALL_FINAL) is (status in CALL_FINAL)


def test_fields_that_known_clients_cannot_take_as_null_are_never_null(
    make_batch: Callable[..., Batch], run: Callable[..., Batch]
) -> None:
    call = run(make_batch(NUMBERS[0])).calls.get()
    call.placed_at = call.answered_at = call.ended_at = call.price = None
    call.duration_seconds, call.answered_by, call.status = None, "", CallStatus.QUEUED
    call.variables = {"appointment": {"day": "Monday"}, "count": 3}
    call.save()

    told = detail_of(call)

    for name in NEVER_NULL.split():
        assert told[name] is not None, name
    assert told["variables"]["appointment"] == '{"day": "Monday"}'
    assert all(isinstance(value, str) for value in told["variables"].values())


def test_phrases_carry_the_time_they_were_said(
    make_batch: Callable[..., Batch], run: Callable[..., Batch]
) -> None:
    call = run(make_batch(NUMBERS[0])).calls.get()
    call.transcript = [
        {"speaker": "agent", "text": "Good day.", "at_seconds": 0.0},
        {"speaker": "callee", "text": "Hello?", "at_seconds": 2.5},
    ]
    call.answered_at = timezone.now()
    call.save()

    told = detail_of(call)

    first, second = told["transcripts"]
    assert (first["user"], second["user"]) == ("assistant", "user")
    assert second["created_at"] == clock.text_of(call.answered_at + timedelta(seconds=2.5))
    assert told["concatenated_transcript"] == "assistant: Good day. \n user: Hello? \n "
