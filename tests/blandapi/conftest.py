"""Clients of Bland AI that changed their address and key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from batchcalls import tasks
from batchcalls.models import Batch, VoiceAccount
from tests.api.conftest import MakeProgram, Program, make_program, program

__all__ = ["HUMAN", "MakeProgram", "Program", "make_program", "program"]

#: A number at which the simulator has a person answer.
HUMAN, NOBODY, BUSY = "+12025550190", "+12025550191", "+12025550192"
CALL = {"phone_number": HUMAN, "task": "Say hello to {{name|you}}."}
BATCH_V1 = {
    "base_prompt": "Tell {{name}} about the order.",
    "call_data": [
        {"phone_number": HUMAN, "name": "Ada"},
        {"phone_number": NOBODY, "name": "Bob"},
    ],
    "label": "Orders",
}
BATCH_V2 = {
    "global": {"task": "Tell {{name}} about the order."},
    "call_objects": [
        {"phone_number": HUMAN, "request_data": {"name": "Ada"}},
        {"phone_number": NOBODY, "request_data": {"name": "Bob"}},
    ],
    "description": "Orders",
}

Carry = Callable[..., Batch]


@pytest.fixture(autouse=True)
def at_full_speed(account: VoiceAccount) -> VoiceAccount:
    """Have the simulator answer at once."""
    return account


@pytest.fixture
def carry(db: None) -> Carry:
    """Carry the batch of an answer, or of a call, to its end, as a worker would."""

    def run(answer: Any, *, steps: int = 100) -> Batch:
        told = answer.json()
        assert answer.status_code == 200, told
        is_call = "call_id" in told
        known = {"single_call_id": told["call_id"]} if is_call else {"pk": told["batch_id"]}
        for _ in range(steps):
            batch = Batch.objects.get(**known)
            if batch.is_over:
                return batch
            tasks.step(batch, seconds=2)
        raise AssertionError(f"{batch} is still {batch.status}.")

    return run
