"""What the API does with the bodies and query strings of requests."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from batchcalls.api.examples import EXAMPLES
from campaigns.models import AllowedHost
from tests.api.conftest import Program
from tests.api.test_schema import FOR_ADMINISTRATORS, OPERATIONS, addresses

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

#: Every operation that takes no body: launching, checking, stopping, rotating and so on.
WITHOUT_BODY = [
    "batches/{batches}/launch",
    "batches/{batches}/check",
    "batches/{batches}/pause",
    "batches/{batches}/resume",
    "batches/{batches}/suppress-refused",
    "calls/{calls}/stop",
    "webhook-endpoints/{webhook-endpoints}/rotate",
    "webhook-endpoints/{webhook-endpoints}/test",
    "webhook-deliveries/{webhook-deliveries}/resend",
]


def without_body(world: dict[str, list[str]]) -> list[str]:
    ids = {name: ids[-1] for name, ids in world.items()}
    return [f"/api/v1/{path.format(**ids)}" for path in WITHOUT_BODY]


def test_an_operation_without_a_body_refuses_members(
    program: Program, world: dict[str, list[str]]
) -> None:
    for address in without_body(world):
        answer = program.post(address, {"dry_run": True})
        assert answer.status_code == 400, address
        assert answer.json()["errors"][0]["pointer"] == "/dry_run"


@pytest.mark.parametrize("body", ["launch it", '{"a": 1', "[]", "null", "true"])
def test_an_unreadable_body_launches_nothing(
    program: Program, world: dict[str, list[str]], body: Any
) -> None:
    draft = f"/api/v1/batches/{world['batches'][-1]}"
    assert program.post(f"{draft}/launch", body).status_code == 400
    assert program.get(draft).json()["status"] == "draft"


def test_a_repeated_or_unknown_parameter_is_refused_everywhere(
    program: Program, world: dict[str, list[str]]
) -> None:
    draft = f"/api/v1/batches/{world['batches'][-1]}"
    assert program.get("/api/v1/batches?limit=1&limit=2").status_code == 400
    assert program.get("/api/v1/batches?status=draft&status=failed").status_code == 400
    assert program.post("/api/v1/batches?dry_run=true", {}).json()["errors"][0]["code"] == (
        "unknown_parameter"
    )
    assert program.post(f"{draft}/launch?dry_run=true").status_code == 400
    endpoint = f"/api/v1/webhook-endpoints/{world['webhook-endpoints'][0]}"
    assert program.get(f"{endpoint}?x=1").status_code == 400
    assert program.get(draft).json()["status"] == "draft"


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/x", "/api/v1", "/api/v2/batches", "/api/docs/x", "/hooks/x"]
)
def test_an_unknown_address_answers_a_problem_for_every_method(client: Client, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = client.generic(method, path, "{}", content_type="application/json")
        assert answer.status_code == 404, method
        assert answer["Content-Type"] == "application/problem+json"
    for document in ("/api/docs", "/api/schema"):
        assert client.get(document)["Location"] == f"{document}/"
        answer = client.post(f"{document}/", "{}", content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_every_operation_refuses_members_that_it_does_not_know(
    program: Program, world: dict[str, list[str]]
) -> None:
    host = AllowedHost.objects.create(host="crm.example.com")
    ids = {**world, "allowed-hosts": [str(host.pk)]}
    taken = {name: one for name, one in OPERATIONS.items() if "requestBody" in one[2]}
    assert len(taken) > 15
    for name, (method, path, _) in taken.items():
        if name in FOR_ADMINISTRATORS:
            continue
        address = addresses(path, lambda kind: ids[kind][-1])
        body = EXAMPLES[name]["request"]
        sent = [body[0] | {"sparkle": 1}] if isinstance(body, list) else body | {"sparkle": 1}
        answer = program.send(method, address, sent)
        assert answer.status_code == 400, (name, answer.json())
        pointers = [one["pointer"] for one in answer.json()["errors"]]
        assert any(one.endswith("/sparkle") for one in pointers), (name, answer.json())


def test_three_megabytes_of_json_reach_the_parser(program: Program) -> None:
    answer = program.post("/api/v1/batches", {"name": "x" * 3_000_000})
    assert answer.status_code == 400
    assert "/name" in [one["pointer"] for one in answer.json()["errors"]]
