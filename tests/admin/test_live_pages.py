"""Everything on a page that can change follows without a reload."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.admin import downloads
from batchcalls.batches import halts, lifecycle
from batchcalls.models import Batch, CallResult, Export
from batchcalls.reporting import kept
from tests.admin.call_rows import make_calls, person
from tests.admin.markup import markup

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

PARTS = ("batch-name", "batch-actions", "batch-live", "batch-tabs", "batch-tab", "stop-state")


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:batchcalls_batch_{name}", args=args)


def refreshed(client: Client, address: str) -> str:
    answer = client.get(address, headers={"X-Fragment": "1"})
    assert answer.status_code == 200
    return markup(answer)


@pytest.fixture
def calling(launched: Any) -> Batch:
    batch: Batch = launched("+12025550190", "+12025550191")
    return batch


@pytest.mark.parametrize("tab", ["change", "recipients", "log", "settings"])
def test_every_part_of_a_batch_that_can_change_follows_on_every_tab(
    admin_client: Client, calling: Batch, tab: str
) -> None:
    fresh = refreshed(admin_client, page(tab, calling.pk))
    for part in PARTS:
        assert f'id="{part}"' in fresh
    assert f'data-live="{page(tab, calling.pk)}" data-live-seconds="3"' in fresh
    assert "<main" not in fresh
    assert 'aria-label="Sidebar"' not in fresh


def test_actions_newest_calls_activity_and_counts_follow(
    admin_client: Client, calling: Batch
) -> None:
    before = refreshed(admin_client, page("change", calling.pk))
    assert "No calls yet" in before
    assert page("pause", calling.pk) in before
    [call] = make_calls(calling, 1, price=Decimal("0.5"), currency="USD")
    lifecycle.pause(calling, actor=None)
    after = refreshed(admin_client, page("change", calling.pk))
    assert call.to_number in after
    assert page("pause", calling.pk) not in after
    assert page("resume", calling.pk) in after
    assert "<strong>Paused</strong>" in after
    assert 'Call logs <span class="tab-count">1</span>' in after
    assert "$0.50</a>" in after


def test_a_batch_that_is_over_is_still_followed_because_prices_come_late(
    admin_client: Client, make_batch: Any, run: Any
) -> None:
    batch = run(make_batch("+12025550190"))
    assert 'data-live-seconds="15"' in refreshed(admin_client, page("change", batch.pk))


def test_the_last_refresh_has_the_final_figures(
    admin_client: Client, calling: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Counting takes long enough to be remembered.
    monkeypatch.setattr(kept, "WORTH_KEEPING_SECONDS", 0)
    monkeypatch.setattr(kept, "FRESH_TIMES", 1e9)
    [call] = make_calls(calling, 1, status="in_progress")
    row = call.recipient
    row.status = "in_call"
    row.save()
    lifecycle.cancel(calling, actor=None)
    assert "<dt>Cost so far</dt><dd>–</dd>" in refreshed(admin_client, page("change", calling.pk))
    row.status, row.outcome = "done", "reached"
    row.save()
    CallResult.objects.update(
        status="completed", ended_at=timezone.now(), price=Decimal("0.5"), currency="USD"
    )
    assert "$0.50</a>" in refreshed(admin_client, page("change", calling.pk))


def test_an_emergency_stop_is_part_of_a_batch_s_status_on_every_page(
    admin_client: Client, calling: Batch
) -> None:
    stopped = '<span class="pill danger">Dispatching · Stopped</span>'
    addresses = ("/", page("changelist"), page("change", calling.pk))
    for address in addresses:
        assert stopped not in refreshed(admin_client, address)
    halts.engage(None, "Fire drill")
    for address in addresses:
        fresh = refreshed(admin_client, address)
        assert stopped in fresh
        assert "All calling is stopped: Fire drill" in fresh


def test_a_batch_that_waits_says_until_when_in_the_list_and_on_its_page(
    admin_client: Client, launched: Any
) -> None:
    start = timezone.now() + timedelta(days=2)
    batch = launched("+12025550190", start_at=start)
    lifecycle.settle(batch, now=timezone.now())
    until = f"Calls start at {timezone.localtime(start):%Y-%m-%d %H:%M %Z}."
    shown = refreshed(admin_client, page("change", batch.pk))
    assert "Waiting for Scheduled Calls" in shown
    assert until in shown
    assert "First calls at" not in shown
    assert until in refreshed(admin_client, page("changelist"))


def test_a_page_whose_session_ended_is_told_why(client: Client) -> None:
    _user, client = person("view_batch")
    session = client.session
    session["begun_at"] = session["seen_at"] = 0
    session.save()
    answer = client.get(page("changelist"), headers={"X-Fragment": "1"})
    assert answer.status_code == 401
    why = "You were signed out 12 hours after signing in."
    assert answer.content.decode() == why
    # So is whoever sends a form of that page, or signs in in another tab.
    assert why in markup(client.post("/campaigns/campaign/add/", {"name": "Win-back"}))


def test_a_finished_export_is_announced_on_every_page_until_it_is_downloaded(
    admin_client: Client, calling: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "ROWS_AT_ONCE", 0)
    news = reverse("admin:batchcalls_export_news")
    assert 'id="export-news"' not in markup(admin_client.get("/"))
    for _ in range(2):
        admin_client.get(page("export", calling.pk, "results", "xlsx"))
    [export, failed] = Export.objects.all()
    assert f'id="export-news" data-live="{news}"' in markup(admin_client.get("/"))
    export.file.save("results.xlsx", ContentFile(b"x"), save=False)
    Export.objects.filter(pk=export.pk).update(
        status="done", file=export.file.name, row_count=6_000, ended_at=timezone.now()
    )
    Export.objects.filter(pk=failed.pk).update(
        status="failed", reason="The disk is full.", ended_at=timezone.now()
    )
    file = reverse("admin:batchcalls_export_file", args=[export.pk])
    for address in (news, "/", page("changelist")):
        shown = markup(admin_client.get(address))
        assert (
            "<strong>Your export is ready.</strong> Results of a batch: Test, 6,000 rows." in shown
        )
        assert file in shown
        assert "<strong>Your export failed.</strong>" in shown
        assert 'data-live-say="Your export is ready. Your export failed"' in shown
    assert "data-live=" not in markup(admin_client.get(news))
    dismiss = reverse("admin:batchcalls_export_dismiss", args=[failed.pk])
    answer = admin_client.post(dismiss, headers={"Referer": "http://testserver/audit/?a=1"})
    assert answer["Location"] == "http://testserver/audit/?a=1"
    elsewhere = admin_client.post(dismiss, headers={"Referer": "https://example.com/"})
    assert elsewhere["Location"] == reverse("admin:batchcalls_export_changelist")
    b"".join(admin_client.get(file).streaming_content)  # type: ignore[arg-type]
    assert 'id="export-news"' not in markup(admin_client.get("/"))
