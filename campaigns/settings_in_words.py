"""Call settings in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns import call_settings
from campaigns.call_settings.types import Section

#: The label of each section, with label, name and value of each of its settings.
Sections = list[tuple[str, list[tuple[str, str, Any]]]]


def settings_by_section(values: Mapping[str, Any]) -> Sections:
    """Return canonical settings by section, in the registry's order.

    For settings that may hold secrets, the value only says that they are set.
    """
    by_section: dict[str, list[tuple[str, str, Any]]] = {}
    for name, value in call_settings.shown(values).items():
        setting = call_settings.get(name)
        label = setting.label if setting else name
        section = (setting.section if setting else Section.SPEECH).label
        by_section.setdefault(section, []).append((label, name, value))
    return [
        (section.label, by_section[section.label])
        for section in Section
        if section.label in by_section
    ]
