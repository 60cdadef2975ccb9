"""A call to, or a transfer into, a country that the account may not call is refused at once."""

from __future__ import annotations

from typing import Any

import pytest

from batchcalls.models import Batch, VoiceAccount
from tests.blandapi.conftest import CALL, Program


@pytest.fixture
def real(account: VoiceAccount, settings: Any) -> VoiceAccount:
    settings.BLAND_API_ACCOUNT = "real"
    return VoiceAccount.objects.create(name="real", provider="bland")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"phone_number": "+525512345678"}, "The number is in Mexico (MX)"),
        ({"phone_number": "+18095550123"}, "The number is in Dominican Republic (DO)"),
        ({"phone_number": "+8816123456789"}, "The number is a satellite number"),
        ({"transfer_phone_number": "+525512345678"}, "transfer_phone_number +525512345678: "),
        ({"from": "+525512345678"}, "from +525512345678: The number is in Mexico (MX)"),
    ],
)
@pytest.mark.usefixtures("real")
def test_a_call_to_another_country_is_refused(
    program: Program, given: dict[str, str], sentence: str
) -> None:
    answer = program.post("/v1/calls", {**CALL, **given})

    assert answer.status_code == 400
    told = answer.json()
    assert told["status"] == "error"
    assert sentence in str(told)
    assert not Batch.objects.exists()
