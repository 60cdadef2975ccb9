"""Settings that may hold secrets: accepted everywhere, shown nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.call_settings.registry import get


def is_secret(name: str) -> bool:
    """Return whether a setting may hold secrets."""
    setting = get(name)
    return setting is not None and setting.sensitive


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that may be shown."""
    return {name: value for name, value in settings.items() if not is_secret(name)}
