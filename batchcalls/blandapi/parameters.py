"""The parameters of Send Call: canonical settings, and warnings about everything else.

The registry of call settings defines the allowed values, and older names. An unknown parameter is
ignored with a warning, as in the real service. An invalid value is rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from batchcalls.blandapi.errors import invalid
from batchcalls.lists.cleaning import clean_value
from campaigns import call_settings
from campaigns.call_settings import REGISTRY, UNKNOWN
from campaigns.conversations import PRESETS, Conversation
from campaigns.vocabulary import Purpose

#: Former values of settings that clients still send.
FORMER_VALUES: Mapping[str, Mapping[str, str]] = {
    "model": {"enhanced": "base", "gpt4": "base", "gpt-4": "base"},
    "language": {"eng": "en", "esp": "es", "fre": "fr", "pol": "pl"},
}
#: What JavaScript writes into a text where a value is missing, which would be said aloud.
FORGOTTEN = frozenset({"undefined", "NaN", "[object Object]"})
#: How programs write null as text.
NULLS = frozenset({"null", "None"})
#: Parameters about the client's own account at the provider.
SILENTLY_IGNORED = frozenset({"encrypted_key"})
#: Why people are called: a parameter of ours, which the real service does not have.
PURPOSE = "purpose"
STRUCTURAL = frozenset(name for name, setting in REGISTRY.items() if setting.structural)


@dataclass(slots=True, kw_only=True)
class Parameters:
    """The parameters of calls. ``settings`` are canonical, without the values of other fields.

    A persona or agent is part of the ``conversation``.
    """

    conversation: Conversation = field(default_factory=Conversation)
    purpose: str = ""
    request_data: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)


def read(given: Mapping[str, Any]) -> Parameters:
    """Parse the parameters of calls. Raise `Refused` naming all the invalid ones."""
    raw: dict[str, Any] = {}
    found = Parameters()
    for name, value in given.items():
        if name in SILENTLY_IGNORED or (value is None and not _may_be_null(name)):
            continue
        raw |= current(name, value, found.warnings)
    found.purpose = _purpose(raw.pop(PURPOSE, None))
    normalized = call_settings.normalize(raw)
    wrong = [one.message for one in normalized.problems if one.code != UNKNOWN]
    if wrong:
        raise invalid(*wrong)
    found.warnings.update(ignored(one.name) for one in normalized.problems)
    values = normalized.values
    found.request_data = named(values.get("request_data", {}))
    found.metadata = named(values.get("metadata", {}))
    apart = STRUCTURAL.union(PRESETS)
    found.settings = {name: value for name, value in values.items() if name not in apart}
    said = Conversation.of(values)
    if said.pathway_id and said.prompt:
        said = said._replace(prompt="")
        found.warnings["task was ignored: the pathway says what is said."] += 1
    if said.pathway_version and not said.pathway_id:
        said = said._replace(pathway_version="")
        found.warnings["pathway_version was ignored: there is no pathway_id."] += 1
    found.conversation = said
    return found


def _purpose(value: Any) -> str:
    """Return a purpose, or blank for none. Raise `Refused` for an unknown one."""
    if value in (None, ""):
        return ""
    if value not in Purpose.values:
        raise invalid(f"{PURPOSE} must be one of these: {', '.join(Purpose.values)}.")
    return str(value)


def current(name: str, value: Any, warnings: Counter[str]) -> dict[str, Any]:
    """Return a parameter as the settings that it means today, and add warnings about it.

    Raise `Refused` for what a program writes where it forgot a value.
    """
    if isinstance(value, str):
        word = value.strip()
        if word in FORGOTTEN:
            raise invalid(
                f"{name} is “{word}”: your program had no value to fill in. Send a value, or leave "
                f"{name} out."
            )
        if word in NULLS and not _may_be_null(name):
            warnings[f"{name} was ignored: “{word}” is no value."] += 1
            return {}
        if now := FORMER_VALUES.get(name, {}).get(value.lower()):
            warnings[f"{name} {value} is no longer supported; {now} was used instead."] += 1
            return {name: now}
    if name == "max_duration" and isinstance(value, float) and value > 1 and value % 1:
        warnings[f"max_duration {value:g} was rounded down to {int(value)} minutes."] += 1
        return {name: int(value)}
    if name == "tools" and isinstance(value, list):
        defined = [one for one in value if isinstance(one, Mapping)]
        ids = [one for one in value if not isinstance(one, Mapping)]
        return {"tools": ids, **({"custom_tools": defined} if defined else {})}
    return {name: value}


def ignored(name: str) -> str:
    """Return the warning about an unknown parameter."""
    return f"{clean_value(name)[:100]} was ignored: it is not a parameter of a call."


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an object under clean names. Members without a name are dropped."""
    return {kept: value for name, value in values.items() if (kept := clean_value(name))}


def label(value: Any, *, name: str, at_most: int) -> str:
    """Return a line of text, truncated to ``at_most``. Raise `Refused` for anything but text."""
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise invalid(f"{name} must be a string.")
    return " ".join(clean_value(str(value)).split())[:at_most]


def _may_be_null(name: str) -> bool:
    setting = call_settings.get(name)
    return setting is not None and setting.nullable
