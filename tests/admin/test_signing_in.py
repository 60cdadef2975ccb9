"""Signing in: locks, the second step, and what a session must do first."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from batchcalls.access import sessions, throttling, two_step
from batchcalls.models import SignIn
from tests.access.signing_in import (
    PASSWORD,
    code_of,
    enter_code,
    is_signed_in,
    person,
    sign_in,
    with_app,
)

pytestmark = pytest.mark.django_db
ONE_DATABASE = pytest.mark.one_database


@pytest.fixture
def ann() -> User:
    return person()


# Locks -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ann")
class TestLocks:
    def test_the_right_password_is_refused_too_while_a_lock_lasts(self, client: Client) -> None:
        for _ in range(5):
            answer = sign_in(client, password="wrong")
        assert answer.status_code == 429
        assert answer["Retry-After"] == "900"
        assert "Too many failed attempts. Try again in 15 minutes" in answer.content.decode()
        assert sign_in(client).status_code == 429
        assert not is_signed_in(client)
        with time_machine.travel(1_000 + time.time()):
            assert sign_in(client).status_code == 302

    def test_strangers_cannot_lock_somebody_out_at_another_address(self, client: Client) -> None:
        for _ in range(5):
            sign_in(client, password="wrong", address="198.51.100.1")
        assert sign_in(client, address="203.0.113.1").status_code == 302

    def test_many_addresses_lock_the_name_but_not_its_owner_s_browser(self, settings: Any) -> None:
        settings.SIGN_IN_FAILURES_PER_ACCOUNT = 8
        known = Client()
        sign_in(known)
        known.post(reverse("admin:logout"))
        for number in range(8):
            sign_in(Client(), password="wrong", address=f"198.51.100.{number}")
        assert sign_in(Client()).status_code == 429
        assert sign_in(known).status_code == 302

    def test_a_known_browser_of_one_person_helps_with_no_other_name(self, settings: Any) -> None:
        settings.SIGN_IN_FAILURES_PER_ACCOUNT = 2
        person("eve")
        eve = Client()
        sign_in(eve, "eve")
        for number in range(2):
            sign_in(Client(), password="wrong", address=f"198.51.100.{number}")
        assert sign_in(eve).status_code == 429

    def test_many_names_lock_the_address_and_a_success_forgives_only_its_own_name(
        self, client: Client, settings: Any
    ) -> None:
        settings.SIGN_IN_FAILURES_PER_ADDRESS = 6
        person("eve")
        for number in range(5):
            sign_in(client, f"guess-{number}", "wrong")
        assert sign_in(Client(), "eve").status_code == 302
        sign_in(client, "guess-5", "wrong")
        assert sign_in(Client(), "eve").status_code == 429

    def test_addresses_of_one_ipv6_network_count_as_one(self, client: Client) -> None:
        for number in range(5):
            sign_in(client, password="wrong", address=f"2001:db8:1:2::{number}")
        assert sign_in(client, address="2001:db8:1:2:ffff::1").status_code == 429
        assert sign_in(client, address="2001:db8:1:3::1").status_code == 302
        [lock] = throttling.locks()
        assert lock.shown_address == "2001:db8:1:2::/64"

    def test_a_forged_header_gains_no_further_guesses(self, client: Client) -> None:
        for number in range(5):
            client.post(
                reverse("admin:login"),
                {"username": "ann", "password": "wrong"},
                REMOTE_ADDR="203.0.113.1",
                headers={"X-Forwarded-For": f"198.51.100.{number}"},
            )
        assert sign_in(client).status_code == 429

    def test_of_guesses_at_the_same_instant_none_is_right_beyond_the_limit(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # While this password is being checked, five others were checked and were wrong.
        check = User.check_password

        def slow_check(user: User, raw: str) -> bool:
            monkeypatch.setattr(User, "check_password", check)
            for _ in range(5):
                sign_in(Client(), password="wrong")
            return check(user, raw)

        monkeypatch.setattr(User, "check_password", slow_check)
        assert sign_in(client).status_code == 429
        assert not is_signed_in(client)

    def test_nothing_tells_whether_a_name_exists(self, client: Client) -> None:
        person("off", is_active=False)
        person("customer", is_staff=False)
        pages = set()
        for name in ("ann", "nobody", "off", "customer"):
            answers = [sign_in(Client(), name, "wrong", f"198.51.100.{len(name)}") for _ in "12345"]
            texts = [answer.context["form"].non_field_errors()[0] for answer in answers]
            pages.add((*texts, *(answer.status_code for answer in answers)))
        assert len(pages) == 1

    def test_the_other_passwords_of_a_session_are_throttled_too(self, client: Client) -> None:
        sign_in(client)
        address = reverse("admin:password_change")
        new = {"new_password1": "something-new-42", "new_password2": "something-new-42"}
        for _ in range(5):
            answer = client.post(
                address, {"old_password": "guess", **new}, REMOTE_ADDR="203.0.113.1"
            )
        assert answer.status_code == 429
        answer = client.post(address, {"old_password": PASSWORD, **new}, REMOTE_ADDR="203.0.113.1")
        assert "Too many failed attempts" in answer.content.decode()

    @pytest.mark.parametrize("name", ["9" * 5_000, "a\0b", "\u202eabc", "\x1b[31m"])
    def test_no_name_fails_the_page(self, client: Client, name: str) -> None:
        answer = sign_in(client, name, "wrong", next=name)
        assert answer.status_code == 200
        assert not is_signed_in(client)

    def test_what_people_typed_is_not_stored(self, client: Client) -> None:
        sign_in(client, password="my-other-secret")
        stored = str(list(AccessAttempt.objects.values()))
        assert "my-other-secret" not in stored


@ONE_DATABASE
def test_the_address_after_signing_in_is_one_of_this_site(client: Client) -> None:
    person()
    for foreign in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"):
        assert sign_in(client, next=foreign)["Location"] == "/"
        client.post(reverse("admin:logout"))
    assert sign_in(client, next="a word")["Location"] == "a%20word"


# The second step ---------------------------------------------------------------------------------


@ONE_DATABASE
class TestSecondStep:
    def test_the_password_alone_opens_nothing(self, client: Client, ann: User) -> None:
        setup, _ = with_app(ann)
        answer = sign_in(client, next="/batchcalls/batch/")
        assert answer["Location"] == reverse("admin:login_code")
        assert not is_signed_in(client)
        answer = enter_code(client, code_of(setup))
        assert answer["Location"] == "/batchcalls/batch/"
        assert is_signed_in(client)

    def test_each_step_gets_a_new_session_key(self, client: Client, ann: User) -> None:
        setup, _ = with_app(ann)
        client.get(reverse("admin:login"))
        planted = client.session
        planted["planted"] = True
        planted.save()
        client.cookies["sessionid"] = planted.session_key
        keys = [client.session.session_key]
        sign_in(client)
        keys.append(client.session.session_key)
        enter_code(client, code_of(setup))
        keys.append(client.session.session_key)
        assert len(set(keys)) == 3
        assert "planted" not in client.session
        assert set(Session.objects.values_list("session_key", flat=True)) == {keys[-1]}

    def test_a_code_is_accepted_only_after_the_password(self, client: Client, ann: User) -> None:
        setup, _ = with_app(ann)
        assert enter_code(client, code_of(setup))["Location"] == reverse("admin:login")
        sign_in(client)
        with time_machine.travel(time.time() + 601):
            assert enter_code(client, code_of(setup))["Location"] == reverse("admin:login")

    def test_a_password_changed_meanwhile_ends_the_waiting(self, client: Client, ann: User) -> None:
        setup, _ = with_app(ann)
        sign_in(client)
        ann.set_password("another")
        ann.save()
        assert enter_code(client, code_of(setup))["Location"] == reverse("admin:login")

    def test_wrong_codes_lock_like_wrong_passwords(self, client: Client, ann: User) -> None:
        setup, codes = with_app(ann)
        sign_in(client)
        answers = [enter_code(client, "000000") for _ in range(5)]
        assert "This code is incorrect" in answers[0].content.decode()
        assert answers[-1].status_code == 429
        assert enter_code(client, code_of(setup)).status_code == 429
        assert enter_code(client, codes[0]).status_code == 429
        # The right password in between forgives nothing.
        assert sign_in(client).status_code == 429

    def test_a_recovery_code_signs_in_once(self, ann: User) -> None:
        _, codes = with_app(ann)
        for expected in (True, False):
            client = Client()
            sign_in(client)
            enter_code(client, codes[3])
            assert is_signed_in(client) is expected


# Sessions ----------------------------------------------------------------------------------------


@ONE_DATABASE
class TestSessions:
    @pytest.mark.parametrize(
        ("minutes", "text"),
        [
            ([121], "after 120 minutes without activity"),
            ([100] * 7 + [30], "12 hours after signing in"),
        ],
    )
    def test_a_session_ends(self, client: Client, ann: User, minutes: list[int], text: str) -> None:
        with time_machine.travel("2026-11-27 12:00Z", tick=False) as clock:
            sign_in(client)
            for pause in minutes[:-1]:
                clock.shift(60 * pause)
                assert is_signed_in(client)
            clock.shift(60 * minutes[-1])
            answer = client.get(reverse("admin:security"), follow=True)
            assert answer.redirect_chain[0][0] == "/login/?next=/security/"
            assert text in answer.content.decode()

    def test_a_page_that_refreshes_itself_is_no_activity(self, client: Client, ann: User) -> None:
        with time_machine.travel("2026-11-27 12:00Z", tick=False) as clock:
            sign_in(client)
            for _ in range(13):
                clock.shift(600)
                client.get(reverse("admin:index"), headers={"X-Fragment": "1"})
            assert not is_signed_in(client)

    def test_most_requests_write_nothing(self, client: Client, ann: User) -> None:
        sign_in(client)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("admin:security"))
        asked = [query["sql"] for query in queries]
        assert all(sql.startswith("SELECT") for sql in asked)
        assert sum('FROM "auth_user"' in sql for sql in asked) == 1
        assert not any('FROM "batchcalls_signin"' in sql for sql in asked)

    def test_sessions_of_before_two_step_sign_in_end_when_it_is_turned_on(self, ann: User) -> None:
        old, other = Client(), Client()
        sign_in(old)
        sign_in(other)
        page = reverse("admin:security_set_up")
        old.get(page)
        setup = two_step.Setup.sealed(old.session["two_step_setup"])
        key = old.session.session_key
        form = {"new_code": code_of(setup), "password": PASSWORD}
        answer = old.post(page, form, REMOTE_ADDR="203.0.113.1")
        assert "Save your recovery codes" in answer.content.decode()
        assert is_signed_in(old)
        assert old.session.session_key != key
        assert not is_signed_in(other)

    def test_a_session_without_marks_gets_them(self, client: Client, ann: User) -> None:
        sign_in(client)
        session = client.session
        for mark in (sessions.BEGUN_AT, sessions.SEEN_AT):
            del session[mark]
        session.save()
        assert is_signed_in(client)
        assert sessions.BEGUN_AT in client.session


# What comes first --------------------------------------------------------------------------------


@ONE_DATABASE
def test_whoever_must_choose_a_password_sees_nothing_else(client: Client) -> None:
    ann = person(is_superuser=True)
    SignIn.objects.create(user=ann, must_change_password=True)
    sign_in(client)
    page = reverse("admin:password_change")
    for path in ("/", "/batchcalls/batch/", "/security/", "/batchcalls/apikey/add/"):
        assert client.get(path)["Location"] == page, path
    assert "Choose your own password" in client.get(page).content.decode()
    assert client.get(reverse("admin:emergency_stop")).status_code == 200
    for new, accepted in ((PASSWORD, False), ("chosen-by-myself-42", True)):
        form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        answer = client.post(page, form, REMOTE_ADDR="203.0.113.1")
        assert (answer.status_code == 302) is accepted
    assert answer["Location"] == reverse("admin:index")
    assert client.get("/batchcalls/batch/").status_code == 200


@ONE_DATABASE
def test_whoever_needs_two_step_sign_in_sets_it_up_first(client: Client, settings: Any) -> None:
    settings.TWO_STEP_REQUIRED_FOR = frozenset({"administrators"})
    ann = person(is_superuser=True)
    sign_in(client)
    for path in ("/", "/batchcalls/batch/", "/batchcalls/apikey/add/", "/security/codes/"):
        assert client.get(path)["Location"] == reverse("admin:security_set_up"), path
    page = client.get(reverse("admin:security_set_up"))
    assert "Your role requires two-step sign-in. Set it up to continue." in page.content.decode()
    setup = two_step.Setup.sealed(client.session["two_step_setup"])
    form = {"new_code": code_of(setup), "password": PASSWORD}
    client.post(reverse("admin:security_set_up"), form, REMOTE_ADDR="203.0.113.1")
    assert client.get("/batchcalls/batch/").status_code == 200
    # And keeps it.
    answer = client.get(reverse("admin:security_off"), follow=True)
    assert (
        "Your role requires two-step sign-in. You can use another app." in answer.content.decode()
    )
    assert two_step.is_on(User.objects.get(pk=ann.pk))


@ONE_DATABASE
def test_failures_and_locks_are_logged_with_name_and_address(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    person()
    for _ in range(6):
        sign_in(client, password="wrong")
    lines = [json.dumps(record.msg, default=str) for record in caplog.records]
    for event, count in (("sign_in_failed", 4), ("sign_in_locked", 1), ("sign_in_refused", 1)):
        found = [line for line in lines if event in line]
        assert len(found) == count, event
        assert all('"ann"' in line and "203.0.113.1" in line for line in found)
