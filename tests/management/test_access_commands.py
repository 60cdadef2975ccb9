"""API keys and sign-in from the command line."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from batchcalls.access import api_keys, two_step
from batchcalls.models import ApiKey, SignIn, sign_in_of
from campaigns.models import Campaign
from tests.access.signing_in import person, sign_in, with_app

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def ann() -> User:
    return person()


def run(*arguments: Any) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


@pytest.mark.usefixtures("ann")
class TestApiKeys:
    def test_a_key_is_printed_once_and_alone(self) -> None:
        secret = run("apikey", "create", "CRM", "--owner", "ann", "--scope", "batches:read")
        key = api_keys.find(secret)
        assert key is not None
        assert (key.owner.username, key.name, key.scopes) == ("ann", "CRM", ["batches:read"])
        assert key.expires_at is not None
        listed = run("apikey", "list")
        assert key.prefix in listed
        assert secret not in listed

    def test_a_key_can_have_all_scopes_and_no_end(self) -> None:
        command = ["apikey", "create", "x", "--owner", "ann", "--scope", "all", "--days", 0]
        key = api_keys.find(run(*command))
        assert key is not None
        assert key.expires_at is None
        assert len(key.scopes) > 10

    def test_keys_are_revoked_one_by_one_or_all(self) -> None:
        create = ["apikey", "create", "x", "--owner", "ann", "--scope", "batches:read"]
        secrets = [run(*create) for _ in range(3)]
        key = ApiKey.objects.order_by("pk").first()
        assert key is not None
        assert "Revoked x" in run("apikey", "revoke", key.pk)
        with pytest.raises(CommandError, match="was revoked before"):
            run("apikey", "revoke", key.pk)
        assert run("apikey", "revoke", "--owner", "ann") == "Revoked 2 keys of ann."
        assert not any(map(api_keys.find, secrets))

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            (["create", "x", "--owner", "bob", "--scope", "all"], "There is no user “bob”"),
            (["create", "x", "--owner", "ann", "--scope", "nope"], "invalid choice"),
            (["create", "x", "--owner", "ann", "--scope", "all", "--days", "-1"], "0 or more"),
            (["revoke", "77"], "There is no key 77"),
        ],
    )
    def test_mistakes_are_named(self, arguments: list[str], text: str) -> None:
        with pytest.raises(CommandError, match=text):
            run("apikey", *arguments)
        assert not ApiKey.objects.exists()


class TestSignIn:
    def test_locks_are_listed_and_lifted(self, ann: User) -> None:
        for _ in range(5):
            sign_in(Client(), password="wrong", address="2001:db8::1")
        with_app(ann)
        SignIn.objects.update(failures=12, locked_until=datetime(2999, 1, 1, tzinfo=UTC))
        listed = run("signin", "list")
        assert "ann from 2001:db8::/64: 5 failures, until" in listed
        assert "ann: 12 wrong codes, until 2999-01-01" in listed
        assert run("signin", "unlock", "--address", "2001:db8::1") == "Unlocked."
        assert not AccessAttempt.objects.exists()
        assert run("signin", "unlock", "ann") == "Unlocked."
        assert not run("signin", "list")
        for arguments, text in [
            (["ann"], "Nothing is locked"),
            ([], "Enter a username"),
            (["--address", "here"], "not an IP address"),
        ]:
            with pytest.raises(CommandError, match=text):
                run("signin", "unlock", *arguments)

    def test_two_step_sign_in_is_reset(self, ann: User) -> None:
        with_app(ann)
        assert run("signin", "reset", "ann") == "ann can sign in with the password alone."
        assert not two_step.is_on(User.objects.get())
        with pytest.raises(CommandError, match="off already"):
            run("signin", "reset", "ann")

    def test_a_new_password_is_asked_for_and_keys_are_revoked(self, ann: User) -> None:
        api_keys.create(ann, name="x", scopes=["batches:read"])
        text = run("signin", "renew-password", "ann", "--revoke-keys")
        assert text == "ann chooses a new password at the next sign-in. Revoked 1 API key."
        assert sign_in_of(User.objects.get()).must_change_password
        assert not api_keys.usable_keys_of(ann).exists()

    def test_secrets_whose_key_is_gone_are_named(self, ann: User, settings: Any) -> None:
        with_app(ann)
        assert run("signin", "reencrypt") == "Reencrypted 1 secret."
        settings.SECRET_KEY = "another"
        with pytest.raises(CommandError, match=r"is gone: ann\."):
            run("signin", "reencrypt")

    def test_secret_call_settings_get_the_current_key_too(self, settings: Any) -> None:
        source = {"dynamic_data": [{"url": "https://example.com"}]}
        campaign = Campaign.objects.create(name="C", prompt="Hi.", call_settings=source)
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
        assert run("signin", "reencrypt") == "Reencrypted 1 secret."
        settings.SECRET_KEY_FALLBACKS = []
        campaign.refresh_from_db()
        assert campaign.call_settings == source
        settings.SECRET_KEY = "a third"
        with pytest.raises(CommandError, match=f"is gone: campaign {campaign.pk}\\."):
            run("signin", "reencrypt")
