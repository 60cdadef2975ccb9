"""Bodies of public programs, each answered as its program expects."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from batchcalls.models import Batch
from tests.blandapi.conftest import HUMAN, Carry, Program

CALL = {"phone_number": HUMAN, "task": "x", "voice_id": 1, "reduce_latency": False}
BODIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "call_without_v1": ("/call", CALL, "call_id"),
    "call_singular": ("/v1/call", {**CALL, "request_data": {"patient name": "P"}}, "call_id"),
    "batch_without_v1": (
        "/batch",
        {
            "base_prompt": "You are Matt, at {{address}}",
            "call_data": [{"phone_number": "2025550190", "address": "1 st"}],
            "request_data": {"your_name": "Matt"},
            "voice_id": 1186,
        },
        "batch_id",
    ),
    "language_in_capitals": ("/v1/calls", {**CALL, "language": "ENG", "model": "gpt4"}, "call_id"),
    "prompt_at_the_top": (
        "/v1/batches",
        {
            "calls": [{"phone_number": HUMAN, "full_name": "A B"}],
            "prompt": "Hi {{full_name}}, this is Nina",
            "voice_id": "nova",
            "function_call": {"name": "verify", "url": "https://example.com/api/verify"},
        },
        "batch_id",
    ),
    "call_params": (
        "/v2/batches",
        {
            "call_params": {"task": "You are A", "voice": "maya"},
            "call_data": [{"phone_number": HUMAN}],
        },
        "batch_id",
    ),
}


@pytest.mark.one_database
@pytest.mark.parametrize("case", BODIES)
def test_a_body_of_a_public_program_is_accepted(case: str, program: Program) -> None:
    path, body, read = BODIES[case]

    answer = program.post(path, body)

    assert answer.status_code == 200, answer.json()
    assert answer.json()["status"] == "success"
    assert answer.json()[read]
    assert Batch.objects.count() == 1


def test_logs_and_end_take_the_id_from_the_body(program: Program, carry: Carry) -> None:
    sent = program.post("/call", CALL)
    call_id = sent.json()["call_id"]

    ended = program.post("/end", {"call_id": call_id})
    told = program.post("/logs", {"call_id": call_id})

    assert (ended.status_code, ended.json()["status"]) == (200, "success")
    assert (told.status_code, told.json()["call_id"]) == (200, call_id)
    assert Batch.objects.get().status == "canceled"


@pytest.mark.one_database
@pytest.mark.parametrize("path", ["/call", "/v1/calls", "/v1/batches"])
def test_a_form_is_answered_with_415_and_what_to_send(path: str, program: Program) -> None:
    header = f"Bearer {program.secret}"
    answer = Client().post(path, {"phone_number": HUMAN}, headers={"authorization": header})

    assert answer.status_code == 415
    assert "Send a JSON object" in answer.json()["message"]


@pytest.mark.one_database
@pytest.mark.parametrize("path", ["/call/", "/v1", "/v1/calls/", "/v2/nothing", "/batch/1"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_an_unknown_address_is_answered_in_json_for_every_method(method: str, path: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(path)

    assert (answer.status_code, answer.json()["status"]) == (404, "error")
