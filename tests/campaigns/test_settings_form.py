"""Call settings as a form: one field for each, what is stored comes back as it is."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.call_settings import REGISTRY, normalize_shared
from campaigns.settings_form import CallSettingsForm
from tests.campaigns.test_call_settings import SAMPLES

STORABLE = [
    (name, value)
    for name, (good, _) in SAMPLES.items()
    for raw, _ in good
    if not REGISTRY[name].structural and not (found := normalize_shared({name: raw})).problems
    for value in [found.values.get(name)]
    if name in found.values
]


def submitted(form: CallSettingsForm) -> dict[str, Any]:
    """Return what a browser sends when nothing is changed."""
    return {
        f"setting-{name}": field.initial
        for name, field in form.fields.items()
        if field.initial not in (None, "")
    }


def errors_of(given: dict[str, str], **stored: Any) -> dict[str, list[str]]:
    form = CallSettingsForm({f"setting-{name}": value for name, value in given.items()}, **stored)
    assert not form.is_valid()
    return dict(form.errors)


@pytest.mark.parametrize(("name", "value"), STORABLE)
def test_saving_unchanged_stores_the_same(name: str, value: Any) -> None:
    stored = normalize_shared({name: value}).values
    form = CallSettingsForm(submitted(CallSettingsForm(initial=stored)), initial=stored)
    assert form.is_valid(), form.errors
    assert form.values() == stored


def test_every_setting_that_is_documented_and_shared_has_a_field() -> None:
    form = CallSettingsForm()
    shown = {field.name for section in form.sections() for field in section.fields}
    wanted = {name for name, one in REGISTRY.items() if not one.structural and not one.legacy} - {
        "voicemail"
    }
    assert wanted <= shown
    assert {"voicemail_action", "voicemail_message"} <= shown


def test_nothing_filled_in_sets_nothing() -> None:
    form = CallSettingsForm({})
    assert form.is_valid()
    assert form.values() == {}


def test_a_wrong_value_is_refused_beside_its_field_with_the_remedy() -> None:
    errors = errors_of({"max_duration": "long", "voice": "June"})
    assert errors == {
        "max_duration": [
            "max_duration 'long' is not valid: give a whole number of minutes from 1 to 720."
        ]
    }


def test_a_list_is_written_with_commas() -> None:
    form = CallSettingsForm({"setting-dispositions": "Interested, Not now"})
    assert form.is_valid()
    assert form.values() == {"dispositions": ["Interested", "Not now"]}


def test_a_voicemail_message_alone_means_that_it_is_left() -> None:
    form = CallSettingsForm({"setting-voicemail_message": "Please call back."})
    assert form.is_valid()
    assert form.values() == {
        "voicemail": {"action": "leave_message", "message": "Please call back."}
    }


def test_an_action_that_needs_a_message_says_so() -> None:
    errors = errors_of({"voicemail_action": "leave_message"})
    assert "write what to say" in errors["voicemail_message"][0]


def test_broken_json_of_a_voicemail_is_refused_and_not_dropped() -> None:
    assert "voicemail_message" in errors_of({"voicemail_more": "{sms"})


def test_a_secret_is_never_shown_and_stays_when_its_field_is_left_blank() -> None:
    stored = normalize_shared(
        {"dynamic_data": [{"url": "https://example.com/x?key=hush", "method": "GET"}]}
    ).values
    form = CallSettingsForm({}, initial=stored)
    assert form.is_valid()
    assert form.values() == stored
    assert "hush" not in str(CallSettingsForm(initial=stored))


def test_a_secret_is_removed_on_demand() -> None:
    stored = normalize_shared(
        {"dynamic_data": [{"url": "https://example.com/x", "method": "GET"}]}
    ).values
    form = CallSettingsForm({"setting-dynamic_data_remove": "on"}, initial=stored)
    assert form.is_valid()
    assert form.values() == {}


def test_what_has_no_field_here_is_kept() -> None:
    form = CallSettingsForm({}, initial={"tools": ["TL-1"]}, leave_out={"tools"})
    assert form.is_valid()
    assert form.values() == {"tools": ["TL-1"]}
