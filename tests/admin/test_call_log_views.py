"""Call Logs as people read them: names, totals, order, outcomes in words, and from call to call."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from batchcalls.models import Batch, CallResult
from batchcalls.reporting import call_totals
from campaigns.models import Campaign, Suppression
from tests.admin.call_rows import make_calls, person
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

LOG = "/batchcalls/callresult/"


@pytest.fixture
def analyst() -> Client:
    return person("view_callresult", "view_batch")[1]


@pytest.fixture
def batch(make_batch: Any) -> Batch:
    made: Batch = make_batch("+12025550190", name="November")
    return made


def shown(page: str) -> list[str]:
    return re.findall(
        r'class="number" href="/batchcalls/callresult/\d+/change/[^"]*">([^<]*)<', page
    )


def link(page: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}"[^>]*href="([^"]*)"', page)
    return found[1].replace("&amp;", "&") if found else ""


def test_the_callee_is_named_below_the_number_by_a_variable_that_can_be_chosen(
    analyst: Client, batch: Batch
) -> None:
    stored = batch.first_list
    stored.mapping = [
        {"position": place, "target": "request_data", "name": name}
        for place, name in enumerate(["city", "customer_name"])
    ]
    stored.save()
    [call] = make_calls(batch, 1)
    call.recipient.request_data = {"city": "Bath", "customer_name": "Zoë"}
    call.recipient.save()

    page = markup(analyst.get(LOG))
    assert '<span class="under" dir="auto">Zoë</span>' in page
    assert '<option value="city" >city</option>' in page or '<option value="city">' in page
    assert ">Bath</span>" in markup(analyst.get(f"{LOG}?callee=city"))


def test_totals_are_added_up_for_the_filter(analyst: Client, batch: Batch) -> None:
    make_calls(batch, 2, price=Decimal("700.25"), currency="USD")
    make_calls(batch, 1, status="busy", answered_by="", duration_seconds=0)
    page = markup(analyst.get(LOG))
    assert 'data-live="?totals=1"' in page  # asked for once the page is open
    fragment = markup(analyst.get(f"{LOG}?totals=1", headers={"X-Fragment": "1"}))
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", fragment))
    assert "3 calls · 2 answered by a person (67%) · 2 m in total · $1,400.50" in text
    assert "1</strong> call " in re.sub(
        r"\s+", " ", markup(analyst.get(f"{LOG}?totals=1&status=busy"))
    )


def test_totals_read_a_bounded_number_of_calls(batch: Batch, monkeypatch: Any) -> None:
    monkeypatch.setattr(call_totals, "MOST_COUNTED", 2)
    make_calls(batch, 4)
    assert call_totals.of(CallResult.objects.all()).is_more
    assert call_totals.of(CallResult.objects.none()).calls == 0


def test_the_log_is_sorted_by_number_from_page_to_page_without_numbers_in_addresses(
    analyst: Client, batch: Batch
) -> None:
    numbers = sorted(call.to_number for call in make_calls(batch, 60))
    first = markup(analyst.get(f"{LOG}?sort=to_number"))
    assert shown(first) == numbers[:50]
    assert 'aria-sort="ascending"' in first
    address = link(first, "next")
    second = markup(analyst.get(f"{LOG}{address}"))
    assert shown(second) == numbers[50:]
    cursor = re.search(r"older=([^&]*)", address)
    assert cursor
    assert "1202" not in base64.urlsafe_b64decode(cursor[1] + "==").decode()
    assert shown(markup(analyst.get(f"{LOG}{link(second, 'prev')}"))) == numbers[:50]
    assert shown(markup(analyst.get(f"{LOG}?sort=-to_number")))[0] == numbers[-1]


def test_the_oldest_calls_come_first_on_request(analyst: Client, batch: Batch) -> None:
    numbers = [call.to_number for call in make_calls(batch, 3)]
    page = markup(analyst.get(f"{LOG}?sort=claimed_at"))
    assert shown(page) == numbers
    head = page.split("<thead>")[1].split("</thead>")[0]
    assert 'aria-sort="ascending"' in head
    assert "sort=claimed_at" not in head  # the next click leads back


def test_who_sees_no_numbers_cannot_sort_by_them(batch: Batch) -> None:
    calls = make_calls(batch, 3)
    CallResult.objects.filter(pk=calls[0].pk).update(to_number="+12025559999")
    user, client = person("view_callresult")
    user.user_permissions.remove(Permission.objects.get(codename="view_numbers"))
    page = markup(client.get(f"{LOG}?sort=to_number"))
    assert "sort=to_number" not in page.split("<thead>")[1].split("</thead>")[0]
    keys = re.findall(r"callresult/(\d+)/change", page)
    assert list(dict.fromkeys(keys)) == [str(call.pk) for call in calls[::-1]]


@pytest.mark.parametrize(
    "typed", ["not_interested", "Not interested", "not-INTERESTED", "NOT_INTERESTED"]
)
def test_an_outcome_is_found_in_words_and_in_any_case(
    analyst: Client, batch: Batch, typed: str
) -> None:
    make_calls(batch, 1)
    [call] = make_calls(batch, 1, disposition="NOT_INTERESTED")
    page = markup(analyst.get(LOG, {"disposition": typed}))
    assert shown(page) == [call.to_number]
    assert "Not interested" in page


def test_an_outcome_of_a_campaign_is_found_in_any_case(analyst: Client, batch: Batch) -> None:
    Campaign.objects.create(name="C", prompt="Hi.", call_settings={"dispositions": ["Wants ViP"]})
    [call] = make_calls(batch, 1, disposition="Wants ViP")
    assert shown(markup(analyst.get(f"{LOG}?disposition=wants+vip"))) == [call.to_number]


def test_calls_are_read_one_after_the_other_within_the_filter(
    analyst: Client, batch: Batch
) -> None:
    first, second, third = make_calls(batch, 3)
    CallResult.objects.filter(pk=second.pk).update(status="busy")
    page = markup(analyst.get(f"{LOG}?status=completed"))
    assert f"/batchcalls/callresult/{third.pk}/change/?status=completed" in page

    page = markup(analyst.get(f"{LOG}{third.pk}/change/?status=completed"))
    assert link(page, "prev") == ""
    assert link(page, "next") == f"{LOG}{first.pk}/change/?status=completed"
    assert f'href="{LOG}?status=completed">Call Logs</a>' in page
    page = markup(analyst.get(f"{LOG}{first.pk}/change/"))  # without a filter, all calls
    assert (link(page, "prev"), link(page, "next")) == (f"{LOG}{second.pk}/change/", "")
    assert analyst.get(f"{LOG}{first.pk}/change/?status=nonsense").status_code == 200


def test_a_call_leads_to_the_do_not_call_list(batch: Batch) -> None:
    [call] = make_calls(batch, 1)
    allowed = ("view_callresult", "add_suppression", "view_suppression")
    client = person(*allowed)[1]
    page = markup(client.get(f"{LOG}{call.pk}/change/"))
    add = reverse("admin:campaigns_suppression_add")
    assert f'href="{add}?numbers=%2B1202' in page
    Suppression.objects.create(e164=call.to_number)
    page = markup(client.get(f"{LOG}{call.pk}/change/"))
    assert "On the do-not-call list" in page
    assert "Add to do-not-call" not in page
    page = markup(person("view_callresult")[1].get(f"{LOG}{call.pk}/change/"))
    assert "do-not-call list</a>" not in page


def test_a_recording_comes_with_times_that_a_player_can_follow(
    analyst: Client, batch: Batch
) -> None:
    turn = {"speaker": "agent", "text": "Hello.", "at_seconds": 1234.5}
    [call] = make_calls(batch, 1, transcript=[turn], recording_url="https://x.example/a.mp3")
    page = markup(analyst.get(f"{LOG}{call.pk}/change/"))
    assert 'data-at="1234.5"' in page
    assert page.index("<audio") < page.index('class="conversation"')
