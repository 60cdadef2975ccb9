"""The first page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.intake import runner
from batchcalls.models import WorkerHeartbeat
from batchcalls.reporting import daily_figures, kept
from tests.admin.call_rows import make_calls
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db


def shown(client: Client) -> str:
    return markup(client.get("/"))


def test_a_new_installation_is_led_to_its_first_batch(admin_client: Client) -> None:
    assert "Three steps to your first batch" in shown(admin_client)


def test_the_day_is_counted_from_its_calls(admin_client: Client, make_batch: Any, run: Any) -> None:
    batch = run(make_batch("+12025550190", "+12025550191"))
    answer = admin_client.get("/")
    today = answer.context["today"]
    assert today.calls == batch.calls.count()
    assert today.reached == batch.calls.filter(answered_by="human").count()
    assert sum(today.costs.values()) == sum(call.price or 0 for call in batch.calls.all())
    assert f"?from={timezone.localdate():%Y-%m-%d}" in shown(admin_client)
    assert "Three steps" not in shown(admin_client)


def test_many_calls_are_counted_in_the_background_the_first_time(
    admin_client: Client, make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_calls(make_batch("+12025550190"), 2)
    monkeypatch.setattr(daily_figures, "MANY_CALLS", 1)
    monkeypatch.setattr(kept, "WORTH_KEEPING_SECONDS", 0)
    counting: list[Any] = []
    monkeypatch.setattr(kept, "soon", lambda name, work, patience: counting.append(work))
    page = shown(admin_client)
    assert "Counting calls for the first time." in page
    assert 'data-live-seconds="5"' in page
    assert "Calls today" not in page
    counting[0]()
    page = shown(admin_client)
    assert "Counting calls" not in page
    assert "Calls today" in page
    assert len(counting) == 1


def test_what_runs_is_followed_and_what_failed_stands_there(
    admin_client: Client, make_batch: Any
) -> None:
    running = make_batch("+12025550190", name="Goes on")
    lifecycle.submit(running, launch=True)
    broken = make_batch("+12025550190", name="Broken")
    lifecycle.submit(broken, launch=True)
    broken.first_list.file.delete(save=False)
    runner.run_batch(broken.pk, seconds=30)
    page = shown(admin_client)
    assert "Goes on" in page
    assert "Broken failed" in page
    part = markup(admin_client.get("/", headers={"X-Fragment": "1"}))
    assert '<div id="dashboard" data-live="/" data-live-seconds="5"' in part
    for words in ("Goes on", "Broken failed", "Live now", "Answer rate", "Workers"):
        assert words in part


def test_the_answer_rate_leaves_live_calls_out(admin_client: Client, make_batch: Any) -> None:
    batch = make_batch("+12025550190")
    now = timezone.now()
    make_calls(batch, 1, answered_by="human", claimed_at=now)
    make_calls(batch, 1, answered_by="no_answer", claimed_at=now)
    make_calls(batch, 2, answered_by="human", claimed_at=now, status="in_progress")
    today = admin_client.get("/").context["today"]
    assert (today.calls, today.live, today.ended) == (4, 2, 2)
    assert (today.reached, today.not_reached) == (1, 1)
    [day] = daily_figures.days(timezone.localdate(), timezone.localdate() + timedelta(days=1))
    assert day.rate == pytest.approx(50)


def test_a_worker_that_is_missing_is_said_with_the_remedy(admin_client: Client) -> None:
    assert "python manage.py qcluster" in shown(admin_client)
    WorkerHeartbeat.objects.beat()
    assert "last seen" in shown(admin_client)


def test_a_worker_whose_clock_is_off_is_shown_with_the_remedy(admin_client: Client) -> None:
    WorkerHeartbeat.objects.beat()
    assert "NTP" not in shown(admin_client)
    assert "In sync" in markup(admin_client.get("/batchcalls/workerheartbeat/"))
    WorkerHeartbeat.objects.update(clock_ahead_seconds=-300)
    sentence = "The clock of this worker is 300 s behind the database&#x27;s; it does not call."
    assert sentence in markup(admin_client.get("/"))
    assert "NTP" in shown(admin_client)
    assert sentence in markup(admin_client.get("/batchcalls/workerheartbeat/"))


def test_somebody_without_any_permission_is_told_whom_to_ask(client: Client) -> None:
    client.force_login(User.objects.create_user("new", is_staff=True))
    assert "Ask an administrator" in shown(client)
