"""The registry of voice providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchcalls.voice.base import AccountConfig, VoiceProvider
from batchcalls.voice.bland import BlandProvider
from batchcalls.voice.errors import OptionsInvalid
from batchcalls.voice.simulator import SimulatorProvider

PROVIDERS: dict[str, type[VoiceProvider]] = {
    provider.kind: provider for provider in (SimulatorProvider, BlandProvider)
}
DEFAULT = SimulatorProvider.kind


def choices() -> list[tuple[str, str]]:
    """Return kinds and labels, for a form."""
    return [(kind, provider.label) for kind, provider in PROVIDERS.items()]


def provider_of(kind: str) -> type[VoiceProvider]:
    """Return the adapter of a kind; raise `OptionsInvalid` for an unknown one."""
    provider = PROVIDERS.get(kind)
    if provider is None:
        known = ", ".join(sorted(PROVIDERS))
        raise OptionsInvalid(f"There is no voice provider {kind!r}. Known: {known}.")
    return provider


def check_options(kind: str, options: Any) -> None:
    """Raise `OptionsInvalid` for an unknown kind or options invalid in any environment."""
    options_type = provider_of(kind).options_type
    if not isinstance(options, Mapping):
        raise OptionsInvalid("Options are an object of values by name.")
    options_type.parse(options)


def build(kind: str, config: AccountConfig) -> VoiceProvider:
    """Return the adapter of an account; raise `OptionsInvalid` that names what is unusable."""
    return provider_of(kind)(config)
