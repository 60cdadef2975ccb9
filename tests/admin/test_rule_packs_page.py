"""The page of the rule packs: what they say, a number that is checked, and switches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.batches import rule_switches
from batchcalls.models import Batch, VoiceAccount
from campaigns.models import RulePackSwitch
from campaigns.rules import packs

pytestmark = pytest.mark.django_db

PAGE = "/campaigns/rulepackswitch/"


@pytest.fixture
def person(client: Client) -> User:
    person = User.objects.create_user("ann", is_staff=True)
    names = ["view_rulepackswitch", "switch_rulepackswitch"]
    person.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client.force_login(person)
    return person


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_page_lists_every_entry_with_source_and_state(admin_client: Client) -> None:
    page = text_of(admin_client.get(PAGE))
    for pack in packs.packs().values():
        assert str(pack) in page
        for entry in pack.entries:
            assert entry.id in page
            assert str(entry.as_of) in page
    assert "Not legal advice" in page
    assert "From 2027-01-31" in page or "Information only" in page


def test_a_number_is_checked_with_the_rules_of_its_place(admin_client: Client) -> None:
    asked = {"number": "+13052345678", "purpose": "marketing", "at": "2026-12-06T15:00"}
    page = text_of(admin_client.get(PAGE, asked))
    assert "+13052345678 may be called" in page
    assert "It may be in Florida." in page
    assert "Florida 08:00–20:00, open" in page
    assert "0 of 3 calls in 24 hours" in page
    assert "express written consent" in page


def test_a_number_that_may_not_be_called_shows_the_next_opening(admin_client: Client) -> None:
    asked = {"number": "+12052345678", "purpose": "marketing", "at": "2026-12-25T16:00"}
    page = text_of(admin_client.get(PAGE, asked))
    assert "+12052345678 may not be called" in page
    assert "It is Christmas Day in Alabama" in page
    assert "2026-12-26T14:00" in page


def test_a_bad_number_is_an_error_of_its_field(admin_client: Client) -> None:
    page = text_of(admin_client.get(PAGE, {"number": "12", "purpose": "marketing"}))
    assert 'id="id_number_error"' in page


def test_a_person_with_the_permission_switches_an_entry_off_and_on(
    client: Client, person: User
) -> None:
    address = reverse("admin:campaigns_rulepackswitch_switch_entry", args=["us", "florida"])
    assert "501.616(6)" in text_of(client.get(address))
    assert client.post(address, {"reason": " "}).status_code == 200
    assert client.post(address, {"reason": "We are exempt."}).status_code == 302
    switch = RulePackSwitch.objects.get()
    assert (switch.key, switch.reason, switch.created_by) == (
        "us/florida",
        "We are exempt.",
        person,
    )
    assert "We are exempt." in text_of(client.get(PAGE))
    assert client.post(address).status_code == 302
    switch.refresh_from_db()
    assert switch.ended_by == person
    assert not RulePackSwitch.objects.keys(timezone.now())


def test_nobody_switches_rules_without_the_permission(client: Client, person: User) -> None:
    person.user_permissions.remove(Permission.objects.get(codename="switch_rulepackswitch"))
    address = reverse("admin:campaigns_rulepackswitch_switch_pack", args=["us"])
    assert client.post(address, {"reason": "Mine."}).status_code == 403
    assert "Switch pack off" not in text_of(client.get(PAGE))


@pytest.mark.parametrize("address", ["switch/xx/", "switch/us/nowhere/"])
def test_unknown_rules_are_not_found(admin_client: Client, address: str) -> None:
    assert admin_client.get(PAGE + address).status_code == 404


@pytest.mark.parametrize(
    ("key", "reason", "hours", "message"),
    [
        ("xx", "Why.", 1, "There is no rule pack or entry “xx”."),
        ("us/nowhere", "Why.", 1, "There is no rule pack or entry “us/nowhere”."),
        ("us", " ", 1, "Enter a reason"),
        ("us", "Why.", -1, "Choose an end in the future"),
        ("gb", "Again.", 1, "gb is already switched off."),
    ],
)
def test_a_switch_that_makes_no_sense_is_refused(
    key: str, reason: str, hours: int, message: str
) -> None:
    rule_switches.switch_off("gb", reason="Why.")
    until = timezone.now() + timedelta(hours=hours)
    with pytest.raises(rule_switches.SwitchRefused, match=message):
        rule_switches.switch_off(key, reason=reason, until=until)
    with pytest.raises(rule_switches.SwitchRefused, match="us is not switched off"):
        rule_switches.switch_on("us")


def test_batches_show_their_packs_and_what_is_switched_off(
    admin_client: Client, make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    real = VoiceAccount.objects.create(name="Main line", provider="bland")
    batch = make_batch("+13052345678", account=real, purpose="marketing")
    rule_switches.switch_off("us/florida", reason="We are exempt.")
    overview = text_of(admin_client.get(f"/batchcalls/batch/{batch.pk}/change/"))
    assert "Rules of us/florida are switched off" in overview

    settings_page = f"/batchcalls/batch/{batch.pk}/settings/"
    Batch.objects.update(rule_packs=packs.versions())
    assert "Unchanged since the launch: au" in text_of(admin_client.get(settings_page))
    Batch.objects.update(rule_packs={"us": "2020-01-01"})
    assert "Changed since the launch; the newest rules hold" in text_of(
        admin_client.get(settings_page)
    )
