"""Every call setting says what it is: its meaning, its type, and where it can be given."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.call_settings import REGISTRY, CallSetting, Kind, Section
from campaigns.call_settings.describing import place_in_words, sentences, type_in_words
from campaigns.call_settings.parsers import (
    choice_or_null,
    integer_or_word,
    number,
    phone,
    text,
    uuid_text,
)
from campaigns.call_settings.provider_shapes import pronunciation
from campaigns.call_settings.shapes import items, named
from campaigns.call_settings.types import Parser, setting

TEXT = {"string"}
TYPES = {
    Kind.TEXT: {"string", "integer"},
    Kind.INTEGER: {"integer"},
    Kind.DECIMAL: {"number"},
    Kind.BOOLEAN: {"boolean"},
    Kind.LIST: {"array"},
    Kind.OBJECT: {"object"},
}
MOOD: dict[str, Any] = {"parser": text(at_most=9), "help": "How the agent feels."}
every_setting = pytest.mark.parametrize("entry", REGISTRY.values(), ids=REGISTRY)


def build(name: str = "voice", **fields: Any) -> CallSetting:
    return setting(name, "Mood", Section.SPEECH, Kind.TEXT, **fields)


@every_setting
def test_the_schema_has_the_type_of_the_kind(entry: CallSetting) -> None:
    types = {one["type"] for one in entry.schema.get("oneOf", [entry.schema])}
    assert types <= TYPES.get(entry.kind, TEXT)


@every_setting
def test_every_setting_is_described(entry: CallSetting) -> None:
    assert type_in_words(entry.schema)
    assert sentences(entry)[0] == entry.help
    assert place_in_words(entry)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"help": " "}, "The call setting voice has no meaning: write its help text."),
        ({"parser": Parser(str, {})}, "The call setting voice has no type: give its parser"),
        ({"name": "mood"}, "The call setting mood has no class: list it in SENSITIVITY."),
    ],
)
def test_a_setting_without_meaning_type_or_class_is_named(
    fields: dict[str, Any], complaint: str
) -> None:
    assert build(**MOOD).name == "voice"
    with pytest.raises(ValueError, match=complaint):
        build(**{**MOOD, **fields})


@pytest.mark.parametrize(
    ("parser", "words"),
    [
        (text(at_most=2_000), "text, up to 2,000 characters"),
        (number(0, 10_000), "number, 0–10,000"),
        (uuid_text, "UUID"),
        (choice_or_null("office", "cafe"), "office, cafe or null"),
        (integer_or_word(1, 9, "staging"), "whole number, 1–9, or staging"),
        (items(text(at_most=9), at_most=20), "list of up to 20 values"),
        (
            items(pronunciation, at_most=5),
            "list of up to 5 objects with word, pronunciation, case_sensitive, spaced",
        ),
        (named(phone, at_most=50), "object, up to 50 names; each value: phone number"),
    ],
)
def test_a_type_is_put_into_words(parser: Parser, words: str) -> None:
    assert type_in_words(parser.schema) == words


def test_a_place_is_where_the_setting_can_be_given() -> None:
    assert place_in_words(build(**MOOD)) == "Campaign, batch, or row"
    assert place_in_words(build(**MOOD, per_row=False)) == "Campaign or batch"
    assert place_in_words(REGISTRY["phone_number"]) == "Row"
    assert "overrides the batch" in place_in_words(REGISTRY["task"])


def test_secrets_and_older_names_are_mentioned() -> None:
    assert "It may hold secrets, so it is never returned." in sentences(REGISTRY["dynamic_data"])
    assert "Older name: available_tags." in sentences(REGISTRY["dispositions"])
