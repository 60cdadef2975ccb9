"""Review opt-outs, and the page of a number with its proof."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchcalls.batches import reviewing
from batchcalls.database import clock
from batchcalls.models import CallResult, OptOutReview
from campaigns.models import Campaign, Suppression
from campaigns.opt_outs_heard import Heard
from tests.admin.call_rows import make_calls, person
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

QUEUE = reverse("admin:batchcalls_optoutreview_changelist")


@pytest.fixture
def call(make_batch: Any) -> CallResult:
    """A call whose transcript sounds like an opt-out."""
    [call] = make_calls(make_batch("+12025550190"), 1)
    reviewing.open_reviews({call: Heard("Take me off your list.", "English")})
    return call


def content(answer: Any) -> str:
    return unescape(markup(answer).partition("<main")[2])


def decide(client: Client, review: OptOutReview, decision: str) -> Any:
    url = reverse("admin:batchcalls_optoutreview_decide", args=[review.pk])
    return client.post(url, {"decision": decision}, follow=True)


def test_the_queue_shows_what_was_heard_and_the_sidebar_how_many_wait(call: CallResult) -> None:
    _, client = person("view_optoutreview", "view_callresult", "decide_optoutreview")
    answer = client.get(QUEUE)
    assert "Take me off your list." in content(answer)
    assert "Add to do-not-call" in content(answer)
    assert 'pill warning">1<' in markup(answer)


def test_one_click_lists_the_number(call: CallResult) -> None:
    user, client = person("view_optoutreview", "decide_optoutreview")
    review = OptOutReview.objects.get()
    answer = decide(client, review, "opted_out")
    assert f"{call.to_number} is on the do-not-call list." in content(answer) + markup(answer)
    entry = Suppression.objects.get()
    assert (entry.is_hold, entry.call_id, entry.created_by) == (False, call.call_id, user)
    review.refresh_from_db()
    assert (review.decision, review.decided_by) == ("opted_out", user)
    assert "Nothing to review" in content(answer)
    assert "Opted out" in content(client.get(QUEUE, {"state": "decided"}))
    assert "has already been reviewed" in markup(decide(client, review, "not_an_opt_out"))
    assert Suppression.objects.get() == entry


def test_a_number_stays_held_until_its_last_review_is_decided(
    call: CallResult, make_batch: Any
) -> None:
    [again] = make_calls(make_batch("+12025550191"), 1)
    CallResult.objects.filter(pk=again.pk).update(to_number=call.to_number)
    again.refresh_from_db()
    reviewing.open_reviews({again: Heard("Stop.", "English")})
    _, client = person("view_optoutreview", "decide_optoutreview")
    first, second = OptOutReview.objects.order_by("pk")
    assert "stays held" in markup(decide(client, first, "not_an_opt_out"))
    assert Suppression.objects.holds().exists()
    assert "may be called again" in markup(decide(client, second, "not_an_opt_out"))
    assert not Suppression.objects.exists()


def test_an_opt_out_from_elsewhere_outlives_the_review(call: CallResult) -> None:
    Suppression.objects.create(e164=call.to_number, source="sms")
    _, client = person("view_optoutreview", "decide_optoutreview")
    decide(client, OptOutReview.objects.get(), "not_an_opt_out")
    assert Suppression.objects.get().source == "sms"


def test_only_people_who_may_decide_and_only_a_post_decide(call: CallResult) -> None:
    review = OptOutReview.objects.get()
    url = reverse("admin:batchcalls_optoutreview_decide", args=[review.pk])
    _, viewer = person("view_optoutreview")
    assert viewer.post(url, {"decision": "opted_out"}).status_code == 403
    assert "Add to do-not-call" not in content(viewer.get(QUEUE))
    _, decider = person("decide_optoutreview")
    assert decider.get(url).status_code == 405
    assert OptOutReview.objects.pending().exists()


def test_a_hold_cannot_be_removed_without_a_decision(call: CallResult) -> None:
    _, keeper = person("view_suppression", "delete_suppression")
    hold = Suppression.objects.get()
    page = reverse("admin:campaigns_suppression_change", args=[hold.pk])
    assert "until its opt-out is" in content(keeper.get(page))
    url = reverse("admin:campaigns_suppression_delete", args=[hold.pk])
    assert "Decide it under Review opt-outs" in markup(keeper.post(url, {"why": ""}, follow=True))
    assert Suppression.objects.holds().exists()


class TestNumber:
    PERMISSIONS = ("view_suppression", "view_callresult", "view_optoutreview", "export_suppression")

    def test_its_page_shows_entries_reviews_and_calls(self, call: CallResult) -> None:
        campaign = Campaign.objects.create(name="Spring", prompt="Hi.")
        past = clock.now() - timedelta(days=1)
        for fields in ({"campaign": campaign, "reason": "by letter"}, {"expires_at": past}):
            Suppression.objects.create(e164=call.to_number, **fields)
        _, client = person(*self.PERMISSIONS)
        url = reverse("admin:campaigns_suppression_number", args=[call.to_number])
        page = content(client.get(url))
        for part in ("held until", "Spring", "by letter", "Expired", "Under review"):
            assert part in page
        for part in ("Take me off your list.", "Waiting for a decision", "Completed"):
            assert part in page

    def test_its_proof_has_it_all_in_order(self, call: CallResult) -> None:
        _, client = person(*self.PERMISSIONS, "decide_optoutreview")
        decide(client, OptOutReview.objects.get(), "opted_out")
        url = reverse("admin:campaigns_suppression_proof", args=[call.to_number, "csv"])
        answer = client.get(url)
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
        assert [row["what"] for row in rows if row["call_id"] == str(call.call_id)] == [
            "Call",
            "Possible opt-out heard",
            "Reviewed: Opted out",
            "Added to the do-not-call list",
        ]
        told = client.get(url.replace(".csv", ".json")).json()
        assert told["number"] == call.to_number
        assert told["records"] == rows

    def test_its_proof_leaves_out_what_the_user_may_not_see(self, call: CallResult) -> None:
        _, client = person("view_suppression", "export_suppression")
        url = reverse("admin:campaigns_suppression_proof", args=[call.to_number, "json"])
        assert {row["what"] for row in client.get(url).json()["records"]} == {"Held for review"}
        _, viewer = person("view_suppression")
        assert viewer.get(url).status_code == 403

    def test_what_is_no_number_has_no_page(self) -> None:
        _, client = person(*self.PERMISSIONS)
        url = reverse("admin:campaigns_suppression_number", args=["nobody"])
        assert client.get(url).status_code == 404


def test_numbers_are_added_for_one_campaign_until_a_day() -> None:
    campaign = Campaign.objects.create(name="Spring", prompt="Hi.")
    _, client = person("add_suppression", "view_suppression")
    url = reverse("admin:campaigns_suppression_add")
    data = {"numbers": "+12025550133", "campaign": campaign.pk, "expires_on": "2999-01-31"}
    answer = client.post(url, data, follow=True)
    assert "Spring, until" in content(answer)
    entry = Suppression.objects.get()
    assert entry.campaign == campaign
    assert str(entry.expires_at) == "2999-02-01 00:00:00+00:00"
    assert "This day has passed." in content(client.post(url, {**data, "expires_on": "2020-01-01"}))
