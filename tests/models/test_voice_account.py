"""A voice account is refused before it can do harm, with the place and the remedy."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from batchcalls.models import CallerId, VoiceAccount
from batchcalls.voice import registry
from batchcalls.voice.base import AccountConfig
from batchcalls.voice.errors import OptionsInvalid


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"options": {"speed": -1}}, "options", "speed"),
        ({"options": {"sped": 1}}, "options", "sped"),
        ({"countries": ["US", "UK"]}, "countries", "UK"),
        ({"special_numbers": ["satellite", "moon"]}, "special_numbers", "moon"),
    ],
)
def test_what_cannot_be_used_is_named(fields: dict[str, Any], field: str, sentence: str) -> None:
    account = VoiceAccount(name="A", **fields)
    with pytest.raises(ValidationError) as refused:
        account.clean()

    assert sentence in " ".join(refused.value.message_dict[field])


@pytest.mark.parametrize(
    ("provider", "number", "sentence"),
    [
        ("simulator", "2025550100", "2025550100"),
        ("simulator", "12", "12"),
        ("bland", "+442079460123", "United Kingdom (GB)"),
        ("bland", "+870773111632", "satellite"),
    ],
)
def test_a_caller_id_that_cannot_be_used_is_refused(
    provider: str, number: str, sentence: str
) -> None:
    caller_id = CallerId(account=VoiceAccount(name="A", provider=provider), e164=number)
    with pytest.raises(ValidationError) as refused:
        caller_id.clean()

    assert sentence in " ".join(refused.value.message_dict["e164"])


def test_a_caller_id_is_kept_as_e164() -> None:
    caller_id = CallerId(account=VoiceAccount(name="A"), e164="+1 (202) 555-0100")
    caller_id.clean()

    assert caller_id.e164 == "+12025550100"


def test_an_unknown_provider_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(OptionsInvalid, match="Known: bland, simulator"):
        registry.build("carrier", AccountConfig(name="A"))


@pytest.mark.django_db
def test_every_installation_has_the_simulator_and_keeps_its_settings() -> None:
    first = VoiceAccount.objects.built_in()
    VoiceAccount.objects.update(options={"speed": 3})

    assert VoiceAccount.objects.built_in().pk == first.pk
    assert VoiceAccount.objects.built_in().options == {"speed": 3}
