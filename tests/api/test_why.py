"""Why a person was or was not called, for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from batchcalls.models import Batch, Recipient
from campaigns.models import Suppression
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

NUMBER = "+12025550190"


def why(program: Program, row: Recipient) -> dict[str, Any]:
    answer = program.get(f"/api/v1/batches/{row.batch_id}/recipients/{row.pk}/why")
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_a_row_skipped_by_its_list_has_its_reason_and_its_row(
    program: Program, make_batch: Any, run: Any
) -> None:
    batch = run(make_batch(NUMBER, "12"))
    told = why(program, batch.recipients.get(row_number=3))
    assert told["list_row"] == {"file_name": batch.first_list.file_name, "number": 3}
    [decision] = told["decisions"]
    [check] = decision["checks"]
    assert decision["kind"] == "list"
    assert (check["rule"], check["allows"]) == ("number", False)
    assert check["detail"] == told["reason"]


def test_a_waiting_row_has_its_last_refusal_and_a_preview(
    program: Program, make_batch: Any
) -> None:
    batch = make_batch(NUMBER)
    Batch.objects.update(status="dispatching", row_count=1, queued_through=2)
    at = datetime(2026, 3, 4, 4, tzinfo=UTC)
    row = Recipient.objects.create(
        batch=batch,
        row_number=2,
        e164=NUMBER,
        status="deferred",
        due_at=at,
        checks=[["do_not_call", "not listed"], ["caps", "The number had 3 calls."]],
        checked_at=at,
    )
    Suppression.objects.create(e164=NUMBER)
    _, refusal, preview = why(program, row)["decisions"]
    assert (refusal["kind"], refusal["at"]) == ("refusal", "2026-03-04T04:00:00.000Z")
    assert refusal["checks"] == [
        {
            "rule": "do_not_call",
            "label": "Do-not-call list",
            "allows": True,
            "detail": "not listed",
        },
        {
            "rule": "caps",
            "label": "Frequency caps",
            "allows": False,
            "detail": "The number had 3 calls.",
        },
        {
            "rule": "rules_after_this_one",
            "label": "Rules after this one",
            "allows": None,
            "detail": "not checked",
        },
    ]
    assert preview["kind"] == "preview"
    now = {check["rule"]: check["allows"] for check in preview["checks"]}
    assert now["do_not_call"] is False


def test_a_call_has_the_answers_that_allowed_it(
    program: Program, make_batch: Any, run: Any
) -> None:
    call = run(make_batch(NUMBER)).calls.get()
    told = program.get(f"/api/v1/calls/{call.call_id}/why").json()
    assert [decision["kind"] for decision in told["decisions"]] == ["list", "attempt"]
    attempt = told["decisions"][1]
    assert (attempt["attempt"], attempt["call"]) == (1, str(call.call_id))
    assert told == why(program, call.recipient)


def test_a_row_of_another_batch_is_not_found(program: Program, make_batch: Any, run: Any) -> None:
    row = run(make_batch(NUMBER)).recipients.get()
    other = make_batch(NUMBER)
    answer = program.get(f"/api/v1/batches/{other.pk}/recipients/{row.pk}/why")
    assert answer.status_code == 404
