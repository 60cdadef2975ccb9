"""Call settings as a form: one field for each, what is stored comes back as it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict

from campaigns.call_settings import REGISTRY, normalize_shared
from campaigns.settings_form import CallSettingsForm
from tests.campaigns.sent_forms import sent
from tests.campaigns.test_call_settings import SAMPLES

STORABLE = [
    (name, value)
    for name, (good, _) in SAMPLES.items()
    for raw, _ in good
    if not REGISTRY[name].structural and not (found := normalize_shared({name: raw})).problems
    for value in [found.values.get(name)]
    if name in found.values
]


def posted(**fields: str | list[str]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in fields.items():
        data.setlist(f"setting-{name}", value if isinstance(value, list) else [value])
    return data


def submitted(form: CallSettingsForm) -> QueryDict:
    """Return what a browser sends when nothing is changed."""
    data = QueryDict(mutable=True)
    for field in form:
        # The others are sent blank.
        if field.initial not in (None, "", []):
            for name, values in sent(str(field)).items():
                data.setlist(name, values)
    return data


def errors_of(given: dict[str, str], **stored: Any) -> dict[str, list[str]]:
    form = CallSettingsForm(posted(**given), **stored)
    assert not form.is_valid()
    return dict(form.errors)


@pytest.mark.parametrize(("name", "value"), STORABLE)
def test_saving_unchanged_stores_the_same(name: str, value: Any) -> None:
    stored = normalize_shared({name: value}).values
    form = CallSettingsForm(submitted(CallSettingsForm(initial=stored)), initial=stored)
    assert form.is_valid(), form.errors
    assert form.values() == stored
    assert not form.has_changed()


def test_every_setting_that_is_documented_and_shared_has_a_field() -> None:
    form = CallSettingsForm()
    shown = {field.name for section in form.sections() for field in section.fields}
    first = {field.name for field in form.essential()}
    assert not shown & first
    assert first == {"voice", "first_sentence", "voicemail_action", "voicemail_message"}
    shown |= first
    wanted = {name for name, one in REGISTRY.items() if not one.structural and not one.legacy} - {
        "voicemail"
    }
    assert wanted <= shown
    assert {"voicemail_action", "voicemail_message"} <= shown


def test_nothing_filled_in_sets_nothing() -> None:
    form = CallSettingsForm(posted())
    assert form.is_valid()
    assert form.values() == {}


def test_a_wrong_value_is_refused_beside_its_field_with_the_remedy() -> None:
    errors = errors_of({"max_duration": "long", "voice": "June"})
    assert errors == {
        "max_duration": [
            "max_duration 'long' is not valid: give a whole number of minutes from 1 to 720."
        ]
    }


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (
            {"dispositions": "Interested, but later\r\n\r\nNot now"},
            {"dispositions": ["Interested, but later", "Not now"]},
        ),
        ({"keywords": "boiler:2\nGas"}, {"keywords": ["boiler:2", "Gas"]}),
        (
            {"transfer_list-0-name": "Sales", "transfer_list-0-value": "+1 202 555 0100"},
            {"transfer_list": {"Sales": "+12025550100"}},
        ),
        (
            {"analysis_schema-4-name": "wants_visit", "analysis_schema-4-value": "boolean"},
            {"analysis_schema": {"wants_visit": "boolean"}},
        ),
        (
            {
                "guard_rails-0-type": "custom",
                "guard_rails-0-prompt": "Swearing",
                "guard_rails-0-actions": '[{"type": "end_call"}]',
                "guard_rails-0-config__end_seconds": "5",
            },
            {
                "guard_rails": [
                    {
                        "type": "custom",
                        "prompt": "Swearing",
                        "actions": [{"type": "end_call"}],
                        "config": {"end_seconds": 5},
                    }
                ]
            },
        ),
        ({"webhook_events": ["queue", "tool"]}, {"webhook_events": ["queue", "tool"]}),
        (
            {"tools_known": ["TL-1"], "tools_other": "KB-9\nTL-1"},
            {"tools": ["TL-1", "KB-9"]},
        ),
        ({"retry-0-wait": "60"}, {"retry": {"wait": 60}}),
        (
            {
                "voicemail_action": "leave_message_and_sms",
                "voicemail_message": "Call us.",
                "voicemail_more-0-sms__message": "We called.",
            },
            {
                "voicemail": {
                    "action": "leave_message_and_sms",
                    "message": "Call us.",
                    "sms": {"message": "We called."},
                }
            },
        ),
    ],
    ids=lambda value: next(iter(value)).partition("-")[0],
)
def test_lists_and_objects_are_filled_in_without_json(
    given: dict[str, Any], stored: dict[str, Any]
) -> None:
    form = CallSettingsForm(posted(**given), known={"tools": [("TL-1", "Calendar")]})
    assert form.is_valid(), form.errors
    assert form.values() == stored


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"transfer_list-0-name": "Sales"}, "“Sales” has no phone number."),
        ({"transfer_list-3-value": "+12025550100"}, "“+12025550100” has no name."),
        (
            {
                "transfer_list-0-name": "Sales",
                "transfer_list-0-value": "+12025550100",
                "transfer_list-1-name": "Sales ",
                "transfer_list-1-value": "+12025550101",
            },
            "“Sales” is listed twice. Use each name once.",
        ),
        (
            {"transfer_list-0-name": "Sales", "transfer_list-0-value": "soon"},
            "write the number with plus and country code",
        ),
    ],
)
def test_what_is_wrong_in_a_row_is_said_and_the_row_is_kept(
    given: dict[str, str], message: str
) -> None:
    form = CallSettingsForm(posted(**given))
    assert not form.is_valid()
    assert message in form.errors["transfer_list"][0]
    again = sent(str(form["transfer_list"]))
    kept = {value for values in again.values() for value in values if value}
    assert {text.strip() for text in given.values()} <= {text.strip() for text in kept}


def test_locked_rows_are_shown_disabled_and_are_not_taken_from_a_program() -> None:
    stored = {"transfer_list": {"Sales": "+12025550100"}, "dispositions": ["Yes"]}
    sent_by_program = {"transfer_list-0-name": "Mine", "transfer_list-0-value": "+12025550199"}
    form = CallSettingsForm(posted(**sent_by_program), initial=stored, user=AnonymousUser())
    assert not form.is_valid()
    assert "You may not set transfer_list" in form.errors["transfer_list"][0]
    untouched = CallSettingsForm(initial=stored, user=AnonymousUser())
    assert sent(str(untouched["transfer_list"])) == {}
    form = CallSettingsForm(submitted(untouched), initial=stored, user=AnonymousUser())
    assert form.is_valid(), form.errors
    assert form.values() == stored


def test_a_voicemail_message_alone_means_that_it_is_left() -> None:
    form = CallSettingsForm(posted(voicemail_message="Please call back."))
    assert form.is_valid()
    assert form.values() == {
        "voicemail": {"action": "leave_message", "message": "Please call back."}
    }


def test_an_action_that_needs_a_message_says_so() -> None:
    errors = errors_of({"voicemail_action": "leave_message"})
    assert "write what to say" in errors["voicemail_message"][0]


def test_broken_json_in_a_row_is_refused_and_not_dropped() -> None:
    given = {"guard_rails-0-type": "custom", "guard_rails-0-actions": "[{end"}
    assert "guard_rails" in errors_of(given)


def test_a_secret_is_never_shown_and_stays_when_its_field_is_left_blank() -> None:
    stored = normalize_shared(
        {"dynamic_data": [{"url": "https://example.com/x?key=hush", "method": "GET"}]}
    ).values
    form = CallSettingsForm(posted(), initial=stored)
    assert form.is_valid()
    assert form.values() == stored
    assert "hush" not in str(CallSettingsForm(initial=stored))


def test_a_secret_is_removed_on_demand() -> None:
    stored = normalize_shared(
        {"dynamic_data": [{"url": "https://example.com/x", "method": "GET"}]}
    ).values
    form = CallSettingsForm(posted(dynamic_data_remove="on"), initial=stored)
    assert form.is_valid()
    assert form.values() == {}


def test_what_has_no_field_here_is_kept() -> None:
    form = CallSettingsForm(posted(), initial={"tools": ["TL-1"]}, leave_out={"tools"})
    assert form.is_valid()
    assert form.values() == {"tools": ["TL-1"]}
