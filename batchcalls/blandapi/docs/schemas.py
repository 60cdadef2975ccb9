"""The schemas of requests: call settings from their registry, and what is sent beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchcalls.blandapi import analysis, postcall
from batchcalls.blandapi.batch_bodies import ENVELOPE, LISTS, SHARED
from batchcalls.blandapi.parameters import FORMER_VALUES, PURPOSE
from batchcalls.drafting.recipient_objects import CONSENT_MEMBERS
from campaigns.call_settings import ALIASES, REGISTRY, Alias, CallSetting
from campaigns.call_settings.describing import notes
from campaigns.vocabulary import PURPOSES_IN_WORDS, Purpose

Schema = dict[str, Any]


def ref(component: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{component}"}


def text(description: str, **more: Any) -> Schema:
    """Return the schema of a string."""
    return {"type": "string", "description": description, **more}


def whole(description: str, **more: Any) -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer", "description": description, **more}


def number(description: str, **more: Any) -> Schema:
    """Return the schema of a number."""
    return {"type": "number", "description": description, **more}


def flag(description: str, **more: Any) -> Schema:
    """Return the schema of true or false."""
    return {"type": "boolean", "description": description, **more}


def mapping(description: str, **more: Any) -> Schema:
    """Return the schema of an object with any members."""
    return {"type": "object", "description": description, "additionalProperties": True, **more}


def array(description: str, items: Schema, **more: Any) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "description": description, "items": items, **more}


def record(description: str, members: Mapping[str, Schema], **more: Any) -> Schema:
    """Return the schema of an object whose members are always present, unless ``more`` says so."""
    return {
        "type": "object",
        "description": description,
        "properties": dict(members),
        "required": list(members),
        **more,
    }


def call_parameters(*, with_rows: bool) -> dict[str, Schema]:
    """Return the parameters of calls; ``with_rows`` includes what belongs to one recipient."""
    wanted = [one for one in REGISTRY.values() if with_rows or one.name != "phone_number"]
    found = {one.name: _parameter(one) for one in wanted}
    # Tools that are defined in full may stand beside the IDs of others.
    found["tools"]["items"] = {
        "anyOf": [found[name]["items"] for name in ("tools", "custom_tools")]
    }
    older = {name: _older(one) for name, one in ALIASES.items() if one.target in found}
    return {**found, **older, PURPOSE: _PURPOSE}


_PURPOSE = text(
    f"Why people are called; a parameter of this site. {PURPOSES_IN_WORDS}", enum=Purpose.values
)


def _parameter(setting: CallSetting) -> Schema:
    former = FORMER_VALUES.get(setting.name, {})
    replaced = ", ".join(f"{old} becomes {new}" for old, new in former.items())
    return {
        **setting.schema,
        "description": " ".join(
            [setting.help, *notes(setting), *([f"Former values: {replaced}."] if former else [])]
        ),
        **({"deprecated": True} if setting.legacy else {}),
        **({"writeOnly": True} if setting.sensitive else {}),
    }


def _older(alias: Alias) -> Schema:
    return {
        **alias.parser.schema,
        "title": f"Older {alias.name}",
        "description": f"Older name. Use {alias.target}.",
        "deprecated": True,
    }


_CONSENT = {
    name: text(f"What is known about the person's consent: `{name}`, as in lists.")
    for name in sorted(CONSENT_MEMBERS)
}
_CAMPAIGN = text("Name of a campaign of this site, or a label of your own.")
#: The members of a batch that are no parameters of calls.
_BATCH_MEMBERS: dict[str, Schema] = {
    "call_data": array("The calls. Other members of each are variables.", ref("CallData")),
    "call_objects": array("The calls, each with its parameters.", ref("CallObject")),
    "calls": array("The calls, each with its prompt.", ref("CallObject")),
    "base_prompt": text("What the agent is told, with variables such as {{name}}."),
    "prompt": text("Means `base_prompt`."),
    "global": ref("CallParameters"),
    "call_params": ref("CallParameters"),
    "label": text("Name of the batch."),
    "description": text("Name of the batch, if there is no label."),
    "campaign_id": _CAMPAIGN,
    "test_mode": flag("Send the first call alone, and say how the request was understood."),
    "batch_webhook": text("URL that gets the final result.", format="uri"),
    "status_webhook": text("URL that gets each status.", format="uri"),
    "max_concurrent": whole("Live calls of the batch at most.", minimum=1),
    "batch_id": text("Ignored: the response has the ID.", deprecated=True),
    "encrypted_key": text("Ignored.", deprecated=True),
}
_IDS = array("IDs of calls.", {"type": "string"}, minItems=1, maxItems=postcall.MOST_CALLS)
_CALL_ID = text("ID of the call.")


def requests() -> dict[str, Schema]:
    """Return the components that requests consist of."""
    # A member that is missing here, or is none any more, is a mistake of this table.
    if unlike := ENVELOPE ^ _BATCH_MEMBERS.keys():
        raise LookupError(f"The members of a batch and their schemas differ: {sorted(unlike)}.")
    one = call_parameters(with_rows=True)
    shared = call_parameters(with_rows=False)
    loose = {"additionalProperties": True}
    return {
        "CallParameters": {
            "type": "object",
            "description": f"Parameters of all calls, in {' or '.join(SHARED)}.",
            "properties": shared,
            **loose,
        },
        "CallObject": {
            "type": "object",
            "description": "A call of a batch. Its parameters override those of all calls.",
            "required": ["phone_number"],
            "properties": {**one, **_CONSENT},
            **loose,
        },
        "CallData": {
            "type": "object",
            "description": "A call of a batch. A member that is no parameter is a variable.",
            "required": ["phone_number"],
            "properties": {"phone_number": one["phone_number"], **_CONSENT},
            **loose,
        },
        "SendCall": {
            "type": "object",
            "description": "A call. Unknown parameters are ignored, and `warnings` names them.",
            "required": ["phone_number"],
            "properties": {**one, **_CONSENT, "campaign_id": _CAMPAIGN},
            **loose,
        },
        "SendBatch": {
            "type": "object",
            "description": f"A batch. It has one of {', '.join(LISTS)}. Parameters of all calls go "
            "beside it, or into `global` or `call_params`. Unknown parameters are ignored, and "
            "`warnings` names them.",
            "properties": {**shared, **_BATCH_MEMBERS},
            **loose,
        },
        "CallOfBody": {
            "type": "object",
            "description": "Names a call.",
            "properties": {"call_id": _CALL_ID, "c_id": text("Means `call_id`.", deprecated=True)},
            **loose,
        },
        "Questions": {
            "type": "object",
            "description": "Questions about calls.",
            "required": ["goal", "questions"],
            "properties": {
                "goal": text("What the calls were for."),
                "questions": array(
                    "Pairs of a question and the type of its answer.",
                    {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
                    minItems=1,
                    maxItems=analysis.MOST_QUESTIONS,
                ),
            },
        },
        "Reports": {
            "type": "object",
            "description": "Calls whose reports are sent again.",
            "required": ["call_ids"],
            "properties": {"call_ids": _IDS},
        },
        "NewReports": {
            "type": "object",
            "description": "Calls that are reported, and where.",
            "required": ["call_ids", "webhook_url"],
            "properties": {
                "call_ids": _IDS,
                "webhook_url": text("An https URL on an allowed host.", format="uri"),
            },
        },
    }
