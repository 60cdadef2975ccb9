"""Which providers there are."""

from __future__ import annotations

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


def build(kind: str, config: AccountConfig) -> VoiceProvider:
    """Return the adapter of a kind; raise `OptionsInvalid` for an unknown kind or bad options."""
    provider = PROVIDERS.get(kind)
    if provider is None:
        known = ", ".join(sorted(PROVIDERS))
        raise OptionsInvalid(f"There is no voice provider {kind!r}. Known: {known}.")
    return provider(config)
