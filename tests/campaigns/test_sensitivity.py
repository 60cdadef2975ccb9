"""Call settings that could take over a call: their classes, and who may set them."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms

from campaigns import call_settings
from campaigns.call_settings.sensitivity import SENSITIVITY, Sensitivity, classes_changed
from campaigns.setting_permissions import PERMISSIONS, refused_changes, refused_name
from campaigns.settings_form import CallSettingsForm

CONVERSATION, DATA, COST = Sensitivity.CONVERSATION, Sensitivity.DATA, Sensitivity.COST


class Somebody:
    """A user with the permissions for some classes."""

    def __init__(self, *classes: Sensitivity) -> None:
        self.held = {PERMISSIONS[one] for one in classes}

    def has_perm(self, name: str) -> bool:
        return name in self.held


def somebody(*classes: Sensitivity) -> Any:
    return Somebody(*classes)


def refused(user: Any, after: dict[str, Any], *origins: dict[str, Any]) -> list[str]:
    return [one.name for one in refused_changes(user, after, *origins)]


def test_somebody_decided_about_the_class_of_every_setting() -> None:
    assert set(SENSITIVITY) == set(call_settings.REGISTRY)


def test_every_setting_with_a_phone_number_or_an_address_is_of_a_class() -> None:
    """A new setting of a kind that costs or sends something must not be harmless."""
    for name, one in call_settings.REGISTRY.items():
        text = str(one.schema)
        if name == "phone_number":
            continue
        if "'phone'" in text:
            assert COST in one.sensitivity, name
        if "'uri'" in text:
            assert DATA in one.sensitivity, name
        if one.rendered:
            assert CONVERSATION in one.sensitivity, name


@pytest.mark.parametrize(
    ("before", "after", "classes"),
    [
        (None, {"action": "hangup"}, {CONVERSATION}),
        ({"message": "a"}, {"message": "b"}, {CONVERSATION}),
        ({"message": "a"}, {"message": "a", "sms": {"to": "+1"}}, {COST, DATA}),
        ({"message": "a", "sms": {"to": "+1"}}, {"message": "a"}, {COST, DATA}),
        (None, {"sms": {"to": "+1"}}, {COST, DATA}),
        ({"message": "a"}, {"message": "a"}, set()),
    ],
)
def test_a_text_message_at_a_voicemail_is_more_than_words(
    before: Any, after: Any, classes: set[Sensitivity]
) -> None:
    assert classes_changed("voicemail", before, after) == classes


@pytest.mark.parametrize(
    "name",
    ["voicemail_message", "voicemail_sms", "available_tags", "local_dialing", "geospatial_dialing"],
)
def test_an_older_name_is_of_the_classes_of_its_setting(name: str) -> None:
    why = refused_name(somebody(), name)
    assert why
    assert (
        set(why.classes) == call_settings.REGISTRY[call_settings.ALIASES[name].target].sensitivity
    )
    assert name in why.message


def test_a_person_needs_a_permission_for_what_they_bring_in_only() -> None:
    campaign = {"task": "Hello.", "max_duration": 5, "voice": "June"}
    operator = somebody()
    assert refused(operator, campaign, campaign) == []
    assert refused(operator, {**campaign, "voice": "Maya", "timezone": "UTC"}, campaign) == []
    assert refused(operator, {**campaign, "task": "Pay me."}, campaign) == ["task"]
    assert refused(operator, {**campaign, "webhook": "https://x.org"}, campaign) == ["webhook"]
    # A limit that is removed is set to whatever the provider does without it.
    assert refused(operator, {"task": "Hello."}, campaign) == ["max_duration"]
    # What was in the draft stays, though the campaign is another one.
    assert refused(operator, {"task": "Hello."}, {"task": "Hello."}, campaign) == []
    assert refused(None, {"task": "Pay me."}, {}) == []


@pytest.mark.parametrize("held", list(Sensitivity))
def test_each_class_is_a_permission_of_its_own(held: Sensitivity) -> None:
    settings = {"task": "Hi.", "webhook": "https://x.org", "max_duration": 5}
    allowed = {CONVERSATION: "task", DATA: "webhook", COST: "max_duration"}[held]
    assert set(refused(somebody(held), settings, {})) == set(settings) - {allowed}


def test_a_refusal_says_what_the_setting_decides_and_what_to_do() -> None:
    why = refused_name(somebody(COST), "dynamic_data")
    assert why
    assert why.message == (
        "You may not set dynamic_data, which decides what is said and where data goes. Leave it "
        "out or as it is, or ask an administrator for the permission “Can set what is said in "
        "calls” and “Can set where call data goes”."
    )
    assert "Map it to request data" in why.of_column("x")


def test_a_form_keeps_locked_fields_and_refuses_other_values_for_them() -> None:
    stored = {"max_duration": 5, "webhook": "https://a.example.com/", "voice": "June"}
    form = CallSettingsForm({"setting-voice": "Maya"}, initial=stored, user=somebody())
    assert form.is_valid()
    assert form.values() == {**stored, "voice": "Maya"}
    assert form.fields["webhook"].disabled
    assert "Can set where call data goes" in str(form.fields["webhook"].help_text)

    sent = {"setting-webhook": "https://evil.example/", "setting-voice": "Maya"}
    form = CallSettingsForm(sent, initial=stored, user=somebody(COST))
    assert not form.is_valid()
    assert list(form.errors) == ["webhook"]
    assert "You may not set webhook" in str(form.errors["webhook"])
    assert isinstance(form.fields["max_duration"], forms.Field)
    assert not form.fields["max_duration"].disabled


@pytest.mark.parametrize(
    ("held", "locked"),
    [
        ((), {"voicemail_action", "voicemail_message", "voicemail_more"}),
        ((CONVERSATION,), {"voicemail_more"}),
        ((CONVERSATION, COST, DATA), set()),
    ],
)
def test_who_may_set_what_is_said_may_write_a_voicemail_but_no_text_message(
    held: tuple[Sensitivity, ...], locked: set[str]
) -> None:
    form = CallSettingsForm(user=somebody(*held))
    names = {name for name, field in form.fields.items() if field.disabled}
    assert {name for name in names if name.startswith("voicemail")} == locked
