"""Settings that may hold secrets: accepted everywhere, shown nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from campaigns.call_settings.registry import REGISTRY

#: The settings that may hold secrets.
SECRETS: Final = frozenset(name for name, setting in REGISTRY.items() if setting.sensitive)
_SHORTEST: Final = 6
_PARTS: Final = re.compile(r"[\s?&=]+")
#: What people see of such a setting.
NOT_SHOWN: Final = "set, not shown"


def is_secret(name: str) -> bool:
    """Return whether a setting may hold secrets."""
    return name in SECRETS


def secrets_in(settings: Mapping[str, Any]) -> list[str]:
    """Return the texts of secret settings that an answer must not repeat, longest first.

    Of a header “Bearer abcdef”, its words count too. Short texts are no secrets.
    """
    texts = {text for name in SECRETS if name in settings for text in _texts(settings[name])}
    parts = {part for text in texts for part in (text, *_PARTS.split(text))}
    return sorted((part for part in parts if len(part) >= _SHORTEST), key=len, reverse=True)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def shown(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings as people see them, with a word in place of a secret."""
    return {name: NOT_SHOWN if is_secret(name) else value for name, value in settings.items()}


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that may be shown."""
    return {name: value for name, value in settings.items() if not is_secret(name)}
