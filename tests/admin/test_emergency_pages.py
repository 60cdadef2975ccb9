"""The emergency stop as people meet it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from batchcalls.batches import halts, lifecycle
from batchcalls.intake import runner
from batchcalls.models import EmergencyStop

pytestmark = pytest.mark.django_db

STOP, LIFT, WHY = "/emergency/stop/", "/emergency/lift/", "The prompt names the wrong company."
BUTTON = f'href="{STOP}"'


def person(*permissions: str) -> tuple[User, Client]:
    user = User.objects.create_user(f"person{User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return user, client


@pytest.fixture
def manager() -> tuple[User, Client]:
    return person("engage_emergencystop")


@pytest.fixture
def viewer() -> tuple[User, Client]:
    return person("view_batch", "view_emergencystop")


def words(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.content.decode()))


def test_whoever_may_stop_all_calls_has_the_button_on_every_page(manager: Any) -> None:
    _, client = manager
    for path in ("/", "/password_change/"):
        assert BUTTON in client.get(path).content.decode()


def test_others_have_no_button_and_no_door(viewer: Any) -> None:
    _, client = viewer
    halts.engage(None, WHY)
    page = client.get("/").content.decode()
    assert (BUTTON in page, LIFT in page) == (False, False)
    for path in (STOP, LIFT):
        assert client.get(path).status_code == 403
        assert client.post(path, {"reason": "no", "stop": 1}).status_code == 403
    assert EmergencyStop.objects.in_force().get().reason == WHY


def test_people_who_are_not_signed_in_are_sent_to_the_login(client: Client) -> None:
    answer = client.post(STOP, {"reason": WHY})
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]
    assert not EmergencyStop.objects.exists()


def test_the_page_says_how_many_batches_and_calls_it_is_about(
    manager: Any, make_batch: Any
) -> None:
    batch = make_batch("+12025550190")
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    _, client = manager
    page = words(client.get(STOP))
    assert "1 batch keeps its status and waits" in page
    assert "No live calls." in page
    assert not EmergencyStop.objects.exists()


def test_a_stop_needs_a_reason_and_loses_nothing_typed(manager: Any) -> None:
    _, client = manager
    page = client.post(STOP, {"reason": " "})
    assert "Enter a reason for stopping all calls." in page.content.decode()
    long = "x" * 301
    assert long in client.post(STOP, {"reason": long}).content.decode()
    assert not EmergencyStop.objects.exists()


def test_a_stop_stands_on_every_page_with_who_when_and_why(manager: Any, viewer: Any) -> None:
    user, client = manager
    page = client.post(STOP, {"reason": WHY}, follow=True)
    assert "All calling is stopped. No one is dialed until someone resumes it." in words(page)
    for _, someone in (manager, viewer):
        shown = someone.get("/").content.decode()
        assert WHY in shown
        assert f"By {user.get_username()}" in shown
        assert BUTTON not in shown
    assert f'href="{LIFT}"' in client.get("/").content.decode()


def test_getting_the_pages_changes_nothing(manager: Any) -> None:
    _, client = manager
    client.get(STOP)
    assert not EmergencyStop.objects.exists()
    halts.engage(None, WHY)
    client.get(LIFT)
    assert EmergencyStop.objects.in_force().exists()


def test_lifting_lets_calls_go_on_and_keeps_the_record(manager: Any) -> None:
    user, client = manager
    client.post(STOP, {"reason": WHY})
    stop = EmergencyStop.objects.get()
    assert f'name="stop" value="{stop.pk}"' in client.get(LIFT).content.decode()
    page = client.post(LIFT, {"stop": stop.pk}, follow=True)
    assert "Calling resumed." in words(page)
    stop.refresh_from_db()
    assert (stop.in_force, stop.lifted_by) == (None, user)
    assert WHY in words(client.get(STOP))


def test_who_comes_second_is_told_who_was_first(manager: Any) -> None:
    _, client = manager
    halts.engage(None, WHY)
    assert "already stopped" in words(client.get(STOP))
    page = words(client.post(STOP, {"reason": "Mine."}, follow=True))
    assert "All calling is already stopped." in page
    assert WHY in page


def test_a_page_left_open_lifts_no_later_stop(manager: Any) -> None:
    user, client = manager
    first = halts.engage(None, WHY)
    halts.lift(user, first)
    halts.engage(None, "Something worse.")
    page = words(client.post(LIFT, {"stop": first.pk}, follow=True))
    assert "This stop has already been lifted." in page
    assert EmergencyStop.objects.in_force().get().reason == "Something worse."
    client.post(LIFT)
    assert EmergencyStop.objects.in_force().exists()


def test_without_a_stop_there_is_nothing_to_lift(manager: Any) -> None:
    _, client = manager
    assert "Calling is not stopped." in words(client.get(LIFT))
