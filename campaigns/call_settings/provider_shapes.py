"""The lists and objects that the provider documents. Source: Bland API, Send Call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.call_settings.options import GUARD_RAILS, VOICEMAIL_ACTIONS
from campaigns.call_settings.parsers import (
    boolean,
    choice,
    identifier,
    matching,
    number,
    phone_or_variable,
    text,
    url,
    whole_number,
)
from campaigns.call_settings.shapes import items, json_object, json_value, member, shape
from campaigns.call_settings.times import clock_time
from campaigns.call_settings.types import (
    Parser,
    SettingInvalid,
    invalid,
    is_blank,
    missing,
    returns,
)

_LEAVING = ("leave_message", "leave_message_and_sms")

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
    "name": member("What the agent knows it by.", text(at_most=200)),
    "description": member("When the agent uses it.", text(at_most=5_000)),
    "url": member("Where its request goes.", url("https", "http")),
    "method": member("Method of its request.", choice("GET", "POST", "PUT", "PATCH", "DELETE")),
    "headers": member("Headers of its request.", json_object),
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
    for needed in ("name", "url"):
        if is_blank(given.get(needed)):
            raise missing(f"{name}.{needed}", "a tool needs a name and the URL of its request")
    return given | {
        inner: parser(f"{name}.{inner}", given[inner])
        for inner, parser in _tool_members.items()
        if not is_blank(given.get(inner))
    }


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
