"""The OpenAPI document of this API: complete, described, and true to what the API answers.

After a change that is meant to change its examples, record them again and commit the file:

    RECORD_API_EXAMPLES=1 python -m pytest tests/blandapi/test_document.py
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from drf_spectacular.validation import validate_schema
from jsonschema import Draft4Validator

from batchcalls.blandapi.docs.document import (
    EXAMPLES_FILE,
    actions_of,
    document,
    examples,
    key_of,
    path_of,
)
from batchcalls.blandapi.docs.operations import OPERATIONS
from batchcalls.blandapi.urls import urlpatterns
from batchcalls.models import Batch, VoiceAccount, WebhookDelivery
from tests.api.conftest import Program
from tests.api.described import undescribed
from tests.api.recording import HOST, Recorder
from tests.api.test_schema import nullable
from tests.blandapi.conftest import BATCH_V1, BATCH_V2, CALL, Carry

RECORDING = bool(os.environ.get("RECORD_API_EXAMPLES"))
HOW_TO_RECORD = "RECORD_API_EXAMPLES=1 python -m pytest tests/blandapi/test_document.py"
LATER = "2099-01-01 12:00:00 -05:00"
QUESTIONS = {"goal": "Orders", "questions": [["Who answered?", "string"], ["Why?", "string"]]}
#: They answer with sound, which no example shows.
SOUND = {"recording.recording", "recording.recording_or_place"}
ROUTES = [
    (method, path_of(route), key_of(action))
    for route in urlpatterns
    for method, action in actions_of(route).items()
]


def test_every_view_is_described_and_no_other() -> None:
    views = {key for *_, key in ROUTES}
    assert sorted(views - OPERATIONS.keys()) == [], "Add these to docs/operations.py."
    assert sorted(OPERATIONS.keys() - views) == [], "No route leads to these any longer."


def test_every_route_is_in_the_document_and_no_other() -> None:
    documented = {
        (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method in methods
    }
    assert documented == {(method, path) for method, path, _ in ROUTES}
    # The last one answers what is unknown.
    assert sum(not actions_of(route) for route in urlpatterns) == 1


def test_everything_is_described() -> None:
    assert undescribed(document()) == []


def test_it_is_valid_and_its_operations_have_names_of_their_own() -> None:
    validate_schema(document())
    names = [
        operation["operationId"]
        for methods in document()["paths"].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names))


def test_every_example_keeps_to_its_schema() -> None:
    components = nullable(document()["components"])
    shown = 0
    for methods in document()["paths"].values():
        for operation in methods.values():
            for body in bodies_of(operation):
                for example in body.get("examples", {}).values():
                    schema = {**nullable(body["schema"]), "components": components}
                    Draft4Validator(schema).validate(example["value"])
                    shown += 1
    assert shown > len(OPERATIONS)


def bodies_of(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (operation.get("requestBody", {}), operation["responses"]["200"]):
        yield from part.get("content", {}).values()


class BlandRecorder(Recorder):
    """Asks views by their keys, each at the first of its routes."""

    operations = {key: (method, path) for method, path, key in reversed(ROUTES)}

    def _steady(self, value: Any, kind: str, member: str = "") -> Any:
        if isinstance(value, int) and member == "timestamp":
            return 1_795_510_802_000
        if isinstance(value, dict):  # answers about calls are by their IDs
            value = {self._steady_text(key, ""): one for key, one in value.items()}
        return super()._steady(value, kind, member)

    def _steady_text(self, text: str, member: str) -> str:
        if member in {"now", "now_utc"}:
            return "Tuesday, November 24, 2026 09:00" if member == "now" else "2026-11-24 09:00"
        if member in {"user_id", "org_id"} or (member == "id" and text.isdecimal()):
            return "1"
        return re.sub(r"\d+ms", "84ms", super()._steady_text(text, member))


@pytest.fixture
def recorder(program: Program, settings: Any, example_hosts: None) -> BlandRecorder:
    settings.ALLOWED_HOSTS = [HOST, "testserver"]
    settings.PUBLIC_URL = f"https://{HOST}"
    return BlandRecorder(program)


@pytest.mark.one_database
def test_the_examples_are_what_the_api_answers(
    recorder: BlandRecorder, carry: Carry, account: VoiceAccount
) -> None:
    recorder.ask("accounts.me")
    recorder.ask("accounts.voices")
    follow_a_batch(recorder, over(recorder, "batches.create", BATCH_V1, carry))
    stop_batches(recorder)
    follow_a_call(recorder, carry)
    stop_calls(recorder)
    assert recorder.examples.keys() == OPERATIONS.keys() - SOUND
    if RECORDING:
        text = json.dumps(dict(sorted(recorder.examples.items())), indent=1, ensure_ascii=False)
        EXAMPLES_FILE.write_text(f"{text}\n", encoding="utf-8")
        examples.cache_clear()
        document.cache_clear()
        return
    recorded = examples()
    differing = [key for key, one in recorder.examples.items() if one != recorded.get(key)]
    assert recorder.examples == recorded, (
        f"The API answers differently from its examples: {', '.join(differing)}. If that is "
        f"intended, record them again: {HOW_TO_RECORD}"
    )


def over(recorder: Recorder, key: str, body: dict[str, Any], carry: Callable[..., Batch]) -> str:
    """Send a batch or a call, carry it to its end, and return its ID."""

    class Sent:
        status_code = 200
        told = recorder.ask(key, body=body)

        def json(self) -> Any:
            return self.told

    carry(Sent())
    return str(Sent.told.get("call_id") or Sent.told["batch_id"])


def follow_a_batch(recorder: Recorder, batch: str) -> None:
    recorder.ask("batches.list")
    recorder.ask("batches.list_v2")
    recorder.ask("batch_calls.details", batch)
    recorder.ask("batches.details_v2", batch)
    recorder.ask("batch_calls.analyses", batch)
    recorder.ask("batch_calls.analyze", batch, body=QUESTIONS)
    recorder.ask("batch_logs.logs", batch)


def stop_batches(recorder: Recorder) -> None:
    for key in ("batches.stop_v1", "batches.stop_v2"):
        waiting = {**BATCH_V2, "global": {**BATCH_V2["global"], "start_time": LATER}}
        sent = recorder.program.post("/v2/batches/create", waiting).json()
        recorder.ask(key, sent["batch_id"])


def follow_a_call(recorder: Recorder, carry: Carry) -> None:
    body = {**CALL, "request_data": {"name": "Ada"}, "webhook": "https://example.com/calls"}
    call = over(recorder, "calls.send", body, carry)
    recorder.ask("calls.list", query="?to_number=%2B12025550190&limit=1")
    recorder.ask("calls.details", call)
    recorder.ask("call_events.events", call)
    recorder.ask("calls.details_of_body", body={"call_id": call})
    recorder.ask("calls.analyze", call, body=QUESTIONS)
    recorder.ask("calls.correct", call)
    delivery = WebhookDelivery.objects.get(call__call_id=call)
    delivery.tries.create(
        number=1, kind="first", at=delivery.created_at, duration_ms=84, response_status=200
    )
    recorder.ask("postcall.log", call)
    recorder.ask("postcall.resend", body={"call_ids": [call]})
    recorder.ask(
        "postcall.create", body={"call_ids": [call], "webhook_url": "https://example.com/more"}
    )


def stop_calls(recorder: Recorder) -> None:
    def waiting() -> str:
        sent = recorder.program.post("/v1/calls", {**CALL, "start_time": LATER}).json()
        return str(sent["call_id"])

    first = waiting()
    recorder.ask("calls.active")
    recorder.ask("calls.stop", first)
    recorder.ask("calls.stop_of_body", body={"call_id": waiting()})
    waiting()
    recorder.ask("calls.stop_active")
