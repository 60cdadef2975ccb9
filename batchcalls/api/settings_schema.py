"""Call settings in the OpenAPI document, derived from their registry.

Requests may use older names, and any other name is rejected. Responses have canonical names only,
and nothing that may hold a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension

from batchcalls.api.fields import CallSettingsField
from campaigns.call_settings import ALIASES, REGISTRY, Alias, CallSetting
from campaigns.call_settings.describing import sentences

Schema = dict[str, Any]


def _reference(component: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{component}"}


SENT_SETTINGS = _reference("CallSettingsRequest")
SHOWN_SETTINGS = _reference("CallSettings")
SENT_RECIPIENT = _reference("RecipientRequest")
SHOWN_ROW_SETTINGS = _reference("RecipientCallSettings")
_OLDER = "Older name."
_LIMITS = {"minLength", "maxLength", "minimum", "maximum", "pattern"}
_CONSENT = {
    "type": "string",
    "description": "yes, no, how consent was given (verbal, written), or the date it was given.",
}
_CONSENT_DETAILS = {
    "consent_type": {
        "type": "string",
        "description": "How consent was given: express (or verbal), or express written.",
    },
    "consent_date": {
        "type": "string",
        "description": "When consent was given, such as 2026-01-31. Without `consent` it counts "
        "as a yes.",
    },
    "consent_source": {
        "type": "string",
        "description": "Where consent was given, such as a web form.",
    },
    "consent_evidence": {
        "type": "string",
        "description": "What proves the consent, such as the URL of a certificate.",
    },
}
_OPT_OUT = {
    "oneOf": [{"type": "boolean"}, {"type": "string"}],
    "description": "true or yes, or the date of the opt-out: the number is not called in any row. "
    "A value that is not clear skips the row too.",
}
_POSTCODE = {
    "type": "string",
    "description": "Where the recipient is: a US ZIP code gives the time zone, if the row has none "
    "of its own. Not a variable; repeat it in `request_data` to use it in a prompt.",
}
_STATE = {
    "type": "string",
    "description": "Code or name of a state or province in the US, Canada, or Australia. Checked "
    "against the time zone, postcode, and number. Not a variable.",
}


class CallSettingsInSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Describes the settings field that campaigns and batches share."""

    target_class = CallSettingsField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, str]:
        """Refer to the schema of the request, or to that of the response."""
        return dict(SENT_SETTINGS if direction == "request" else SHOWN_SETTINGS)


def components() -> dict[str, Schema]:
    """Return the schemas that the references above name."""
    shared = [one for one in REGISTRY.values() if not one.structural]
    of_rows = [one for one in REGISTRY.values() if one.per_row]
    fields_of_rows = [one for one in REGISTRY.values() if one.structural and not one.per_row]
    return {
        "CallSettingsRequest": {
            "type": "object",
            "description": "Settings that all calls share. Unknown names are refused. A change is "
            "merged with the stored settings (RFC 7396): null removes one.",
            "properties": {name: _or_null(one) for name, one in _sent(shared).items()},
            "additionalProperties": False,
        },
        "CallSettings": {
            "type": "object",
            "description": "Settings that all calls share.",
            "properties": _shown(shared),
        },
        "RecipientRequest": {
            "type": "object",
            "description": "A person to call. Call settings for this row only go next to the "
            "number; they override those of the batch. Unknown names are refused. A value that "
            "cannot be used skips the row.",
            "properties": {
                **{one.name: _property(one) for one in fields_of_rows},
                "consent": _CONSENT,
                **_CONSENT_DETAILS,
                "opt_out": _OPT_OUT,
                "postcode": _POSTCODE,
                "state": _STATE,
                **_sent(of_rows),
            },
            "additionalProperties": False,
        },
        "RecipientCallSettings": {
            "type": "object",
            "description": "Call settings of this row alone.",
            "properties": _shown(of_rows),
        },
    }


def _property(setting: CallSetting) -> Schema:
    return {
        **setting.schema,
        "description": " ".join(sentences(setting)),
        **({"deprecated": True} if setting.legacy else {}),
        "x-per-row": setting.per_row,
    }


def _sent(settings: Iterable[CallSetting]) -> dict[str, Schema]:
    """Return the settings of a request, then their older names."""
    found = {}
    for one in settings:
        default = {} if one.default is None else {"default": one.default}
        secret = {"writeOnly": True} if one.sensitive else {}
        found[one.name] = {**_property(one), **default, **secret}
    older = [alias for alias in ALIASES.values() if alias.target in found]
    return {**found, **{alias.name: _older(alias) for alias in older}}


def _or_null(schema: Schema) -> Schema:
    """Add null, which removes a setting; an older name cannot remove one."""
    if schema.get("description", "").startswith(_OLDER):
        return schema
    options = {"enum": [*schema["enum"], None]} if None not in schema.get("enum", [None]) else {}
    return {**schema, **options, "nullable": True}


def _older(alias: Alias) -> Schema:
    return {
        **alias.parser.schema,
        # Generated clients name types by their place: voicemail.action would be this one too.
        "title": f"Older {alias.name}",
        "description": f"{_OLDER} Use {alias.target}.",
        "deprecated": True,
        "x-per-row": REGISTRY[alias.target].per_row,
    }


def _shown(settings: Iterable[CallSetting]) -> dict[str, Schema]:
    """Return the settings of a response. Texts with variables have no limit once filled in."""
    return {
        one.name: _unlimited(_property(one)) if one.rendered else _property(one)
        for one in settings
        if not one.sensitive
    }


def _unlimited(schema: Mapping[str, Any]) -> Schema:
    return {
        name: _unlimited(value) if isinstance(value, Mapping) else value
        for name, value in schema.items()
        if name not in _LIMITS
    }
