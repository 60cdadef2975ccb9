"""The calls of a batch's body, each parsed to a recipient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from batchcalls.blandapi import parameters
from batchcalls.blandapi.errors import invalid
from batchcalls.blandapi.parameters import Parameters
from batchcalls.database import clock
from batchcalls.drafting.recipient_objects import CONSENT_MEMBERS
from campaigns import call_settings
from campaigns.call_settings import REGISTRY, SettingInvalid

_OBJECTS = ("request_data", "metadata")


def from_data(
    entry: dict[str, Any], shared: Parameters, used: frozenset[str], warnings: Counter[str]
) -> dict[str, Any]:
    """Parse an entry of the first generation, whose members are variables.

    Public code also puts call parameters there. A member is a parameter if its name and value are
    valid for one, and no text uses it as a variable.
    """
    variables: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for name, value in _others(entry):
        if name in CONSENT_MEMBERS and name not in used:
            settings[name] = value
        elif name in used or not call_settings.is_call_setting(name):
            variables[name] = value
        elif _fits(now := parameters.current(name, value, warnings)):
            settings |= now
        else:
            variables[name] = value
            warnings[f"{name} is a variable here: its value is not one of the parameter."] += 1
    return _recipient(entry, shared, variables, settings)


def from_call(
    entry: dict[str, Any],
    shared: Parameters,
    used: frozenset[str],
    warnings: Counter[str],
    *,
    mixes: bool = False,
) -> dict[str, Any]:
    """Parse an entry of the second generation, whose members are call parameters.

    With ``mixes``, its other members are variables.
    """
    variables: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for name, value in _others(entry):
        if name in CONSENT_MEMBERS and name not in used:
            settings[name] = value
        elif call_settings.is_call_setting(name):
            settings |= parameters.current(name, value, warnings)
        elif name in used or mixes:
            variables[name] = value
        elif name not in parameters.SILENTLY_IGNORED:
            warnings[parameters.ignored(name)] += 1
    return _recipient(entry, shared, variables, settings)


def _others(entry: dict[str, Any]) -> list[tuple[str, Any]]:
    apart = {"phone_number", *_OBJECTS}
    return [(name, value) for name, value in entry.items() if name not in apart]


def _fits(settings: Mapping[str, Any]) -> bool:
    return not call_settings.normalize(settings, per_row=True).problems


def _recipient(
    entry: dict[str, Any],
    shared: Parameters,
    variables: dict[str, Any],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Return a recipient. Its own values override the shared ones."""
    own = {name: _object(entry, name) for name in _OBJECTS}
    told = {name: value for name, value in settings.items() if value is not None or _nullable(name)}
    if told.get("pathway_id"):
        told.pop("task", None)
    if "start_time" in told:
        told["start_time"] = _start_time(told, shared)
    return {
        **told,
        "phone_number": entry["phone_number"],
        "request_data": parameters.named(
            {**shared.request_data, **variables, **own["request_data"]}
        ),
        "metadata": parameters.named({**shared.metadata, **own["metadata"]}),
    }


def _start_time(told: dict[str, Any], shared: Parameters) -> Any:
    """Return a start time with its offset. Unlike in lists, one without an offset is in UTC.

    A text that is no time is returned unchanged, and skips its row. Source: Bland API, Send Call;
    its n8n node for a time zone in the request.
    """
    zone = told.get("timezone") or shared.settings.get("timezone")
    try:
        return clock.text_of(call_settings.parse_start_time(told["start_time"], timezone=zone))
    except SettingInvalid:
        return told["start_time"]


def _object(entry: dict[str, Any], name: str) -> dict[str, Any]:
    value = entry.get(name)
    if value in (None, ""):
        return {}
    try:
        parsed: dict[str, Any] = REGISTRY[name].parse(value)
    except SettingInvalid as error:
        raise invalid(str(error)) from error
    return parsed


def _nullable(name: str) -> bool:
    setting = call_settings.get(name)
    return setting is not None and setting.nullable
