"""The API document describes call settings as the registry reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

from batchcalls.api.settings_schema import components
from batchcalls.drafting.recipient_objects import CONSENT_MEMBERS
from campaigns.call_settings import ALIASES, REGISTRY, normalize, normalize_shared
from tests.api.test_schema import SCHEMA, nullable
from tests.campaigns.test_call_settings import ALIAS_SAMPLES, SAMPLES

DOCUMENTED = SCHEMA["components"]["schemas"]
SHARED = {name for name, one in REGISTRY.items() if not one.structural}
OF_ROWS = {name for name, one in REGISTRY.items() if one.per_row}
#: Settings that a row has as fields of their own.
FIELDS = {"phone_number", "request_data", "metadata"}
#: Settings some of whose bad samples the document lets pass, and what it cannot say about them.
BEYOND_JSON_SCHEMA = {
    "task": "characters that databases cannot store",
    "voice": "characters that databases cannot store",
    "request_data": "depth, and characters that databases cannot store",
    "keywords": "a boost within a text",
    "guard_rails": "a custom rule needs a prompt",
    "dialing_strategy": "a pool needs its ID",
    "transfer_list": "the length of names",
    "voicemail": "leaving a message needs one",
    "retry": "leaving a message needs one",
    "webhook": "hosts and ports",
    "custom_tools": "names and passwords in URLs",
    "timezone": "zones that exist",
    "start_time": "days that exist",
}
FORMATS = FormatChecker()


def accepts(component: str, value: dict[str, Any]) -> bool:
    schema: dict[str, Any] = nullable(DOCUMENTED[component])
    return bool(Draft4Validator(schema, format_checker=FORMATS).is_valid(value))


def is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


def older(names: set[str]) -> set[str]:
    return {alias.name for alias in ALIASES.values() if alias.target in names}


def test_the_document_names_every_setting_where_it_can_be_given() -> None:
    assert set(DOCUMENTED["CallSettingsRequest"]["properties"]) == SHARED | older(SHARED)
    beside = CONSENT_MEMBERS | {"opt_out", "postcode", "state"}
    sent = OF_ROWS | older(OF_ROWS) | FIELDS | beside
    assert set(DOCUMENTED["RecipientRequest"]["properties"]) == sent


def test_what_may_hold_secrets_is_never_returned() -> None:
    secret = {name for name, one in REGISTRY.items() if one.sensitive}
    assert set(DOCUMENTED["CallSettings"]["properties"]) == SHARED - secret
    assert set(DOCUMENTED["RecipientCallSettings"]["properties"]) == OF_ROWS - secret
    assert all(DOCUMENTED["CallSettingsRequest"]["properties"][one]["writeOnly"] for one in secret)


@pytest.mark.parametrize("name", REGISTRY)
def test_each_setting_says_what_it_means_and_whether_a_row_can_have_it(name: str) -> None:
    setting = REGISTRY[name]
    for component in components().values():
        shown = component["properties"].get(name)
        if shown is not None:
            assert shown["description"].startswith(setting.help)
            assert shown["x-per-row"] is setting.per_row
            assert all(alias in shown["description"] for alias in older({name}))


@pytest.mark.parametrize("name", sorted(SHARED))
def test_the_default_is_documented_where_settings_are_sent(name: str) -> None:
    shown = DOCUMENTED["CallSettingsRequest"]["properties"][name]
    assert shown.get("default") == REGISTRY[name].default


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, (valid, _) in SAMPLES.items() for _, value in valid],
)
def test_the_document_accepts_what_the_registry_returns(name: str, value: Any) -> None:
    if name in SHARED:
        assert accepts("CallSettingsRequest", {name: value})
        assert accepts("CallSettings", {name: value})
    if name in OF_ROWS:
        assert accepts("RecipientCallSettings", {name: value})
    assert accepts("RecipientRequest", {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, (valid, _) in ALIAS_SAMPLES.items() for value, _ in valid],
)
def test_the_document_accepts_older_names(name: str, value: Any) -> None:
    read = ALIASES[name].parser(name, value)
    assert accepts("RecipientRequest", {name: read})
    assert accepts("CallSettingsRequest", {name: read}) is (name in older(SHARED))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_document_refuses_what_the_registry_refuses(name: str) -> None:
    refused = [value for value in SAMPLES[name][1] if is_json(value) and value is not None]
    passed = [value for value in refused if accepts("RecipientRequest", {name: value})]
    assert bool(passed) is (name in BEYOND_JSON_SCHEMA), passed


@pytest.mark.parametrize("name", sorted({*REGISTRY, *ALIASES, "voicee"}))
def test_the_document_and_the_server_know_the_same_names(name: str) -> None:
    samples: dict[str, Any] = {**SAMPLES, **ALIAS_SAMPLES, "voicee": ([("June", "")], [])}
    value = samples[name][0][0][0]
    is_shared = name in DOCUMENTED["CallSettingsRequest"]["properties"]
    assert is_shared is not bool(normalize_shared({name: value}).problems)
    is_of_rows = name in DOCUMENTED["RecipientRequest"]["properties"] and name not in FIELDS
    assert is_of_rows is not bool(normalize({name: value}, per_row=True).problems)
