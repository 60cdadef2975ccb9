"""50,000 recipients in one request, at each door that takes lists; and bodies that end too soon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batchcalls.models import Batch, StoredList
from tests.api.conftest import Program

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

MANY = 50_000


def entries(count: int) -> list[dict[str, Any]]:
    return [
        {"phone_number": f"+1415{2_000_000 + n}", "request_data": {"name": f"Name {n}"}}
        for n in range(count)
    ]


def bodies(count: int) -> dict[str, dict[str, Any]]:
    return {
        "/api/v1/batches": {"prompt": "Call {{name}}.", "recipients": entries(count)},
        "/v1/batches": {"base_prompt": "Call {{name}}.", "call_data": entries(count)},
        "/v2/batches/create": {
            "global": {"task": "Call {{name}}."},
            "call_objects": entries(count),
        },
    }


def test_fifty_thousand_recipients_are_taken_at_every_door(program: Program, media: Path) -> None:
    for path, body in bodies(MANY).items():
        answer = program.post(path, body)
        assert answer.status_code in {200, 201}, answer.content[:500]
        stored = StoredList.objects.latest("created_at")
        with stored.file.open("rb") as file:
            lines = file.read().decode().splitlines()
        assert len(lines) == MANY + 1, path
        assert lines[-1] == f"+1415{2_000_000 + MANY - 1},Name {MANY - 1}"


@pytest.mark.parametrize("path", sorted(bodies(0)))
def test_of_a_body_that_ends_too_soon_nothing_is_stored(
    path: str, program: Program, media: Path
) -> None:
    body = json.dumps(bodies(2_000)[path])
    for text in (
        body[:-1],
        body[:-100],
        f"{body[:-1]}, }}",
        f"{body}x",
        body.replace("1999", "\0"),
    ):
        answer = program.post(path, text)
        assert answer.status_code == 400, text[-200:]
        assert b"The body is not JSON" in answer.content
    assert not Batch.objects.exists()
    assert not StoredList.objects.exists()
    assert not [one for one in media.rglob("*") if one.is_file()]


@pytest.mark.parametrize("path", sorted(bodies(0)))
def test_a_body_that_is_too_long_names_the_limit_and_the_remedy(
    path: str, program: Program, settings: Any
) -> None:
    settings.MAX_API_BYTES = 10_000
    answer = program.post(path, bodies(1_000)[path])

    assert answer.status_code == 413
    said = "Send a long list as a file (multipart/form-data) to /api/v1/batches"
    assert f"The body is longer than 10,000 bytes. {said}" in answer.content.decode()
    assert not Batch.objects.exists()


def test_the_same_long_request_is_known_however_its_members_are_ordered(program: Program) -> None:
    path, body = "/v1/batches", bodies(2_000)["/v1/batches"]
    first = program.post(path, body, Idempotency_Key="a")
    body["call_data"] = [dict(reversed(one.items())) for one in body["call_data"]]
    again = program.post(path, dict(reversed(body.items())), Idempotency_Key="a")
    other = {**body, "call_data": body["call_data"][:-1]}

    assert again.json()["batch_id"] == first.json()["batch_id"]
    assert program.post(path, other, Idempotency_Key="a").status_code == 422
    assert Batch.objects.count() == 1
