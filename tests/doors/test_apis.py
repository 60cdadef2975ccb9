"""Whatever a program sends, in an address or in a body, it is never an error of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from batchcalls.api.examples import EXAMPLES
from batchcalls.calling import provider_events
from batchcalls.models import OptOutSource, VoiceAccount
from tests.api import test_opt_out_hook as opt_out_hook
from tests.api.conftest import ADMINISTRATORS, MakeProgram, Program, make_program, world
from tests.api.test_schema import OPERATIONS, SCHEMA, addresses
from tests.blandapi.conftest import BATCH_V1, BATCH_V2, CALL
from tests.blandapi.test_doors import OPERATIONS as BLAND_OPERATIONS
from tests.calling import test_provider_events as voice_hook
from tests.doors.nasty import TEXTS, VALUES, Faults, places_in, values_for, with_value

__all__ = ["make_program", "world"]
pytestmark = pytest.mark.django_db

GOAL = {"goal": "Tell whether they come.", "questions": [["Do they come?", "boolean"]]}
#: Further members that clients send.
MORE = {
    "campaign_id": "1",
    "voice": "June",
    "webhook": "https://crm.example.com/hook",
    "metadata": {"a": "b"},
    "start_time": "2030-01-01T09:00:00Z",
    "timezone": "UTC",
    "request_data": {"name": "Ada"},
    "tools": ["TL-1"],
    "voicemail": {"action": "leave_message", "message": "Hi"},
    "pathway_id": "pw",
    "from": "+12025550100",
    "max_duration": 5,
    "pronunciation_guide": [{"word": "API", "pronunciation": "A P I"}],
    "dynamic_data": [{"url": "https://x.example", "response_data": [{"name": "a", "data": "b"}]}],
    "transfer_list": {"default": "+12025550100"},
    "keywords": ["a"],
    "dispositions": ["YES"],
}
BLAND_BODIES = {
    "POST /v1/calls": {**CALL, **MORE},
    "POST /v1/batches": BATCH_V1,
    "POST /v2/batches/create": {**BATCH_V2, "global": {**BATCH_V2["global"], **MORE}},
    "POST /v1/batches/{id}/analyze": GOAL,
    "POST /v1/calls/{id}/analyze": GOAL,
    "POST /v1/postcall/webhooks/resend": {"call_ids": ["x"]},
    "POST /v1/postcall/webhooks/create": {"webhook_url": "https://x.example", "call_ids": ["x"]},
}
OPT_OUT = {
    "phone_number": "+12025550123",
    "call_id": "x",
    "reason": "r",
    "source": "other",
    "evidence": "e",
    "expires_at": "2030-01-01T00:00:00Z",
    "campaign": "1",
    "account": 1,
}


@pytest.fixture
def program(make_program: MakeProgram, settings: Any) -> Program:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    return make_program(ADMINISTRATORS)


_SAMPLES: dict[Any, Any] = {
    "integer": 1,
    "number": 1,
    "boolean": False,
    "date-time": "2030-01-01T00:00:00Z",
    "uri": "https://x.example",
}


def sample(schema: dict[str, Any]) -> Any:
    """Make up a value by its schema."""
    schema = _resolved(schema)
    if "example" in schema or "default" in schema:
        return schema.get("example", schema.get("default"))
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(one) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema.get("items", {}))]
    form = schema.get("format", kind)
    return _SAMPLES.get(form, "x")


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _resolved(SCHEMA["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for way in ("allOf", "oneOf", "anyOf"):
        if schema.get(way):
            return _resolved(schema[way][0])
    return schema


def body_of(name: str) -> Any:
    """Return a body with every member that an operation knows."""
    content = OPERATIONS[name][2].get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    example = EXAMPLES.get(name, {}).get("request")
    whole = sample(content["application/json"]["schema"])
    return {**whole, **example} if isinstance(example, dict) else example or whole


def spoiled(name: str, body: Any) -> Iterator[tuple[str, Any]]:
    """Yield copies of a body, each with one value replaced, and the body replaced as a whole."""
    for at in [(), *places_in(body)]:
        for kind, value in values_for(f"{name}{at}", VALUES):
            yield f"{'/'.join(map(str, at))} ({kind})", with_value(body, at, value)
    if isinstance(body, dict):
        for kind, value in values_for(name, TEXTS):
            yield f"another member ({kind})", {**body, value[:300]: value}


def test_no_body_is_answered_with_an_error(
    program: Program, faults: Faults, world: dict[str, list[str]]
) -> None:
    for name in sorted(OPERATIONS):
        method, path, _ = OPERATIONS[name]
        body = body_of(name)
        if body is None:
            continue
        address = addresses(path, lambda kind: world.get(kind, ["1"])[-1])
        for what, sent in spoiled(name, body):
            faults.ask(f"{name} {what}", partial(program.send, method, address, json.dumps(sent)))


def test_no_query_or_id_is_answered_with_an_error(
    program: Program, faults: Faults, world: dict[str, list[str]]
) -> None:
    for name in sorted(OPERATIONS):
        method, path, operation = OPERATIONS[name]
        address = addresses(path, lambda kind: world.get(kind, ["1"])[0])
        for one in operation.get("parameters", []):
            if one["in"] == "query":
                for kind, value in values_for(name + one["name"], TEXTS):
                    query = f"{address}?{one['name']}={quote(value, safe='')}"
                    faults.ask(f"{name} {one['name']} ({kind})", partial(program.get, query))
        if "{" in path:
            for kind, value in values_for(name, TEXTS):
                odd = addresses(path, lambda _, value=value: quote(value, safe=""))
                faults.ask(f"{name} id ({kind})", partial(program.send, method, odd, {}))


def followed(program: Program, address: str, body: Any) -> Any:
    """Send a body, and ask for the call if there is one."""
    answer = program.post(address, json.dumps(body))
    told = answer.json() if answer.status_code == 200 and address == "/v1/calls" else {}
    return program.get(f"/v1/calls/{told['call_id']}") if "call_id" in told else answer


def test_no_compatible_request_is_answered_with_an_error(
    program: Program, faults: Faults, world: dict[str, list[str]]
) -> None:
    for operation in BLAND_OPERATIONS:
        method, path = operation.split()
        kind = "calls" if "call" in path else "batches"
        address = path.replace("{id}", world[kind][0])
        if method == "POST":
            body = BLAND_BODIES.get(operation, {"x": "y"})
            for what, sent in spoiled(operation, body):
                faults.ask(f"{operation} {what}", partial(followed, program, address, sent))
        for what, value in values_for(operation, TEXTS) if "{" in path else []:
            odd = path.replace("{id}", quote(value, safe=""))
            faults.ask(f"{operation} id ({what})", partial(program.send, method, odd, {}))


def test_no_message_to_a_hook_is_answered_with_an_error(
    faults: Faults, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    monkeypatch.setenv("BLAND_WEBHOOK_SECRET", voice_hook.SECRET)
    monkeypatch.setattr(provider_events, "_accounts", {})
    source = OptOutSource.objects.create(name="CRM")
    bland = VoiceAccount.objects.create(name="bland", provider="bland")
    reported = voice_hook.report()
    for what, sent in [*spoiled("opt-out", OPT_OUT), *spoiled("opt-outs", [OPT_OUT])]:
        faults.ask(f"opt-out {what}", partial(opt_out_hook.send, source, json.dumps(sent)))
    for what, sent in spoiled("event", reported):
        faults.ask(f"event {what}", partial(voice_hook.send, client, bland, sent))
    for what, value in values_for("hooks", TEXTS):
        for hook in ("voice", "opt-outs"):
            address = f"/hooks/{hook}/{quote(value, safe='')}"
            faults.ask(f"{hook} {what}", partial(client.post, address, value, "application/json"))
