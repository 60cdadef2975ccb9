"""Every registered voice provider is held to the contract."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from batchcalls.voice.registry import PROVIDERS
from tests.voice.contract import VoiceProviderContract

HERE = Path(__file__).parent


@pytest.mark.parametrize("kind", PROVIDERS)
def test_every_provider_has_contract_tests(kind: str) -> None:
    for path in HERE.glob("test_*.py"):
        importlib.import_module(f"tests.voice.{path.stem}")
    tested = {contract.kind for contract in VoiceProviderContract.__subclasses__()}

    assert kind in tested, (
        f"The voice provider “{kind}” has no contract tests. Extend VoiceProviderContract"
        f' (tests/voice/contract.py) with kind = "{kind}" and its samples.'
    )
