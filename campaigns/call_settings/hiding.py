"""Settings that may hold secrets: accepted everywhere, shown nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from campaigns.call_settings.registry import REGISTRY

#: The settings that may hold secrets.
SECRETS: Final = frozenset(name for name, setting in REGISTRY.items() if setting.sensitive)
#: What people see of such a setting.
NOT_SHOWN: Final = "set, not shown"


def is_secret(name: str) -> bool:
    """Return whether a setting may hold secrets."""
    return name in SECRETS


def shown(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings as people see them, with a word in place of a secret."""
    return {name: NOT_SHOWN if is_secret(name) else value for name, value in settings.items()}


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that may be shown."""
    return {name: value for name, value in settings.items() if not is_secret(name)}
