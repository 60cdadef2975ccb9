"""Keys of programs: shown once, seen by their owner, revoked."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from batchcalls.access import api_keys
from batchcalls.models import ApiKey
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

LIST = reverse("admin:batchcalls_apikey_changelist")
ADD = reverse("admin:batchcalls_apikey_add")


@pytest.fixture
def integrator(client: Client) -> User:
    person = User.objects.create_user("ida", is_staff=True)
    person.groups.add(Group.objects.get(name="Integrators"))
    client.force_login(person)
    return person


def text_of(answer: Any) -> str:
    return html.unescape(markup(answer))


def test_a_new_key_is_shown_once_and_kept_nowhere(client: Client, integrator: User) -> None:
    sent = {"name": "CRM", "scopes": ["batches:read", "calls:read"], "days": "30"}
    answer = client.post(ADD, sent)
    [secret] = re.findall(r'data-copy="(bc_[^"]+)"', text_of(answer))
    assert "no-store" in answer["Cache-Control"]
    key = api_keys.find(secret)
    assert key is not None
    assert (key.owner, key.scopes) == (integrator, ["batches:read", "calls:read"])
    assert key.expires_at is not None
    assert round((key.expires_at - key.created_at).total_seconds() / 86_400) == 30
    for address in (LIST, reverse("admin:batchcalls_apikey_change", args=[key.pk])):
        assert secret not in text_of(client.get(address))
    assert secret not in str(list(ApiKey.objects.values()))
    assert all(secret not in str(one.get_decoded()) for one in Session.objects.all())


def test_a_key_that_opens_nothing_is_not_made(client: Client, integrator: User) -> None:
    shown = text_of(client.post(ADD, {"name": "CRM", "days": "30"}))
    assert "Choose at least one." in shown
    assert 'value="CRM"' in shown
    assert not ApiKey.objects.exists()


def test_everybody_sees_their_own_keys(client: Client, integrator: User) -> None:
    other, _ = api_keys.create(
        User.objects.create_user("bob"), name="Bob’s own", scopes=["batches:read"]
    )
    api_keys.create(integrator, name="Mine", scopes=["batches:read"])
    shown = text_of(client.get(LIST))
    assert "Mine" in shown
    assert "Bob’s own" not in shown
    for page in ("change", "revoke", "history"):
        address = reverse(f"admin:batchcalls_apikey_{page}", args=[other.pk])
        assert "Bob’s own" not in text_of(client.get(address, follow=True))
        client.post(address)
    other.refresh_from_db()
    assert other.revoked_at is None


def test_managers_see_and_revoke_everybody_s(client: Client) -> None:
    manager = User.objects.create_user("max", is_staff=True)
    manager.groups.add(Group.objects.get(name="Managers"))
    client.force_login(manager)
    key, secret = api_keys.create(
        User.objects.create_user("bob"), name="Bob’s own", scopes=["batches:read"]
    )
    assert "bob" in text_of(client.get(LIST))
    address = reverse("admin:batchcalls_apikey_revoke", args=[key.pk])
    assert "This cannot be undone" in text_of(client.get(address))
    assert api_keys.find(secret)
    client.post(address)
    assert api_keys.find(secret) is None
    shown = text_of(client.get(reverse("admin:batchcalls_apikey_change", args=[key.pk])))
    assert "Revoked" in shown
    assert address not in shown


def test_an_empty_list_says_what_it_is_for(client: Client, integrator: User) -> None:
    assert "No API keys yet" in text_of(client.get(LIST))
