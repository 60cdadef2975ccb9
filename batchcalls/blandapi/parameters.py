"""The parameters of Send Call, as programs send them: canonical ones, and what became of the rest.

What each may be says the registry of call settings, older names included. A parameter that it does
not know is ignored, as the real service does, and a warning says so; a value that cannot be used is
refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from batchcalls.blandapi.errors import invalid
from batchcalls.lists.cleaning import clean_value
from campaigns import call_settings
from campaigns.call_settings import REGISTRY, UNKNOWN

#: What the settings once could be, and clients still send.
FORMER_VALUES: Mapping[str, Mapping[str, str]] = {
    "model": {"enhanced": "base"},
    "language": {"eng": "en", "esp": "es", "fre": "fr", "pol": "pl"},
}
#: Whatever these say, it is about the client's own account there.
SILENTLY_IGNORED = frozenset({"encrypted_key"})
STRUCTURAL = frozenset(name for name, setting in REGISTRY.items() if setting.structural)


@dataclass(slots=True, kw_only=True)
class Parameters:
    """What calls are told: ``settings`` are canonical and hold nothing of the other fields."""

    task: str = ""
    pathway_id: str = ""
    pathway_version: str = ""
    request_data: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read(given: Mapping[str, Any]) -> Parameters:
    """Return the parameters of calls; raise `Refused` naming all that cannot be used."""
    raw, found = {}, Parameters()
    for name, value in given.items():
        if name in SILENTLY_IGNORED or (value is None and not _may_be_null(name)):
            continue
        raw[name], warning = modern(name, value)
        found.warnings += [warning] if warning else []
    normalized = call_settings.normalize(raw)
    wrong = [one.message for one in normalized.problems if one.code != UNKNOWN]
    if wrong:
        raise invalid(*wrong)
    found.warnings += [ignored(one.name) for one in normalized.problems]
    values = normalized.values
    found.task = values.get("task", "")
    found.pathway_id = values.get("pathway_id", "")
    found.pathway_version = str(values.get("pathway_version", ""))
    found.request_data = named(values.get("request_data", {}))
    found.metadata = named(values.get("metadata", {}))
    found.settings = {name: value for name, value in values.items() if name not in STRUCTURAL}
    if found.pathway_id and found.task:
        found.task = ""
        found.warnings.append("task was ignored: the pathway says what is said.")
    if found.pathway_version and not found.pathway_id:
        found.pathway_version = ""
        found.warnings.append("pathway_version was ignored: there is no pathway_id.")
    return found


def modern(name: str, value: Any) -> tuple[Any, str]:
    """Return what a value is called today, and a warning when that is not what was sent."""
    now = FORMER_VALUES.get(name, {}).get(value) if isinstance(value, str) else None
    if now is None:
        return value, ""
    return now, f"{name} {value} is no more; {now} was taken."


def ignored(name: str) -> str:
    """Return the warning about a parameter that nothing here knows."""
    return f"{clean_value(name)[:100]} was ignored: it is not a parameter of a call."


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an object under names that can be kept; one without a name is none."""
    return {kept: value for name, value in values.items() if (kept := clean_value(name))}


def label(value: Any, *, name: str, at_most: int) -> str:
    """Return a line of text for people, cut to a length; raise `Refused` for what is no text."""
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise invalid(f"{name} must be a string.")
    return " ".join(clean_value(str(value)).split())[:at_most]


def _may_be_null(name: str) -> bool:
    setting = call_settings.get(name)
    return setting is not None and setting.nullable
