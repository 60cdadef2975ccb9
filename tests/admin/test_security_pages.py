"""One's own security page, and the pages of administrators about signing in."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from batchcalls.access import api_keys, two_step
from batchcalls.models import AuditEntry, SignIn, sign_in_of
from tests.access.signing_in import (
    PASSWORD,
    code_of,
    enter_code,
    is_signed_in,
    person,
    sign_in,
    with_app,
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

SET_UP, OFF, CODES = (reverse(f"admin:security_{name}") for name in ("set_up", "off", "codes"))
CHANGE = reverse("admin:password_change")
SIGN_INS = reverse("admin:sign_ins")
NEW = {"new_password1": "something-new-42", "new_password2": "something-new-42"}


@pytest.fixture
def ann() -> User:
    return person()


@pytest.fixture
def root(client: Client) -> User:
    user = person("root", is_superuser=True)
    sign_in(client, "root")
    return user


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def post(client: Client, page: str, **form: str) -> Any:
    return client.post(page, form, REMOTE_ADDR="203.0.113.1")


class TestTwoStepPages:
    def test_setting_up_shows_a_code_that_apps_read_and_the_codes_once(
        self, client: Client, ann: User
    ) -> None:
        sign_in(client)
        page = client.get(SET_UP)
        assert "no-store" in page["Cache-Control"]
        shown = text_of(page)
        assert "<svg" in shown
        assert "style=" not in shown[shown.index("<svg") : shown.index("</svg>")]
        setup = two_step.Setup.sealed(client.session["two_step_setup"])
        assert setup.text in shown
        assert setup.text not in str(client.session.items())
        assert client.get(SET_UP).context["secret"] == setup.text  # Also after a mistake.
        answer = post(client, SET_UP, new_code="000000", password=PASSWORD)
        assert "This code is incorrect" in text_of(answer)
        answer = post(client, SET_UP, new_code=code_of(setup), password="wrong")
        assert "not your current password" in text_of(answer)
        assert not two_step.is_on(User.objects.get())
        answer = post(client, SET_UP, new_code=code_of(setup), password=PASSWORD)
        codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", text_of(answer))
        assert len(codes) == 10
        assert two_step.check(ann, codes[0]) is two_step.Verdict.RECOVERED
        assert "9 of 10" in text_of(client.get(reverse("admin:security")))

    def test_the_url_of_the_code_names_site_and_person(self) -> None:
        setup = two_step.Setup(b"12345678901234567890")
        assert setup.url_for(User(username="ann@example.com")) == (
            "otpauth://totp/Batch%20Calls%3Aann%40example.com"
            "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Batch%20Calls"
        )

    @pytest.mark.parametrize("page", [OFF, CODES, SET_UP])
    def test_a_stolen_session_changes_nothing(self, client: Client, ann: User, page: str) -> None:
        setup, codes = with_app(ann)
        sign_in(client)
        enter_code(client, codes[0])
        client.get(page)
        new = two_step.Setup.sealed(client.session["two_step_setup"]) if page == SET_UP else setup
        before = SignIn.objects.values("totp_secret").get()
        for form in (
            {"password": PASSWORD},
            {"password": "wrong", "code": code_of(setup)},
            {"password": PASSWORD, "code": "000000"},
        ):
            assert post(client, page, new_code=code_of(new), **form).status_code == 200
        assert SignIn.objects.values("totp_secret").get() == before
        assert two_step.check(ann, codes[1]) is two_step.Verdict.RECOVERED

    def test_a_mistake_with_the_new_app_uses_up_no_code_of_the_current_one(
        self, client: Client, ann: User
    ) -> None:
        _, codes = with_app(ann)
        sign_in(client)
        enter_code(client, codes[0])
        client.get(SET_UP)
        post(client, SET_UP, new_code="000000", password=PASSWORD, code=codes[1])
        post(client, SET_UP, new_code="12", password="wrong", code=codes[1])
        assert two_step.check(ann, codes[1]) is two_step.Verdict.RECOVERED

    def test_the_app_is_replaced_codes_renewed_and_all_turned_off(
        self, client: Client, ann: User
    ) -> None:
        setup, codes = with_app(ann)
        sign_in(client)
        enter_code(client, code_of(setup))
        client.get(SET_UP)
        new = two_step.Setup.sealed(client.session["two_step_setup"])
        answer = post(client, SET_UP, new_code=code_of(new), password=PASSWORD, code=codes[0])
        [code, other, *_] = re.findall(r"<code>([A-Z2-7-]{19})</code>", text_of(answer))
        answer = post(client, CODES, password=PASSWORD, code=code)
        codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", text_of(answer))
        assert two_step.check(ann, other) is two_step.Verdict.WRONG
        post(client, OFF, password=PASSWORD, code=codes[0])
        entries = AuditEntry.objects.filter(actor_name="ann").order_by("pk")
        assert list(entries.values_list("action", "note", "address")) == [
            ("switched_on", "Two-step sign-in", "203.0.113.1"),
            ("secret_rotated", "Recovery codes", "203.0.113.1"),
            ("switched_off", "Two-step sign-in", "203.0.113.1"),
        ]
        assert not two_step.is_on(User.objects.get())
        assert is_signed_in(client)


class TestPasswords:
    def test_keys_are_revoked_only_if_asked_for(self, client: Client, ann: User) -> None:
        sign_in(client)
        _, secret = api_keys.create(ann, name="x", scopes=["batches:read"])
        assert "Revoke my API keys" in text_of(client.get(CHANGE))
        post(client, CHANGE, old_password=PASSWORD, **NEW)
        assert api_keys.find(secret)
        again = {"new_password1": "another-one-43", "new_password2": "another-one-43"}
        form = {"old_password": NEW["new_password1"], "revoke_keys": "on", **again}
        answer = client.post(CHANGE, form, REMOTE_ADDR="203.0.113.1", follow=True)
        assert "1 API key was revoked." in text_of(answer)
        assert api_keys.find(secret) is None

    def test_other_sessions_end(self, client: Client, ann: User) -> None:
        other = Client()
        sign_in(client)
        sign_in(other)
        post(client, CHANGE, old_password=PASSWORD, **NEW)
        assert is_signed_in(client)
        assert not is_signed_in(other)

    def test_a_password_that_an_administrator_sets_is_for_one_sign_in(
        self, client: Client, root: User
    ) -> None:
        new = {"password1": NEW["new_password1"], "password2": NEW["new_password1"]}
        add = reverse("admin:auth_user_add")
        client.post(add, {"username": "bob", "usable_password": "true", **new})
        bob = User.objects.get(username="bob")
        assert sign_in_of(bob).must_change_password
        SignIn.objects.update(must_change_password=False)
        _, secret = api_keys.create(bob, name="x", scopes=["batches:read"])
        page = reverse("admin:auth_user_password_change", args=[bob.pk])
        assert "Ask for a new password at the next sign-in" in text_of(client.get(page))
        form = {**new, "usable_password": "true", "set-password": "1"}
        client.post(page, {**form, "must_change": "on", "revoke_keys": "on"})
        assert sign_in_of(User.objects.get(pk=bob.pk)).must_change_password
        assert api_keys.find(secret) is None
        client.post(page, form)
        assert not sign_in_of(User.objects.get(pk=bob.pk)).must_change_password

    def test_one_s_own_password_is_changed_only_with_the_current_one(
        self, client: Client, root: User
    ) -> None:
        page = reverse("admin:auth_user_password_change", args=[root.pk])
        assert client.get(page)["Location"] == CHANGE


class TestAdministrators:
    def test_locks_and_failures_are_listed_and_lifted(
        self, client: Client, root: User, ann: User
    ) -> None:
        for _ in range(5):
            sign_in(Client(), password="wrong", address="198.51.100.9")
        with_app(ann)
        for _ in range(two_step.FREE_FAILURES):
            two_step.check(ann, "000000")
        page = text_of(client.get(SIGN_INS))
        assert page.count('<button type="submit" class="button small">Unlock</button>') == 2
        assert page.count("198.51.100.9") == 1 + 1 + 5  # The lock, its button, and the failures.
        answer = client.post(SIGN_INS, {"username": "ann", "address": "198.51.100.9"}, follow=True)
        assert "Unlocked: ann from 198.51.100.9." in text_of(answer)
        client.post(SIGN_INS, {"username": "ann"})
        assert "No one is locked out." in text_of(client.get(SIGN_INS))
        assert sign_in(Client(), address="198.51.100.9").status_code == 302
        again = client.post(SIGN_INS, {"username": "ann"}, follow=True)
        assert "This lock has already ended." in text_of(again)
        notes = LogEntry.objects.filter(object_id=str(ann.pk)).values_list("change_message")
        assert list(notes) == [("Unlocked sign-in.",)] * 2
        entries = AuditEntry.objects.filter(actor_name="root").order_by("pk")
        assert [(entry.object_name, entry.note) for entry in entries] == [
            ("ann", "Unlocked: one address"),
            ("ann", "Unlocked codes"),
        ]

    def test_nothing_is_unlocked_without_a_name_or_an_address(
        self, client: Client, root: User, ann: User
    ) -> None:
        for _ in range(5):
            sign_in(Client(), password="wrong", address="198.51.100.9")
        client.post(SIGN_INS, {})
        assert "198.51.100.9" in text_of(client.get(SIGN_INS))
        assert sign_in(Client(), address="198.51.100.9").status_code == 429

    def test_somebody_who_lost_everything_is_reset(
        self, client: Client, root: User, ann: User
    ) -> None:
        with_app(ann)
        change = reverse("admin:auth_user_change", args=[ann.pk])
        reset = reverse("admin:two_step_reset", args=[ann.pk])
        assert reset in text_of(client.get(change))
        client.get(reset)
        assert two_step.is_on(User.objects.get(pk=ann.pk))
        client.post(reset)
        assert not two_step.is_on(User.objects.get(pk=ann.pk))
        assert reset not in text_of(client.get(change))

    def test_a_stolen_session_of_an_administrator_does_not_reset_its_own_app(
        self, client: Client, root: User
    ) -> None:
        _, codes = with_app(root)
        sign_in(client, "root")
        enter_code(client, codes[0])
        answer = client.post(reverse("admin:two_step_reset", args=[root.pk]))
        assert answer["Location"] == OFF
        assert two_step.is_on(User.objects.get(pk=root.pk))

    def test_only_an_administrator_resets_an_administrator(
        self, client: Client, root: User, ann: User
    ) -> None:
        with_app(root)
        ann.user_permissions.add(Permission.objects.get(codename="change_user"))
        other = Client()
        sign_in(other)
        assert other.post(reverse("admin:two_step_reset", args=[root.pk])).status_code == 403
        assert two_step.is_on(User.objects.get(pk=root.pk))
