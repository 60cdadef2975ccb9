"""Parsers of lists and objects."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from campaigns.call_settings.parsers import (
    is_storable,
    text,
)
from campaigns.call_settings.types import (
    Parser,
    SettingInvalid,
    invalid,
    is_blank,
    missing,
    returns,
    shorten,
)
from campaigns.storable import all_storable

_MAX_JSON_DEPTH = 20


def decode(value: Any) -> Any:
    """Parse JSON text and return any other value unchanged; raise `ValueError` for invalid JSON."""
    if not isinstance(value, str):
        return value
    try:
        decoded = json.loads(value, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not all_storable(decoded):
        raise ValueError("it has a character that cannot be stored")
    return decoded


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def items(parser: Parser, *, at_most: int, commas: bool = True) -> Parser:
    """Return a parser of lists that drops repeated items.

    In a CSV cell, a list is a JSON array or, with ``commas``, comma-separated text.
    """
    remedy = (
        "separate the items by commas, or write a JSON array" if commas else "write a JSON array"
    )

    @returns({"type": "array", "items": dict(parser.schema), "maxItems": at_most})
    def parse(name: str, value: Any) -> list[Any]:
        given = value
        if commas and isinstance(value, str) and not value.strip().startswith("["):
            given = [part for part in value.split(",") if part.strip()]
        try:
            given = decode(given)
        except ValueError:
            raise invalid(name, value, remedy) from None
        if not isinstance(given, list):
            raise invalid(name, value, remedy)
        if len(given) > at_most:
            raise SettingInvalid(name, f"keep at most {at_most}", fault="has too many items")
        parsed: list[Any] = []
        for index, item in enumerate(given):
            canonical = parser(f"{name}[{index}]", item)
            if canonical not in parsed:
                parsed.append(canonical)
        return parsed

    return parse


def _object(name: str, value: Any) -> dict[str, Any]:
    remedy = "write a JSON object"
    try:
        given = decode(value)
    except ValueError:
        raise invalid(name, value, remedy) from None
    if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
        raise invalid(name, value, remedy)
    return given


def shape(members: Mapping[str, Parser], *, required: tuple[str, ...] = ()) -> Parser:
    """Return a parser of objects with these members; blank members count as absent."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: dict(parser.schema) for name, parser in members.items()},
        "additionalProperties": False,
    }

    @returns({**schema, "required": [*required]} if required else schema)
    def parse(name: str, value: Any) -> dict[str, Any]:
        given = {key: item for key, item in _object(name, value).items() if not is_blank(item)}
        for key in given:
            if key not in members:
                raise SettingInvalid(
                    name, f"use only {', '.join(members)}", fault=f"has no member {shorten(key)}"
                )
        for key in required:
            if key not in given:
                raise missing(f"{name}.{key}", f"{name} needs it")
        return {
            key: parser(f"{name}.{key}", given[key])
            for key, parser in members.items()
            if key in given
        }

    return parse


def member(meaning: str, parser: Parser) -> Parser:
    """Return the parser of a member of an object, with what the member means in its schema."""
    return Parser(parser.read, {**parser.schema, "description": meaning})


def named(parser: Parser, *, at_most: int) -> Parser:
    """Return a parser of objects with any member names and values of one type."""
    schema = {"additionalProperties": dict(parser.schema), "maxProperties": at_most}

    @returns({"type": "object", **schema})
    def parse(name: str, value: Any) -> dict[str, Any]:
        given = {key: item for key, item in _object(name, value).items() if not is_blank(item)}
        if len(given) > at_most:
            raise SettingInvalid(name, f"keep at most {at_most}", fault="has too many members")
        parsed = {}
        for key, item in given.items():
            label: str = text(at_most=100)(f"the name of a member of {name}", key)
            parsed[label] = parser(f"{name}.{label}", item)
        return parsed

    return parse


@returns({})
def json_value(name: str, value: Any) -> Any:
    """Return a copy of a JSON value that databases and other programs can store."""
    return _copy(name, value, 0)


def _copy(name: str, value: Any, depth: int) -> Any:
    if depth > _MAX_JSON_DEPTH:
        raise SettingInvalid(name, "write it flatter", fault="is nested too deeply")
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {_copy(name, key, 0): _copy(name, item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(name, item, depth + 1) for item in value]
    if isinstance(value, str) and is_storable(value):
        return value
    if value is None or isinstance(value, bool):
        return value
    # Other programs round or refuse integers beyond 64 bits.
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise invalid(name, value, "use plain JSON values without control characters")


@returns({"type": "object", "additionalProperties": True})
def json_object(name: str, value: Any) -> Any:
    """Return a JSON object with any members."""
    return json_value(name, _object(name, value))
