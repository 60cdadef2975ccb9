"""A single call without an attempt is told of by its row, whatever status that has."""

from __future__ import annotations

import pytest

from batchcalls.models import Batch, Recipient
from batchcalls.states import RECIPIENT_TERMINAL, RecipientStatus
from tests.blandapi.conftest import CALL, Program
from tests.states.rows import add_row


@pytest.mark.parametrize("status", RecipientStatus)
def test_a_single_call_is_queued_and_active_until_its_row_is_final(
    program: Program, status: RecipientStatus
) -> None:
    call_id = program.post("/v1/calls", CALL).json()["call_id"]
    batch = Batch.objects.get(single_call_id=call_id)
    Recipient.objects.filter(batch=batch).forget()
    add_row(batch, status)

    told = program.get(f"/v1/calls/{call_id}").json()
    active = [one["call_id"] for one in program.get("/v1/calls/active").json()["data"]]

    if status in RECIPIENT_TERMINAL:
        assert told["completed"] is True
        assert told["status"] in {"failed", "canceled"}
        assert call_id not in active
    else:
        assert (told["completed"], told["queue_status"]) == (False, "queued")
        assert call_id in active
