"""Who is let in, how errors are said, and what is not read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern

from batchcalls.access import api_keys
from batchcalls.blandapi.urls import urlpatterns
from batchcalls.models import Batch, Scope
from tests.blandapi.conftest import BATCH_V2, CALL, HUMAN, MakeProgram, Program

NOBODY = "00000000-0000-4000-8000-000000000000"
#: Each address and method, and the scope that it asks for ("" for none).
OPERATIONS = {
    "GET /v1/batches": "batches:read",
    "POST /v1/batches": "batches:write",
    "POST /batch": "batches:write",
    "POST /call": "calls:write",
    "POST /v1/call": "calls:write",
    "POST /logs": "calls:read",
    "POST /end": "calls:write",
    "POST /v2/batches/create": "batches:write",
    "GET /v2/batches/list": "batches:read",
    "GET /v1/batches/{id}": "batches:read",
    "GET /v2/batches/{id}": "batches:read",
    "GET /v2/batches/{id}/logs": "batches:read",
    "POST /v1/batches/{id}/stop": "batches:control",
    "POST /v2/batches/{id}/stop": "batches:control",
    "POST /v1/batches/{id}/analyze": "batches:read",
    "GET /v1/batches/{id}/analysis": "batches:read",
    "GET /v1/calls": "calls:read",
    "POST /v1/calls": "calls:write",
    "GET /v1/calls/active": "calls:read",
    "POST /v1/calls/active/stop": "calls:write",
    "GET /v1/calls/{id}": "calls:read",
    "POST /v1/calls/{id}/stop": "calls:write",
    "POST /v1/calls/{id}/analyze": "calls:read",
    "GET /v1/calls/{id}/correct": "calls:read",
    "GET /v1/calls/{id}/recording": "calls:read",
    "GET /v1/calls/{id}/events": "calls:read",
    "GET /v1/event_stream/{id}": "calls:read",
    "GET /v1/recordings/{id}": "calls:read",
    "GET /v1/postcall/webhooks/{id}": "webhooks:read",
    "POST /v1/postcall/webhooks/resend": "webhooks:write",
    "POST /v1/postcall/webhooks/create": "webhooks:write",
    "GET /v1/me": "",
    "GET /v1/voices": "",
}
#: What is said of something that there is not needs a body that could be about something.
BODIES = {
    "logs": {"call_id": NOBODY},
    "end": {"call_id": NOBODY},
    "analyze": {"goal": "x", "questions": [["a", "string"]]},
}


def asked(program: Program, operation: str) -> Any:
    method, path = operation.split()
    body = BODIES.get(path.rpartition("/")[2]) if method == "POST" else None
    return program.send(method, path.replace("{id}", NOBODY), body)


def assert_error(answer: Any, status: int, code: str) -> None:
    """Check that each kind of client finds the error where it looks."""
    told = answer.json()
    assert answer.status_code == status, told
    assert told["status"] == "error"
    assert told["data"] is None
    assert told["errors"][0]["error"] == code
    assert told["message"]
    assert told["errors"][0]["message"]


def test_no_address_is_left_out_here() -> None:
    written = {operation.split()[1] for operation in OPERATIONS}
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        route = str(pattern.pattern).replace("<str:batch_id>", "{id}")
        address = "/" + route.replace("<str:call_id>", "{id}")
        same = {"/v2/batches": "/v1/batches", "/v1/batches/create": "/v2/batches/create"}
        assert same.get(address, address) in written | {f"/{urlpatterns[-1].pattern}"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_a_key_nothing_is_told(operation: str, make_program: MakeProgram) -> None:
    program = make_program()
    program.client = Client()

    answer = asked(program, operation)

    assert_error(answer, 401, "AUTH_FAILURE")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("operation", [one for one, scope in OPERATIONS.items() if scope])
def test_a_key_without_the_scope_is_told_which(operation: str, make_program: MakeProgram) -> None:
    scope = OPERATIONS[operation]
    program = make_program(scopes=[one for one in Scope.values if one != scope])

    answer = asked(program, operation)

    assert_error(answer, 403, "FORBIDDEN")
    assert scope in answer.json()["message"]


@pytest.mark.parametrize("operation", [one for one, scope in OPERATIONS.items() if scope])
def test_a_key_of_somebody_without_rights_opens_nothing(
    operation: str, make_program: MakeProgram
) -> None:
    assert_error(asked(make_program(group=""), operation), 403, "FORBIDDEN")


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if "{id}" in one])
def test_what_there_is_not_is_404(operation: str, make_program: MakeProgram) -> None:
    program = make_program()

    answer = asked(program, operation)

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["error"].endswith("_NOT_FOUND")
    method, path = operation.split()
    odd = program.send(method, path.replace("{id}", "no-id"), BODIES.get(path.rpartition("/")[2]))
    assert odd.status_code == 404


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}", "  {} "])
def test_a_key_is_taken_bare_and_as_a_bearer_token(form: str, program: Program) -> None:
    client = Client(headers={"authorization": form.format(program.secret)})

    answer = client.get("/v1/me")

    assert answer.json()["status"] == "active"
    assert answer.json()["billing"]["current_balance"] == 0


def test_a_session_opens_nothing(program: Program) -> None:
    client = Client()
    client.force_login(program.key.owner)

    assert client.get("/v1/me").status_code == 401


def test_a_revoked_key_opens_nothing(program: Program) -> None:
    api_keys.revoke(program.key)

    assert_error(program.get("/v1/me"), 401, "AUTH_FAILURE")


def test_scripts_of_other_sites_are_not_let_in(program: Program) -> None:
    answer = program.get("/v1/me", origin="https://elsewhere.example")
    asked_before = program.send("OPTIONS", "/v1/calls", origin="https://elsewhere.example")

    for one in (answer, asked_before):
        assert not [name for name in one.headers if name.lower().startswith("access-control")]


def test_a_cookie_needs_no_forgery_token_because_it_counts_for_nothing(program: Program) -> None:
    client = Client(enforce_csrf_checks=True, headers={"authorization": program.secret})

    assert client.post("/v1/calls", CALL, content_type="application/json").status_code == 200


def test_too_many_requests_are_429_with_the_time_to_wait(program: Program, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    first = program.get("/v1/me")

    second = program.get("/v1/me")

    assert (first.status_code, first["RateLimit"]) == (200, '"key";r=0;t=60')
    assert_error(second, 429, "RATE_LIMIT_EXCEEDED")
    assert 0 < int(second["Retry-After"]) <= 60


def test_an_unknown_address_and_a_wrong_method_are_errors_of_the_same_form(
    program: Program,
) -> None:
    assert_error(program.get("/v1/nothing"), 404, "NOT_FOUND")
    assert_error(Client().get("/v2/"), 404, "NOT_FOUND")
    answer = program.delete("/v1/calls")
    assert_error(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "INVALID_JSON"),
        ("[]", 400, "INVALID_JSON"),
        ('{"a": NaN}', 400, "INVALID_JSON"),
        ('{"a": 1, "a": 2}', 400, "INVALID_JSON"),
        ('{"a": ' + "[" * 30 + "]" * 30 + "}", 400, "INVALID_JSON"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", 400, "INVALID_JSON"),
        ('{"a": "' + "x" * 2_000 + '"}', 413, "BODY_TOO_LARGE"),
    ],
)
def test_bodies_that_are_no_small_json_objects_are_refused(
    body: str, status: int, code: str, program: Program, settings: Any
) -> None:
    settings.MAX_API_BYTES = 500_000 if "[" in body else 1_000

    assert_error(program.post("/v1/calls", body), status, code)


def test_a_batch_needs_the_right_to_launch_it(make_program: MakeProgram) -> None:
    program = make_program(scopes=[Scope.BATCHES_WRITE])

    answer = program.post("/v2/batches/create", BATCH_V2)

    assert_error(answer, 403, "FORBIDDEN")
    assert "batches:control" in answer.json()["message"]
    assert not Batch.objects.exists()


def test_calls_of_a_batch_need_the_right_to_see_calls(
    program: Program, make_program: MakeProgram
) -> None:
    batch = program.post("/v1/batches", BATCH_V2).json()["batch_id"]
    reader = make_program(scopes=[Scope.BATCHES_READ])

    assert_error(reader.get(f"/v1/batches/{batch}"), 403, "FORBIDDEN")
    query = "include_calls=false&include_analysis=false"
    answer = reader.get(f"/v1/batches/{batch}?{query}")
    assert json.loads(answer.getvalue())["call_data"] == []


def test_a_request_with_a_name_does_its_work_once(program: Program) -> None:
    first = program.post("/v1/calls", CALL, Idempotency_Key="one")
    again = program.post("/v1/calls", CALL, Idempotency_Key="one")
    other = program.post("/v1/calls", {**CALL, "task": "Else."}, Idempotency_Key="one")

    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Batch.objects.count() == 1
    assert_error(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert_error(
        program.post("/v1/calls", CALL, Idempotency_Key="x" * 300), 400, "BAD_IDEMPOTENCY_KEY"
    )


def test_what_nobody_foresaw_is_said_in_the_same_form(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(HUMAN)

    monkeypatch.setattr("batchcalls.blandapi.sending.send_call", fail)

    answer = program.post("/v1/calls", CALL)

    assert_error(answer, 500, "INTERNAL_ERROR")
    assert HUMAN not in answer.content.decode()
