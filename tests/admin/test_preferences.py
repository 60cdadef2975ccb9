"""A person's own time zone and shortcuts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from batchcalls.models import Export, ExportKind, Preferences, preferences_of
from batchcalls.reporting.exports import jobs
from tests.admin.call_rows import make_calls, person
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

PAGE, LOG = "/preferences/", "/batchcalls/callresult/"


@pytest.fixture
def viewer() -> tuple[User, Client]:
    return person("view_callresult", "export_callresult")


def test_times_and_days_are_those_of_the_person_s_zone_which_is_named(
    viewer: tuple[User, Client], make_batch: Any
) -> None:
    user, client = viewer
    # 23:30 on the 14th in Los Angeles, which is the 15th in UTC.
    batch = make_batch("+12025550190")
    [call] = make_calls(batch, 1, claimed_at=datetime(2026, 7, 15, 6, 30, tzinfo=UTC))
    assert "Jul 15, 2026, 06:30:00 UTC" in markup(client.get(f"{LOG}{call.pk}/change/"))

    answer = client.post(PAGE, {"time_zone": "America/Los_Angeles", "shortcuts": "on"}, follow=True)

    assert "Your preferences were saved." in markup(answer)
    assert re.search(r"It is now [^<]* P[SD]T", markup(answer))
    assert "Jul 14, 2026, 23:30:00 PDT" in markup(client.get(f"{LOG}{call.pk}/change/"))
    assert call.to_number in markup(client.get(f"{LOG}?from=2026-07-14&to=2026-07-14"))
    assert call.to_number not in markup(client.get(f"{LOG}?from=2026-07-15"))
    assert timezone.get_current_timezone_name() == "UTC"  # of the next request
    # An export that a worker writes has the days of the page.
    export = Export(kind=ExportKind.CALL_LOG, query="to=2026-07-14", created_by=user)
    assert len(list(jobs.table_of(export).rows)) == 1
    other = person("view_callresult")[1]
    assert "Jul 15, 2026, 06:30:00 UTC" in markup(other.get(f"{LOG}{call.pk}/change/"))


def test_shortcuts_can_be_turned_off(viewer: tuple[User, Client]) -> None:
    _, client = viewer
    assert 'data-shortcuts="on"' in markup(client.get(PAGE))
    client.post(PAGE, {"time_zone": ""})
    assert "data-shortcuts" not in markup(client.get(PAGE))


def test_a_zone_that_does_not_exist_is_refused(viewer: tuple[User, Client]) -> None:
    user, client = viewer
    page = markup(client.post(PAGE, {"time_zone": "Mars/Olympus"}))
    assert "Select a valid choice" in page
    assert not Preferences.objects.exists()
    assert preferences_of(user).zone == timezone.get_default_timezone()


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd"])
def test_an_unknown_stored_zone_is_the_sites(name: str) -> None:
    assert Preferences(time_zone=name).zone == timezone.get_default_timezone()
    assert Preferences(time_zone="Asia/Tokyo").zone == ZoneInfo("Asia/Tokyo")
