"""Calls on their way to an attempt, batches whose rows are being read, sounds and voices."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import time_machine

from batchcalls.batches import lifecycle
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from campaigns.models import Campaign
from tests.blandapi.conftest import BATCH_V1, CALL, HUMAN, Carry, Program
from tests.voice.test_recordings import SOUND, provider

__all__ = ["provider"]

LATER = {"start_time": "2099-01-01 12:00:00"}
#: Three o'clock at night in Washington, where the number is.
AT_NIGHT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def forget_rows() -> None:
    """Bring about what an older release left: single calls whose rows a worker has yet to read."""
    Recipient.objects.all().delete()


def told(program: Program, answer: Any) -> Any:
    return program.get(f"/v1/calls/{answer.json()['call_id']}").json()


def test_a_call_that_must_wait_for_its_hour_says_so(program: Program) -> None:
    VoiceAccount.objects.update(enabled=False)
    VoiceAccount.objects.create(name="real", provider="bland")
    with time_machine.travel(AT_NIGHT, tick=True):
        answer = program.post("/v1/calls", CALL)
        later = program.post("/v1/calls", {**CALL, **LATER})

    [warning] = answer.json()["warnings"]
    assert warning.startswith("The call is held back: ")
    assert later.json()["warnings"] == []
    assert told(program, answer)["queue_status"] == "queued"


def test_a_call_whose_row_is_not_read_yet_is_told_of_as_it_was_sent(program: Program) -> None:
    body = {**CALL, "request_data": {"name": "Ada"}, "metadata": {"id": "7"}, "voice": "June"}
    answer = program.post("/v1/calls", {**body, "phone_number": "(202) 555-0190"})
    forget_rows()

    found = told(program, answer)

    assert (found["to"], found["queue_status"], found["completed"]) == (HUMAN, "queued", False)
    assert found["request_data"] == {"name": "Ada"}
    assert (found["metadata"], found["voice_id"]) == ({"id": "7"}, "June")


def test_a_call_whose_batch_is_over_before_its_row_is_read_is_over(program: Program) -> None:
    canceled, failed = (program.post("/v1/calls", CALL) for _ in range(2))
    forget_rows()
    lifecycle.cancel(Batch.objects.get(single_call_id=canceled.json()["call_id"]))
    batch = Batch.objects.get(single_call_id=failed.json()["call_id"])
    lifecycle.fail(batch, code="file_missing", message="The stored list is gone.")

    assert told(program, canceled)["status"] == "canceled"
    assert told(program, failed)["status"] == "failed"
    assert told(program, failed)["error_message"] == "The stored list is gone."


def test_a_batch_whose_rows_are_not_read_yet_is_counted_in_full(program: Program) -> None:
    batch_id = program.post("/v1/batches", BATCH_V1).json()["batch_id"]

    details = json.loads(program.get(f"/v1/batches/{batch_id}").getvalue())

    assert details["status"] == "in-progress"
    assert details["analysis"]["total_calls"] == details["analysis"]["in_progress_calls"] == 2
    assert details["analysis"]["queue_statuses"]["new"] == 2
    log = program.get(f"/v2/batches/{batch_id}/logs?direction=asc").json()["data"]
    assert [one["payload"]["state_change"] for one in log] == ["draft", "initializing"]
    stopped = program.post(f"/v1/batches/{batch_id}/stop").json()
    assert stopped["num_calls"] == 2
    data = program.get(f"/v2/batches/{batch_id}").json()["data"]
    assert (data["calls_total"], data["calls_failed"]) == (2, 2)


def test_calls_that_failed_are_named_with_the_reason(program: Program, carry: Carry) -> None:
    rejected = {**BATCH_V1["call_data"][0], "phone_number": "+12025550194"}
    batch = carry(program.post("/v1/batches", {**BATCH_V1, "call_data": [rejected]}))

    details = json.loads(program.get(f"/v1/batches/{batch.pk}").getvalue())

    [call] = details["call_data"]
    assert (call["status"], call["queue_status"]) == ("failed", "call_error")
    assert details["analysis"]["error_messages"] == [call["error_message"]]
    assert details["analysis"]["queue_statuses"]["call_error"] == 1


def test_a_call_that_ended_is_not_stopped_again(program: Program, carry: Carry) -> None:
    carry(program.post("/v1/batches", BATCH_V1))
    call = CallResult.objects.all()[0]

    assert program.post(f"/v1/calls/{call.call_id}/stop").status_code == 400


def test_a_recording_comes_as_it_is_or_the_part_that_is_asked_for(
    program: Program, carry: Carry, provider: str
) -> None:
    answer = program.post("/v1/calls", CALL)
    carry(answer)
    call_id = answer.json()["call_id"]
    CallResult.objects.update(recording_url=f"{provider}/call.mp3")

    whole = program.get(f"/v1/recordings/{call_id}")
    part = program.get(f"/v1/calls/{call_id}/recording", accept="audio/mpeg", range="bytes=2-5")

    assert (whole["Content-Type"], whole.getvalue()) == ("audio/mpeg", SOUND)
    assert (part.status_code, part.getvalue()) == (206, SOUND[2:6])


def test_the_voices_of_campaigns_stand_before_those_that_everybody_has(program: Program) -> None:
    Campaign.objects.create(name="spring", prompt="x", call_settings={"voice": "Ours"})
    Campaign.objects.create(name="autumn", prompt="x", call_settings={"voice": "June"})

    voices = program.get("/v1/voices").json()["voices"]

    assert [(voice["name"], voice["public"]) for voice in voices[:2]] == [
        ("Ours", False),
        ("June", True),
    ]
    assert len({voice["voice_id"] for voice in voices}) == len(voices)
