"""The voices that Bland lists, as far as they can be chosen."""

from __future__ import annotations

import pytest

from batchcalls.voice.base import Voice
from batchcalls.voice.bland import BlandProvider
from batchcalls.voice.bland.voices import voices_in
from batchcalls.voice.errors import VoiceError
from tests.voice.bland_account import bland
from tests.voice.carrier.process import Carrier


def test_voices_are_listed_by_name_and_what_has_none_is_left_out() -> None:
    said = [
        {"id": "2", "name": "nat", "description": "Calm" * 100},
        {"id": "1", "name": "June", "description": None},
        {"id": "voice-3"},
        {"name": "x" * 300},
        {"id": 7},
        "Maya",
    ]
    found = voices_in({"voices": said})
    assert [voice.name for voice in found] == ["June", "nat", "voice-3"]
    assert found[0] == Voice(name="June")
    assert len(found[1].description) == 120


@pytest.mark.parametrize("said", [{}, {"voices": None}, {"voices": {"June": 1}}])
def test_an_answer_of_another_form_lists_none(said: dict[str, object]) -> None:
    assert voices_in(said) == []


def test_a_provider_without_such_a_list_is_an_error_of_its_kind(carrier: Carrier) -> None:
    with pytest.raises(VoiceError):
        bland().list_voices()
    assert not BlandProvider.built_in_voices
