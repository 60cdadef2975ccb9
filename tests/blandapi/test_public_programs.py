"""Bodies of public programs, each answered as its program expects.

They have the members and shapes that such programs send, in other words. The real carrier of the
tests shows what a provider receives.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from batchcalls.calling import call_requests
from batchcalls.intake import runner
from batchcalls.models import Batch, CallResult, VoiceAccount
from batchcalls.models.recipient import SCHEDULED
from batchcalls.voice.bland.payload import BATCH_KEY, CORRELATION_KEY
from tests.blandapi.conftest import HUMAN, Carry, Program
from tests.voice.bland_account import bland, carrier, carrier_process
from tests.voice.carrier.process import Carrier

__all__ = ["carrier", "carrier_process"]

CALL = {"phone_number": HUMAN, "task": "x", "voice_id": 1, "reduce_latency": False}
#: Each with its right answer: ``status``, ``errors`` and ``warnings`` (parts of the sentences),
#: fields of the ``batch``, and for each call what the provider is ``asked`` and ``not_asked``.
BODIES: list[dict[str, Any]] = json.loads(
    Path(__file__).parent.with_name("data").joinpath("public_programs.json").read_text("utf-8")
)


@pytest.fixture
def real(carrier: Carrier, settings: Any) -> VoiceAccount:
    """Send all calls of the API through the carrier."""
    settings.BLAND_API_ACCOUNT = "real"
    countries = ["US", "GB", "AU", "BR"]
    return VoiceAccount.objects.create(name="real", provider="bland", countries=countries)


@pytest.mark.usefixtures("example_hosts", "real")
@pytest.mark.parametrize("case", BODIES, ids=lambda case: case["name"])
def test_a_body_of_a_public_program_has_its_right_answer(
    case: dict[str, Any], program: Program, carrier: Carrier
) -> None:
    answer = program.post(case["path"], case["body"])

    told = answer.json()
    assert answer.status_code == case.get("status", 200), told
    if "errors" in case:
        messages = " ".join(one["message"] for one in told["errors"])
        assert all(part in messages for part in case["errors"]), messages
        assert not Batch.objects.exists()
        return
    # Whether it is night somewhere decides nothing here.
    warnings = [one for one in told["warnings"] if not one.startswith("The call is held back")]
    for part in case.get("warnings", ()):
        assert part in " ".join(warnings)
    assert bool(warnings) == bool(case["warnings"]) if "warnings" in case else True
    batch = Batch.objects.get()
    assert told.get("call_id", told.get("batch_id")) in {str(batch.single_call_id), str(batch.pk)}
    for name, value in case.get("batch", {}).items():
        assert getattr(batch, name) == value
    asked = asked_of(carrier, batch)
    assert len(asked) == len(case["asked"])
    for body, expected in zip(asked, case["asked"], strict=True):
        assert {name: body.get(name, "absent") for name in expected} == expected
        assert not set(case.get("not_asked", ())) & set(body)


def asked_of(carrier: Carrier, batch: Batch) -> list[dict[str, Any]]:
    """Have the rows of a batch called; return the bodies that arrived at the carrier."""
    runner.run_batch(batch.pk, seconds=30)
    bodies = []
    for row in batch.recipients.order_by("row_number"):
        assert row.reason_code in {"", SCHEDULED[0]}, row.reason
        call = CallResult(batch=batch, recipient=row, attempt=1, to_number=row.e164)
        call.claimed_at = timezone.now()
        bland().place(call_requests.build(batch, row, call))
        body = dict(carrier.last()["body"])
        ours = {CORRELATION_KEY, BATCH_KEY}
        body["metadata"] = {name: body["metadata"][name] for name in body["metadata"].keys() - ours}
        bodies.append(body)
    return bodies


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
