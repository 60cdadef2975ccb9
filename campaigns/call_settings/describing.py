"""Descriptions of call settings for the API document, the table at /api/docs/ and forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from campaigns.call_settings.legacy import ALIASES
from campaigns.call_settings.sensitivity import Sensitivity
from campaigns.call_settings.types import CallSetting

#: Longer lists of options are counted instead of written out.
MOST_OPTIONS = 10
_BY_FORMAT = {
    "date-time": "date and time",
    "phone": "phone number",
    "timezone": "IANA time zone",
    "uri": "URL",
    "uuid": "UUID",
}
_BY_TYPE = {"boolean": "true or false", "integer": "whole number", "number": "number"}


def type_in_words(schema: Mapping[str, Any]) -> str:
    """Return the type and limits of a value, such as “whole number, 1–720”."""
    if "oneOf" in schema:
        return ", or ".join(map(type_in_words, schema["oneOf"]))
    if "enum" in schema:
        return _options_in_words(schema["enum"])
    if schema["type"] == "array":
        return _list_in_words(schema)
    if schema["type"] == "object":
        return _object_in_words(schema, "object")
    if schema["type"] == "string":
        text = f"text, up to {schema.get('maxLength', 0):,} characters"
        return _BY_FORMAT.get(schema.get("format", ""), text)
    limits = f", {schema['minimum']:,}–{schema['maximum']:,}" if "minimum" in schema else ""
    return _BY_TYPE[schema["type"]] + limits


def _list_in_words(schema: Mapping[str, Any]) -> str:
    items = schema["items"]
    many = "values"
    if items["type"] == "object":
        many = _object_in_words(items, "objects")
    elif "enum" in items:
        many = f"values, each {_options_in_words(items['enum'])}"
    return f"list of up to {schema['maxItems']:,} {many}"


def _options_in_words(options: Iterable[Any]) -> str:
    words = ["null" if option is None else str(option) for option in options]
    return f"one of {len(words)} values" if len(words) > MOST_OPTIONS else _either(words)


def _object_in_words(schema: Mapping[str, Any], noun: str) -> str:
    if "properties" in schema:
        return f"{noun} with {', '.join(schema['properties'])}"
    if isinstance(schema["additionalProperties"], Mapping):
        each = type_in_words(schema["additionalProperties"])
        return f"{noun}, up to {schema['maxProperties']:,} names; each value: {each}"
    return noun


def _either(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def older_names(setting: CallSetting) -> list[str]:
    """Return the older names that set it or part of it."""
    return [alias.name for alias in ALIASES.values() if alias.target == setting.name]


def place_in_words(setting: CallSetting) -> str:
    """Return where the setting can be given."""
    if setting.structural:
        return "Row, where it overrides the batch’s own field" if setting.per_row else "Row"
    return "Campaign, batch, or row" if setting.per_row else "Campaign or batch"


def notes(setting: CallSetting) -> list[str]:
    """Return notes on permissions, secrecy, legacy status and older names."""
    names = older_names(setting)
    decided = " and ".join(one.label for one in Sensitivity if one in setting.sensitivity)
    return [
        *([f"It decides {decided}, which needs a permission."] if decided else []),
        *(["It may hold secrets, so it is never returned."] if setting.sensitive else []),
        *(["The provider no longer documents it."] if setting.legacy else []),
        *([f"Older name{'s'[: len(names) > 1]}: {', '.join(names)}."] if names else []),
    ]


def sentences(setting: CallSetting) -> list[str]:
    """Return everything there is to know except the type."""
    return [setting.help, f"{place_in_words(setting)}.", *notes(setting)]
