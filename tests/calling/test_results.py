"""What the simulator's forced numbers end in, and that evidence only ever moves a call forward."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import call_requests, results
from batchcalls.models import Batch, CallEvent, CallResult, Recipient
from batchcalls.states import (
    CALL_FINAL,
    CALL_GIVEN_UP,
    RECIPIENT_TERMINAL,
    BatchStatus,
    CallStatus,
    RecipientStatus,
)
from batchcalls.voice.base import CallDetails, VoiceEvent
from campaigns.models import Suppression, SuppressionSource

pytestmark = pytest.mark.django_db


ENDINGS = [
    ("90", "done", "reached", "completed", "human"),
    ("91", "done", "not_reached", "no_answer", "no_answer"),
    ("92", "done", "not_reached", "busy", ""),
    ("93", "done", "voicemail", "completed", "voicemail"),
    ("94", "failed", "", "failed", ""),
    ("95", "done", "reached", "completed", "human"),
    ("96", "done", "reached", "completed", "human"),
    ("97", "done", "reached", "completed", "human"),
    ("98", "done", "reached", "completed", "human"),
    ("99", "done", "reached", "completed", "human"),
]


@pytest.mark.parametrize("prefix", ["+120255501", "+4420794601"])
def test_the_last_two_digits_force_the_outcome(
    make_batch: Any, run: Any, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchcalls.calling.recording.FIRST_LOOKUP_SECONDS", 0)
    run(make_batch(*(prefix + ending for ending, *_ in ENDINGS)))

    came_out = [
        (call.to_number[-2:], one.status, one.outcome, call.status, call.answered_by)
        for call in CallResult.objects.counted().select_related("recipient").order_by("to_number")
        if (one := call.recipient)
    ]
    assert came_out == ENDINGS
    again = Recipient.objects.exclude(attempts=1)
    assert list(again.values_list("e164", "attempts")) == [(f"{prefix}99", 2)]
    keys = list(CallEvent.objects.values_list("event_key", flat=True))
    assert len(keys) == len(set(keys))


def test_a_finished_call_has_transcript_summary_variables_price_and_times(
    make_batch: Any, run: Any
) -> None:
    run(make_batch("+12025550190", prompt="Ask {{business_name}} about the delivery."))

    call = CallResult.objects.get()
    assert len(call.transcript) >= 4
    assert "Shop 0" in " ".join(turn["text"] for turn in call.transcript)
    assert call.summary
    assert call.disposition
    assert call.variables["business_name"] == "Shop 0"
    assert call.price is not None
    assert call.price > 0
    assert call.currency == "USD"
    assert call.duration_seconds is not None
    assert call.duration_seconds >= call.transcript[-1]["at_seconds"]
    assert call.claimed_at <= call.placed_at  # type: ignore[operator]
    assert call.answered_at <= call.ended_at  # type: ignore[operator]


def event(status: CallStatus, key: str = "", **fields: Any) -> VoiceEvent:
    return VoiceEvent(
        event_key=key or f"p-1:{status}",
        provider_call_id="p-1",
        status=status,
        raw_status=f"raw {status}",
        occurred_at=timezone.now(),
        **fields,
    )


@pytest.mark.parametrize("status", sorted(set(CallStatus) - CALL_GIVEN_UP))
def test_a_batch_stays_open_until_its_call_is_over(
    live_call: CallResult, status: CallStatus
) -> None:
    results.apply(live_call.account_id, [event(status)], now=timezone.now())
    lifecycle.settle(live_call.batch, now=timezone.now())

    recipient = Recipient.objects.get()
    batch = Batch.objects.get()
    assert batch.is_over is (status in CALL_FINAL)
    assert (recipient.status in RECIPIENT_TERMINAL) is (status in CALL_FINAL)
    assert CallResult.objects.live().exists() is (status not in CALL_FINAL)


STORY = [
    (CallStatus.RINGING, {}),
    (CallStatus.IN_PROGRESS, {"answered_by": "human"}),
    (
        CallStatus.COMPLETED,
        {
            "answered_by": "human",
            "details": CallDetails(duration_seconds=61, summary="Talked.", disposition="X"),
        },
    ),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order_and_any_repetition_of_events_ends_the_same(
    live_call: CallResult, order: tuple[int, ...]
) -> None:
    events = [event(STORY[index][0], **STORY[index][1]) for index in order]
    for one in [*events, *events]:
        results.apply(live_call.account_id, [one], now=timezone.now())
    results.apply(live_call.account_id, [*events, *reversed(events)], now=timezone.now())

    live_call.refresh_from_db()
    assert live_call.status == CallStatus.COMPLETED
    assert live_call.provider_status == "raw completed"
    assert (live_call.duration_seconds, live_call.summary) == (61, "Talked.")
    assert live_call.answered_at is not None
    assert CallEvent.objects.count() == 3
    assert Recipient.objects.get().outcome == "reached"


def test_the_first_final_outcome_is_the_last(live_call: CallResult) -> None:
    results.apply(live_call.account_id, [event(CallStatus.BUSY)], now=timezone.now())
    results.apply(live_call.account_id, [event(CallStatus.COMPLETED)], now=timezone.now())

    live_call.refresh_from_db()
    assert live_call.status == CallStatus.BUSY
    assert Recipient.objects.get().outcome == "not_reached"


def test_an_event_of_an_unknown_call_changes_nothing(live_call: CallResult) -> None:
    stranger = VoiceEvent(
        event_key="x",
        provider_call_id="nobody",
        status=CallStatus.COMPLETED,
        raw_status="done",
        occurred_at=timezone.now(),
    )
    results.apply(live_call.account_id, [stranger], now=timezone.now())

    assert not CallEvent.objects.exists()
    assert Recipient.objects.get().status == RecipientStatus.IN_CALL


def test_who_asks_not_to_be_called_is_on_the_list_at_once(live_call: CallResult) -> None:
    details = CallDetails(disposition="DO_NOT_CONTACT")
    results.apply(
        live_call.account_id,
        [event(CallStatus.COMPLETED, answered_by="human", details=details)],
        now=timezone.now(),
    )

    entry = Suppression.objects.get()
    assert (entry.e164, entry.source) == ("+12025550190", SuppressionSource.CALL)


@pytest.mark.parametrize(
    ("number", "outcome"),
    [("+12025550191", "no_answer"), ("+12025550192", "busy"), ("+12025550193", "voicemail")],
)
def test_retries_follow_the_policy_by_outcome_and_then_stop(
    make_batch: Any, run: Any, number: str, outcome: str
) -> None:
    batch = make_batch(number, "+12025550190")
    rule = {"outcome": outcome, "max_retries": 2, "wait_seconds": 600}
    Batch.objects.update(policy={"retry": {"rules": [rule]}})
    with time_machine.travel(timezone.now(), tick=False) as clock:
        from batchcalls.batches import lifecycle
        from batchcalls.calling import ticks
        from batchcalls.intake import runner

        lifecycle.submit(batch, launch=True)
        runner.run_batch(batch.pk, seconds=30)
        for _ in range(3):
            for _ in range(3):
                ticks.tick_account(batch.account_id, seconds=0)
            batch.refresh_from_db()
            waiting = Recipient.objects.filter(status=RecipientStatus.RETRY_WAIT).first()
            if waiting is not None:
                assert batch.status == BatchStatus.WAITING_FOR_SCHEDULED_CALLS
                assert waiting.due_at == timezone.now() + timedelta(seconds=600)
                assert waiting.reason_code == f"retry_after_{outcome}"
            clock.shift(601)

    assert batch.status == BatchStatus.COMPLETED
    attempts = CallResult.objects.filter(to_number=number).order_by("attempt")
    assert [call.attempt for call in attempts] == [1, 2, 3]
    assert CallResult.objects.filter(to_number="+12025550190").count() == 1


def test_the_providers_own_retry_after_a_voicemail_is_made_by_us_as_an_attempt(
    make_batch: Any, run: Any
) -> None:
    retry = {"wait": 0, "voicemail_action": "leave_message", "voicemail_message": "Call us."}
    batch = run(make_batch("+12025550193", call_settings={"retry": retry}))

    first, second = CallResult.objects.order_by("attempt")
    assert [call.answered_by for call in (first, second)] == ["voicemail", "voicemail"]
    assert "Call us." not in json.dumps(first.transcript)
    assert "Call us." in json.dumps(second.transcript)
    assert Recipient.objects.get().attempts == 2
    assert batch.status == BatchStatus.COMPLETED
    sent = call_requests.build(batch, second.recipient, second)
    assert "retry" not in sent.settings
    assert sent.settings["voicemail"] == {"action": "leave_message", "message": "Call us."}
