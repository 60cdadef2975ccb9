"""What a request has beyond what it uses is named, and what is sent twice is refused."""

from __future__ import annotations

from typing import Any

import pytest

from batchcalls.models import Batch
from tests.blandapi.conftest import BATCH_V1, CALL, Carry, Program
from tests.blandapi.test_document import ROUTES

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

#: All parameters that the real service documents for its list of calls.
DOCUMENTED = (
    "from_number=%2B12025550100&to_number=%2B12025550190&from=0&to=10&limit=5&ascending=true"
    "&start_date=2026-01-01&end_date=2026-12-31&created_at=2026-11-24&completed=true&batch_id="
    "&answered_by=human&inbound=false&duration_gt=0&duration_lt=9&campaign_id=x"
    "&sort_by=created_at&update_start_date=2026-01-01&update_end_date=2026-12-31"
)


def test_what_a_query_does_not_need_is_named_and_ignored(program: Program) -> None:
    program.post("/v1/calls", CALL)
    for path in ("/v1/calls", "/v2/batches/list", "/v1/batches", "/v1/me", "/v1/calls/active"):
        plain = program.get(path)
        assert "warnings" not in plain.json(), path
        told = program.get(f"{path}?_=1732449600&limits=5").json()
        assert [one.split()[0] for one in told.pop("warnings")] == ["_", "limits"]
        assert told == plain.json()
    assert "warnings" not in program.get(f"/v1/calls?{DOCUMENTED}").json()
    sent = program.post("/v1/calls?source=crm", {**CALL, "sparkle": 1}).json()
    assert {"sparkle", "source"} < {one.split()[0] for one in sent["warnings"]}
    assert Batch.objects.count() == 2


def test_no_parameter_that_is_not_used_changes_an_answer(program: Program, carry: Carry) -> None:
    sent = program.post("/v1/calls", CALL)
    carry(sent)
    ids = {"call_id": sent.json()["call_id"]}
    batch = program.post("/v1/batches", BATCH_V1)
    carry(batch)
    ids["batch_id"] = batch.json()["batch_id"]
    for path in (path.format(**ids) for method, path, _ in ROUTES if method == "GET"):
        plain, told = program.get(path), program.get(f"{path}?_=1732449600")
        assert told.status_code == plain.status_code, path


def test_a_repeated_parameter_is_refused(program: Program) -> None:
    for path in ("/v1/calls", "/v1/batches", "/v2/batches/list"):
        answer = program.get(f"{path}?limit=1&limit=2")
        assert answer.status_code == 400
        assert answer.json()["message"] == "limit is repeated. Send it once."
    answer = program.post("/v1/calls?a=1&a=2", CALL)
    assert (answer.status_code, Batch.objects.count()) == (400, 0)


def test_a_stop_reads_its_body_and_says_what_it_does_not_use(
    program: Program, carry: Carry
) -> None:
    call = program.post("/v1/calls", CALL).json()["call_id"]
    batch = program.post("/v1/batches", BATCH_V1).json()["batch_id"]
    stops = (f"/v1/calls/{call}/stop", f"/v1/batches/{batch}/stop", "/v1/calls/active/stop")
    for path in stops:
        assert program.post(path, "stop it").status_code == 400
    assert not any(one.is_over for one in Batch.objects.all())
    told: list[Any] = [program.post(path, {"dry_run": True}).json() for path in stops]
    for one in told:
        assert one["warnings"] == ["dry_run was ignored: this request does not use it."]
    assert all(one.is_over for one in Batch.objects.all())
