"""Nothing that people typed is lost when their session has ended, and they are told why."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from batchcalls.admin import kept_forms
from batchcalls.models import Batch
from campaigns.models import Campaign
from tests.access.signing_in import PASSWORD, code_of, enter_code, person, with_app
from tests.admin.markup import markup

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

ADD = "/batchcalls/batch/add/"
LIST = b"phone_number,name\n+12025550190,Ann\n"
WHY = "You were signed out after 120 minutes without activity."


@pytest.fixture
def ann() -> User:
    user = person()
    user.is_superuser = True
    user.save()
    return user


@pytest.fixture
def form(account: Any) -> dict[str, Any]:
    return {
        "name": "Spring “<b>”",
        "says": "prompt",
        "purpose": "informational",
        "prompt": "Hello {{name}}.",
        "account": account.pk,
        "duplicates": "call_once",
        "next": "1",
        "file": SimpleUploadedFile("customers.csv", LIST, content_type="text/csv"),
    }


def expire(client: Client) -> None:
    session = client.session
    session["seen_at"] = 0
    session["begun_at"] = session["begun_at"]
    session.save()


def hidden_fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input[^>]*type="hidden"[^>]*name="(\w+)"[^>]*value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found}


def sign_in_again(client: Client, page: str) -> Any:
    fields = {"username": "ann", "password": PASSWORD, **hidden_fields(page)}
    return client.post(f"/login/?next={ADD}", fields)


@pytest.mark.parametrize("how", ["idle", "gone"])
def test_a_form_and_its_file_outlive_the_session(
    client: Client, ann: User, form: dict[str, Any], how: str
) -> None:
    client.force_login(ann)
    client.get("/")
    if how == "idle":
        expire(client)
    else:
        Session.objects.all().delete()
    asked = client.post(ADD, form)
    page = markup(asked)
    assert asked.status_code == 401
    assert (WHY in page) == (how == "idle")
    assert "Everything you entered is kept, and so is customers.csv." in page
    assert not Batch.objects.exists()
    # A wrong password loses nothing either.
    wrong = client.post("/login/", {"username": "ann", "password": "no", **hidden_fields(page)})
    page = wrong.content.decode()
    assert "customers.csv" in page
    answer = sign_in_again(client, page)
    page = answer.content.decode()
    assert "You are signed in again" in page
    assert f'action="{ADD}"' in page
    done = client.post(ADD, hidden_fields(page))
    batch = Batch.objects.get()
    assert done["Location"] == reverse("admin:batchcalls_batch_columns", args=[batch.pk])
    assert (batch.name, batch.prompt) == ("Spring “<b>”", "Hello {{name}}.")
    with batch.first_list.file.open() as stored:
        assert stored.read() == LIST


def test_the_second_step_carries_the_form_along(
    client: Client, ann: User, form: dict[str, Any]
) -> None:
    setup, _ = with_app(ann)
    page = client.post(ADD, form).content.decode()
    assert sign_in_again(client, page)["Location"] == "/login/code/"
    assert "You are signed in again" in enter_code(client, code_of(setup)).content.decode()


def test_a_kept_form_is_for_nobody_else(client: Client, ann: User, form: dict[str, Any]) -> None:
    other = User.objects.create_user("bob", is_staff=True, is_superuser=True)
    client.force_login(other)
    client.get("/")
    expire(client)
    page = client.post(ADD, form).content.decode()
    assert sign_in_again(client, page)["Location"] == ADD


def test_a_file_that_is_too_large_is_named(
    client: Client, form: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_forms, "_MOST_CHARACTERS", 500)
    form["file"] = SimpleUploadedFile("big.csv", b"x" * 9_000, content_type="text/csv")
    page = markup(client.post(ADD, form))
    assert "big.csv is too large to be kept: choose it again on the next page." in page


def test_other_long_forms_are_kept_and_short_decisions_are_not(client: Client, ann: User) -> None:
    asked = client.post("/campaigns/campaign/add/", {"name": "Win-back"})
    assert "Everything you entered is kept." in markup(asked)
    page = asked.content.decode()
    assert '<input type="hidden" name="name" value="Win-back">' in (
        sign_in_again(client, page).content.decode()
    )
    client.logout()
    stop = client.post("/emergency/stop/", {"reason": "Fire"})
    assert stop["Location"] == "/login/?next=%2F"
    password = client.post("/auth/user/add/", {"username": "eve", "password1": "secret-word"})
    assert password["Location"] == "/login/?next=%2F"


@pytest.mark.parametrize(
    ("headers", "status", "sentence"),
    [
        ({"Origin": "http://testserver"}, 403, "You signed in again while this page was open"),
        ({"Sec-Fetch-Site": "same-origin"}, 403, "You signed in again while this page was open"),
        ({}, 403, "This form has expired"),
        ({"Origin": "https://evil.example"}, 403, "This form has expired"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "This form has expired"),
    ],
)
def test_a_form_with_an_old_token_is_kept_only_if_it_came_from_a_page_of_ours(
    ann: User, headers: dict[str, str], status: int, sentence: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)
    headers |= {"Accept": "text/html"}
    answer = client.post("/campaigns/campaign/add/", {"name": "Win-back"}, headers=headers)
    assert answer.status_code == status
    assert f"{sentence}</h1>" in answer.content.decode()
    assert ("Win-back" in answer.content.decode()) == (sentence[0] == "Y")
    assert not Campaign.objects.exists()


def test_a_sign_in_without_cookies_says_what_is_wrong() -> None:
    client = Client(enforce_csrf_checks=True)
    headers = {"Origin": "http://testserver", "Accept": "text/html"}
    answer = client.post("/login/", {"username": "ann", "password": "x"}, headers=headers)
    assert answer.status_code == 403
    assert "your browser blocks cookies" in answer.content.decode()
