"""Parsers of lists and objects, and the shapes that the provider documents for them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from campaigns.call_settings.options import GUARD_RAILS, VOICEMAIL_ACTIONS
from campaigns.call_settings.parsers import (
    boolean,
    choice,
    identifier,
    is_storable,
    matching,
    number,
    phone_or_variable,
    text,
    url,
    whole_number,
)
from campaigns.call_settings.times import clock_time
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
_LEAVING = ("leave_message", "leave_message_and_sms")


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


# The shapes below follow the Bland API, Send Call.

sms = shape(
    {"to": phone_or_variable, "from": phone_or_variable, "message": text(at_most=1_600)},
    required=("message",),
)

_voicemail_members = shape(
    {
        "action": choice(*VOICEMAIL_ACTIONS, "leave_message_and_sms"),
        "message": text(at_most=5_000),
        "sms": sms,
        "sensitive": boolean,
    }
)


@returns(_voicemail_members.schema)
def voicemail(name: str, value: Any) -> dict[str, Any]:
    """Return what to do at a voicemail; a message without an action means "leave it"."""
    given = _with_action(name, _voicemail_members(name, value), "action", "message")
    if given.get("action") == "leave_message_and_sms" and "sms" not in given:
        raise missing(f"{name}.sms", "write the text message to send, or choose another action")
    return given


_retry_members = shape(
    {
        "wait": whole_number(0, 604_800, "seconds"),
        "voicemail_action": choice(*VOICEMAIL_ACTIONS),
        "voicemail_message": text(at_most=5_000),
    },
    required=("wait",),
)


@returns(_retry_members.schema)
def retry(name: str, value: Any) -> dict[str, Any]:
    """Return when to retry after a voicemail, and what to do if it answers again."""
    return _with_action(name, _retry_members(name, value), "voicemail_action", "voicemail_message")


def _with_action(name: str, given: dict[str, Any], action: str, message: str) -> dict[str, Any]:
    # Without an action the provider hangs up, but a message only makes sense if it is left.
    if message in given and action not in given:
        return {action: "leave_message", **given}
    if given.get(action) in _LEAVING and message not in given:
        raise missing(f"{name}.{message}", "write what to say, or choose another action")
    return given


_dialing_members = shape(
    {"type": choice("local", "custom_pooling", "custom_pool"), "pool_id": identifier},
    required=("type",),
)


@returns(_dialing_members.schema)
def dialing_strategy(name: str, value: Any) -> dict[str, Any]:
    """Return how the caller ID is chosen: a local number, or one from a pool."""
    given: dict[str, Any] = _dialing_members(name, value)
    if given["type"] == "local":
        if "pool_id" in given:
            raise SettingInvalid(
                f"{name}.pool_id", "remove it, or choose custom_pooling", fault="has no effect"
            )
        return given
    if "pool_id" not in given:
        raise missing(f"{name}.pool_id", "name the pool of numbers to call from")
    # The vendor's own page on custom dialing calls it custom_pool.
    return {**given, "type": "custom_pooling"}


_evals_members = shape({"workbench_setup_id": identifier, "workbench_setup_version_id": identifier})


@returns({**_evals_members.schema, "minProperties": 1, "maxProperties": 1})
def post_call_evals(name: str, value: Any) -> dict[str, Any]:
    """Return the evaluation to run after the call."""
    given: dict[str, Any] = _evals_members(name, value)
    if len(given) != 1:
        raise invalid(name, value, "give workbench_setup_id or workbench_setup_version_id")
    return given


_guard_rail_members = shape(
    {
        "type": choice(*GUARD_RAILS),
        "prompt": text(at_most=2_000),
        "actions": items(
            shape(
                {"type": choice("end_call", "transfer", "move_to_node"), "config": json_object},
                required=("type",),
            ),
            at_most=20,
            commas=False,
        ),
        "config": shape({"end_seconds": whole_number(0, 3_600, "seconds")}),
    },
    required=("type",),
)


@returns(_guard_rail_members.schema)
def guard_rail(name: str, value: Any) -> dict[str, Any]:
    """Return one rule to monitor during the call."""
    given: dict[str, Any] = _guard_rail_members(name, value)
    if given["type"] == "custom" and "prompt" not in given:
        raise missing(f"{name}.prompt", "say what a custom rule looks for")
    return given


pronunciation = shape(
    {
        "word": text(at_most=100),
        "pronunciation": text(at_most=200),
        "case_sensitive": boolean,
        "spaced": boolean,
    },
    required=("word", "pronunciation"),
)

dynamic_data_source = shape(
    {
        "url": url("https", "http"),
        "method": choice("GET", "POST"),
        "headers": items(
            shape(
                {
                    "key": matching(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "give the name of a header"),
                    "value": matching(r"[^\r\n]+", "write the header on one line", at_most=8_000),
                },
                required=("key", "value"),
            ),
            at_most=50,
            commas=False,
        ),
        "body": json_value,
        "query": json_value,
        "cache": boolean,
        "response_data": items(
            shape(
                {
                    "name": text(at_most=200),
                    "data": text(at_most=500),
                    "context": text(at_most=2_000),
                },
                required=("name", "data"),
            ),
            at_most=100,
            commas=False,
        ),
    },
    required=("url",),
)

_tool_id = matching(r"(TL|KB)-[\w-]+", "name a tool TL-… or a knowledge base KB-…")


@returns(_tool_id.schema)
def tool_id(name: str, value: Any) -> str:
    """Return the ID of a tool or knowledge base that the provider has."""
    if isinstance(value, Mapping):
        # Its headers may hold secrets, which no error repeats.
        raise SettingInvalid(name, "move it to custom_tools", fault="is a tool defined in full")
    parsed: str = _tool_id(name, value)
    return parsed


_tool_members: Mapping[str, Parser] = {
    "name": text(at_most=200),
    "description": text(at_most=5_000),
    "url": url("https", "http"),
    "method": choice("GET", "POST", "PUT", "PATCH", "DELETE"),
    "headers": json_object,
}


@returns(
    {
        "type": "object",
        "properties": {name: dict(parser.schema) for name, parser in _tool_members.items()},
        "required": ["name", "url"],
        "additionalProperties": True,
    }
)
def custom_tool(name: str, value: Any) -> dict[str, Any]:
    """Return a tool that is defined in the call. Other members are passed on as they are.

    Source: Bland API, Send Call, ``tools``, and its pages on custom tools.
    """
    given: dict[str, Any] = json_object(name, value)
    for member in ("name", "url"):
        if is_blank(given.get(member)):
            raise missing(f"{name}.{member}", "a tool needs a name and the URL of its request")
    return given | {
        member: parser(f"{name}.{member}", given[member])
        for member, parser in _tool_members.items()
        if not is_blank(given.get(member))
    }


_hours_members = shape({"start": clock_time, "end": clock_time}, required=("start", "end"))


@returns(_hours_members.schema)
def dispatch_hours(name: str, value: Any) -> dict[str, Any]:
    """Return the hours in which calls may start; an end before the start is on the next day."""
    given: dict[str, Any] = _hours_members(name, value)
    if given["start"] == given["end"]:
        raise invalid(name, value, "let the hours end at another time than they start")
    return given


@returns(text(at_most=99).schema)
def keyword(name: str, value: Any) -> str:
    """Return a word to listen for, with or without a boost."""
    parsed: str = text(at_most=99)(name, value)
    word, colon, boost = parsed.rpartition(":")
    if colon:
        if not word.strip():
            raise invalid(name, value, "write word or word:boost")
        number(-100, 100)(f"the boost of {name}", boost)
    return parsed
