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


# The shapes below follow the Bland API, Send Call.

sms = shape(
    {
        "to": member("Number that gets it. Leave out for the recipient's.", phone_or_variable),
        "from": member("Number that sends it. Leave out for the caller ID.", phone_or_variable),
        "message": member("The text message.", text(at_most=1_600)),
    },
    required=("message",),
)

_voicemail_members = shape(
    {
        "action": member(
            "What happens at a voicemail.", choice(*VOICEMAIL_ACTIONS, "leave_message_and_sms")
        ),
        "message": member("What is said to it.", text(at_most=5_000)),
        "sms": member("The text message that is sent.", sms),
        "sensitive": member("Whether voicemails are detected more readily.", boolean),
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
        "wait": member("Seconds before the retry.", whole_number(0, 604_800, "seconds")),
        "voicemail_action": member(
            "What happens if a voicemail answers again.", choice(*VOICEMAIL_ACTIONS)
        ),
        "voicemail_message": member("What is said to it then.", text(at_most=5_000)),
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
    {
        "type": member(
            "How the caller ID is chosen.", choice("local", "custom_pooling", "custom_pool")
        ),
        "pool_id": member("ID of the pool of numbers, for `custom_pooling`.", identifier),
    },
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


_evals_members = shape(
    {
        "workbench_setup_id": member("ID of the evaluation, in its newest version.", identifier),
        "workbench_setup_version_id": member("ID of one version of an evaluation.", identifier),
    }
)


@returns({**_evals_members.schema, "minProperties": 1, "maxProperties": 1})
def post_call_evals(name: str, value: Any) -> dict[str, Any]:
    """Return the evaluation to run after the call."""
    given: dict[str, Any] = _evals_members(name, value)
    if len(given) != 1:
        raise invalid(name, value, "give workbench_setup_id or workbench_setup_version_id")
    return given


_guard_rail_members = shape(
    {
        "type": member("What the rule looks for.", choice(*GUARD_RAILS)),
        "prompt": member("What a custom rule looks for, in words.", text(at_most=2_000)),
        "actions": member(
            "What happens when the rule is broken.",
            items(
                shape(
                    {
                        "type": member(
                            "The action.", choice("end_call", "transfer", "move_to_node")
                        ),
                        "config": member("Options of the action.", json_object),
                    },
                    required=("type",),
                ),
                at_most=20,
                commas=False,
            ),
        ),
        "config": member(
            "Options of the rule.",
            shape(
                {
                    "end_seconds": member(
                        "Seconds of the call in which it looks.",
                        whole_number(0, 3_600, "seconds"),
                    )
                }
            ),
        ),
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
        "word": member("The word in the text.", text(at_most=100)),
        "pronunciation": member("How it is spoken.", text(at_most=200)),
        "case_sensitive": member("Whether upper and lower case must match.", boolean),
        "spaced": member("Whether it must be a word of its own.", boolean),
    },
    required=("word", "pronunciation"),
)

dynamic_data_source = shape(
    {
        "url": member("Where the data comes from.", url("https", "http")),
        "method": member("How it is requested.", choice("GET", "POST")),
        "headers": member(
            "Headers of the request.",
            items(
                shape(
                    {
                        "key": member(
                            "Name of the header.",
                            matching(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "give the name of a header"),
                        ),
                        "value": member(
                            "Value of the header.",
                            matching(r"[^\r\n]+", "write the header on one line", at_most=8_000),
                        ),
                    },
                    required=("key", "value"),
                ),
                at_most=50,
                commas=False,
            ),
        ),
        "body": member("Body of the request.", json_value),
        "query": member("Query parameters of the request.", json_value),
        "cache": member("Whether one answer serves the whole call.", boolean),
        "response_data": member(
            "Variables that come from the answer.",
            items(
                shape(
                    {
                        "name": member("Name of the variable.", text(at_most=200)),
                        "data": member(
                            "Where it is in the answer, as a JSON path.", text(at_most=500)
                        ),
                        "context": member("What the agent is told about it.", text(at_most=2_000)),
                    },
                    required=("name", "data"),
                ),
                at_most=100,
                commas=False,
            ),
        ),
    },
    required=("url",),
)

_hours_members = shape(
    {
        "start": member("From when calls may start.", clock_time),
        "end": member("Until when calls may start.", clock_time),
    },
    required=("start", "end"),
)


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
