"""A voice account is refused before it can do harm, with the place and the remedy."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from batchcalls.models import VoiceAccount
from batchcalls.voice import registry
from batchcalls.voice.base import AccountConfig
from batchcalls.voice.errors import OptionsInvalid


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"options": {"speed": -1}}, "options", "speed"),
        ({"options": {"sped": 1}}, "options", "sped"),
        ({"caller_ids": "+12025550100"}, "caller_ids", "are a list"),
        ({"caller_ids": ["2025550100"]}, "caller_ids", "2025550100"),
        ({"caller_ids": ["+12025550100", "12"]}, "caller_ids", "12"),
    ],
)
def test_what_cannot_be_used_is_named(fields: dict[str, Any], field: str, sentence: str) -> None:
    account = VoiceAccount(name="A", **fields)
    with pytest.raises(ValidationError) as refused:
        account.clean()

    assert sentence in " ".join(refused.value.message_dict[field])


def test_caller_ids_are_kept_as_e164() -> None:
    account = VoiceAccount(name="A", caller_ids=["+1 (202) 555-0100"])
    account.clean()

    assert account.caller_ids == ["+12025550100"]


def test_an_unknown_provider_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(OptionsInvalid, match="Known: bland, simulator"):
        registry.build("carrier", AccountConfig(name="A"))


@pytest.mark.django_db
def test_every_installation_has_the_simulator_and_keeps_its_settings() -> None:
    first = VoiceAccount.objects.built_in()
    VoiceAccount.objects.update(options={"speed": 3})

    assert VoiceAccount.objects.built_in().pk == first.pk
    assert VoiceAccount.objects.built_in().options == {"speed": 3}
