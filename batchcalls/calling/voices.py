"""The voices that forms offer: those a provider lists, remembered for a while."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import structlog
from django.core.cache import cache

from batchcalls.models import VoiceAccount
from batchcalls.voice.base import Voice
from batchcalls.voice.errors import OptionsInvalid, VoiceError
from batchcalls.voice.registry import PROVIDERS

log: Any = structlog.get_logger(__name__)

KEPT_SECONDS: Final = 3_600
#: How long a provider that did not answer is not asked again.
FAILED_SECONDS: Final = 60


def known() -> list[Voice]:
    """Return the voices that are known without asking a provider now."""
    accounts = VoiceAccount.objects.filter(enabled=True).order_by("pk")
    return _distinct(voice for account in accounts for voice in _known_of(account))


def listed(accounts: Iterable[VoiceAccount]) -> list[Voice]:
    """Return the voices of accounts; ask each provider unless it was asked lately.

    A provider that cannot be asked has none: people can still type a name.
    """
    return _distinct(voice for account in accounts for voice in _listed_of(account))


def _listed_of(account: VoiceAccount) -> list[Voice]:
    if (found := cache.get(_key(account))) is not None:
        return list(found)
    try:
        voices = _distinct(account.voice_provider().list_voices())
        seconds = KEPT_SECONDS
    except (OptionsInvalid, VoiceError) as error:
        log.info("voices.unavailable", account_id=account.pk, reason=type(error).__name__)
        voices, seconds = [], FAILED_SECONDS
    cache.set(_key(account), voices, seconds)
    return voices


def _known_of(account: VoiceAccount) -> Iterable[Voice]:
    if found := cache.get(_key(account)):
        return list(found)
    provider = PROVIDERS.get(account.provider)
    return provider.built_in_voices if provider else ()


def _key(account: VoiceAccount) -> str:
    return f"voices:{account.pk}"


def _distinct(voices: Iterable[Voice]) -> list[Voice]:
    return list({voice.name: voice for voice in voices}.values())
