"""The phone numbers that call settings hold, found by the schemas of the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from campaigns.call_settings.registry import REGISTRY


def _may_hold(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return schema.get("format") == "phone" or any(map(_may_hold, schema.values()))
    return isinstance(schema, list) and any(map(_may_hold, schema))


#: The settings that may hold phone numbers, without the number that is called.
_HOLDING: Final = {
    name: entry.schema
    for name, entry in REGISTRY.items()
    if not entry.structural and _may_hold(entry.schema)
}


def numbers_in(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield where each phone number in canonical call settings is, and the number.

    For example ("transfer_list.sales", "+12025550123"). A {{variable}} that will hold a number is
    yielded as it is.
    """
    for name, schema in _HOLDING.items():
        if name in settings:
            yield from _walk(name, settings[name], schema)


def _walk(path: str, value: Any, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if _may_hold(schema):
            yield path, value
    elif isinstance(value, Mapping):
        others = schema.get("additionalProperties")
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, others)
            if isinstance(inner, Mapping):
                yield from _walk(f"{path}.{name}", item, inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(f"{path}[{index}]", item, schema.get("items", {}))
