"""Call Logs: every attempt, narrowed, kept under a name, taken out."""

from __future__ import annotations

import csv
import io
import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.models import Batch, CallResult, SavedFilter, VoiceAccount
from batchcalls.reporting.exports.call_log import UnknownFilter, matching
from campaigns.models import Campaign
from tests.admin.call_rows import make_calls, person
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

LOG, EXPORT = "/batchcalls/callresult/", "/batchcalls/callresult/export.csv"
KEEP = "/batchcalls/callresult/filters/"


@pytest.fixture
def analyst() -> Client:
    return person("view_callresult", "export_callresult", "view_batch")[1]


@pytest.fixture
def batch(make_batch: Any) -> Batch:
    campaign = Campaign.objects.create(name="Autumn", prompt="Hello.")
    made: Batch = make_batch("+12025550190", name="November", campaign=campaign, prompt="")
    return made


def shown(client: Client, query: str = "") -> list[str]:
    """Return the numbers of the rows of a page, in their order."""
    page = markup(client.get(f"{LOG}?{query}"))
    return re.findall(
        r'class="number" href="/batchcalls/callresult/\d+/change/[^"]*">([^<]*)<', page
    )


def exported(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"{EXPORT}?{query}")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
    return [row["to"] for row in csv.DictReader(io.StringIO(text))]


# What is shown -----------------------------------------------------------------------------------


def test_the_newest_call_stands_first_with_its_outcome(analyst: Client, batch: Batch) -> None:
    first, second = make_calls(batch, 2)
    page = markup(analyst.get(LOG))
    assert shown(analyst) == [second.to_number, first.to_number]
    for word in ("Call Logs", "Interested", "Shop 3", "1 m", "Human", "November"):
        assert word in page


def test_an_empty_log_says_what_it_would_hold(analyst: Client) -> None:
    page = markup(analyst.get(LOG))
    assert "No calls yet" in page
    assert "Each call appears here as it is placed" in page
    assert "Create Batch Call" not in page  # which this person could not do


def test_a_filter_that_nothing_matches_leads_back_to_all(analyst: Client, batch: Batch) -> None:
    make_calls(batch, 1)
    page = markup(analyst.get(f"{LOG}?status=busy"))
    assert "No matching calls" in page
    assert "Show all" in page


def test_a_very_long_outcome_and_html_are_shown_as_text(analyst: Client, batch: Batch) -> None:
    make_calls(batch, 1, disposition="<script>alert(1)</script>" + "x" * 75)
    page = markup(analyst.get(LOG))
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


# How it is narrowed ------------------------------------------------------------------------------


@pytest.fixture
def mixed(batch: Batch, make_batch: Any) -> dict[str, str]:
    """One call of each kind; returns their numbers by what is special about them."""
    other = make_batch("+12025550190", name="December")
    second = VoiceAccount.objects.create(name="second", provider="simulator")
    long_ago = datetime(2026, 3, 1, 12, tzinfo=UTC)
    kinds: dict[str, dict[str, Any]] = {
        "plain": {},
        "busy": {"status": "busy", "answered_by": "", "disposition": "BUSY"},
        "ringing": {"status": "ringing", "answered_by": "", "disposition": ""},
        "unknown": {"status": "unknown", "answered_by": "", "disposition": ""},
        "voicemail": {"answered_by": "voicemail", "disposition": "NO_CONTACT_MADE"},
        "long": {"duration_seconds": 600},
        "old": {"claimed_at": long_ago},
        "second": {"account": second, "provider_call_id": "prov-77"},
        "uuid": {"provider_call_id": "6f9619ff-8b86-d011-b42d-00cf4fc964ff"},
    }
    numbers = {name: make_calls(batch, 1, **kind)[0].to_number for name, kind in kinds.items()}
    [call] = make_calls(other, 1)
    CallResult.objects.filter(pk=call.pk).update(to_number="+442079460190")
    return {**numbers, "other": "+442079460190"}


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("status=busy", "busy"),
        ("status=ringing", "ringing"),
        ("status=unknown", "unknown"),
        ("status=canceled", ""),
        ("answered_by=voicemail", "voicemail"),
        ("disposition=BUSY", "busy"),
        ("min_duration=600", "long"),
        ("min_duration=61&max_duration=900", "long"),
        ("from=2026-03-01&to=2026-03-01", "old"),
        ("to=2026-03-01", "old"),
        ("to=2026-02-28", ""),
        ("number=%2B442079460190", "other"),
        ("number=%2B44+20-7946+0190", "other"),
        ("number=7946", "other"),
        ("number=(207)+946.0190", "other"),
        ("q=prov-77", "second"),
        ("q=6f9619ff-8b86-d011-b42d-00cf4fc964ff", "uuid"),
        ("q=prov-77+9999999", ""),
        ("status=busy&answered_by=human", ""),
    ],
)
def test_each_filter_shows_the_calls_that_match_and_the_export_has_the_same(
    analyst: Client, mixed: dict[str, str], query: str, kinds: str
) -> None:
    expected = [mixed[kind] for kind in kinds.split()]
    assert shown(analyst, query) == expected
    assert exported(analyst, query) == expected


def test_calls_of_a_batch_a_campaign_and_an_account(
    analyst: Client, mixed: dict[str, str], batch: Batch
) -> None:
    account = VoiceAccount.objects.get(name="second")
    other = Batch.objects.get(name="December")
    empty = Campaign.objects.create(name="Never used", prompt="Hello.")
    for query, numbers in [
        (f"batch={other.pk}", {mixed["other"]}),
        (f"q={other.pk}", {mixed["other"]}),
        (f"campaign={batch.campaign_id}", set(mixed.values()) - {mixed["other"]}),
        (f"campaign={empty.pk}", set()),
        (f"account={account.pk}", {mixed["second"]}),
        (f"batch={batch.pk}&status=busy", {mixed["busy"]}),
    ]:
        assert set(shown(analyst, query)) == numbers, query
        assert set(exported(analyst, query)) == numbers, query


def test_a_call_is_found_by_its_id_or_a_part_of_it(analyst: Client, mixed: dict[str, str]) -> None:
    call = CallResult.objects.get(to_number=mixed["busy"])
    assert shown(analyst, f"q={call.call_id}") == [call.to_number]
    assert shown(analyst, f"q={str(call.call_id)[:13]}") == [call.to_number]
    assert shown(analyst, f"q={uuid.uuid4()}") == []


def test_the_last_day_counts_to_its_end_in_the_sites_time_zone(
    analyst: Client, batch: Batch, settings: Any
) -> None:
    # 23:30 on the 14th in Los Angeles, which is the 15th in UTC.
    make_calls(batch, 1, claimed_at=datetime(2026, 7, 15, 6, 30, tzinfo=UTC))
    settings.TIME_ZONE = "America/Los_Angeles"
    timezone.get_default_timezone.cache_clear()
    try:
        assert len(shown(analyst, "from=2026-07-14&to=2026-07-14")) == 1
        assert len(shown(analyst, "from=2026-07-15")) == 0
    finally:
        settings.TIME_ZONE = "UTC"
        timezone.get_default_timezone.cache_clear()
    assert len(shown(analyst, "from=2026-07-15&to=2026-07-15")) == 1


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("batch=nope", "No batch has this ID."),
        ("batch=6f9619ff-8b86-d011-b42d-00cf4fc964ff", "No batch has this ID."),
        ("batch=%00", "No batch has this ID."),
        ("campaign=999", "Select a valid choice"),
        ("campaign=%00", "Null characters are not allowed."),
        ("account=x", "Select a valid choice"),
        ("status=great", "Select a valid choice"),
        ("answered_by=cat", "Select a valid choice"),
        ("disposition=a%00b", "Null characters are not allowed."),
        ("from=yesterday", "Enter a date such as 2026-11-24."),
        ("from=2026-02-30", "Enter a date such as 2026-11-24."),
        ("from=0001-01-01", "a date between 1970"),
        ("to=9999-12-31", "a date between 1970"),
        ("to=%00", "Enter a date such as 2026-11-24."),
        ("min_duration=-1", "greater than or equal to 0"),
        ("max_duration=ten", "Enter a number."),
        ("min_duration=NaN", "Enter a number."),
        ("number=call+me", "Enter a number, or at least three"),
        ("number=12", "Enter a number, or at least three"),
        ("number=%00123", "Null characters are not allowed."),
        ("q=%00", "Null characters are not allowed."),
    ],
)
def test_a_wrong_value_is_refused_beside_its_field_and_shows_no_call(
    analyst: Client, batch: Batch, query: str, sentence: str
) -> None:
    make_calls(batch, 2)
    page = analyst.get(f"{LOG}?{query}")
    assert page.status_code == 200
    assert sentence in markup(page)
    assert shown(analyst, query) == []
    refused = analyst.get(f"{EXPORT}?{query}", follow=True)
    assert "cannot be looked for" in markup(refused)


@pytest.mark.parametrize("query", ["min_duration=1e30", "max_duration=1e30&min_duration=1e30"])
def test_an_absurd_length_is_longer_than_any_call(
    analyst: Client, batch: Batch, query: str
) -> None:
    make_calls(batch, 1)
    assert shown(analyst, query) == []


def test_what_cannot_be_asked_for_shows_no_call_and_exports_none(
    analyst: Client, batch: Batch
) -> None:
    make_calls(batch, 1)
    page = markup(analyst.get(f"{LOG}?batch__name=x"))
    assert "Calls cannot be filtered by “batch__name”" in page
    assert shown(analyst, "batch__name=x") == []
    refused = analyst.get(f"{EXPORT}?batch__name=x", follow=True)
    assert "Remove that filter" in markup(refused)


def test_addresses_and_exports_of_before_still_mean_the_same(
    analyst: Client, mixed: dict[str, str]
) -> None:
    for query in ("status__exact=busy", "disposition__exact=BUSY&o=-2&p=3&all="):
        assert shown(analyst, query) == [mixed["busy"]]
        assert [call.to_number for call in matching(query)] == [mixed["busy"]]
    with pytest.raises(UnknownFilter, match="claimed_at__gte"):
        matching("claimed_at__gte=2020-01-01")


# Pages -------------------------------------------------------------------------------------------


def follow(client: Client, query: str, link: str) -> list[list[str]]:
    """Go from page to page by one of the pager's links to the end; return each page's rows."""
    pages = []
    while True:
        page = markup(client.get(f"{LOG}?{query}"))
        pages.append(shown(client, query))
        found = re.search(rf'rel="{link}" href="\?([^"]*)"', page)
        if not found:
            return pages
        query = found[1].replace("&amp;", "&")


@pytest.mark.parametrize("narrowing", ["", "status=completed", "from=2020-01-01"])
def test_pages_lead_through_all_calls_and_back(
    analyst: Client, batch: Batch, narrowing: str
) -> None:
    numbers = [call.to_number for call in make_calls(batch, 170)][::-1]
    make_calls(batch, 1, status="busy", claimed_at=datetime(2019, 1, 1, tzinfo=UTC))
    wanted = numbers if narrowing else shown(analyst)[:1] + numbers
    pages = follow(analyst, narrowing, "next")
    assert [number for page in pages for number in page] == wanted
    assert len(pages) == 4
    back = follow(analyst, f"{narrowing}&at=oldest", "prev")
    assert [number for page in back[::-1] for number in page] == wanted
    assert back[0] == wanted[-50:]
    first = markup(analyst.get(f"{LOG}?{narrowing}"))
    assert "Newer" not in first
    assert "Oldest" in first


def test_calls_that_come_in_meanwhile_repeat_no_row_and_hide_none(
    analyst: Client, batch: Batch
) -> None:
    numbers = [call.to_number for call in make_calls(batch, 120)][::-1]
    page = markup(analyst.get(LOG))
    first = shown(analyst)
    make_calls(batch, 30)
    query = re.search(r'rel="next" href="\?([^"]*)"', page)
    assert query
    rest = follow(analyst, query[1].replace("&amp;", "&"), "next")
    assert first + [number for one in rest for number in one] == numbers


@pytest.mark.parametrize("cursor", ["older=x", "older=%00", "newer=W10", "older=WyJhIl0", "at=x"])
def test_a_cursor_that_is_cut_off_is_the_first_page(
    analyst: Client, batch: Batch, cursor: str
) -> None:
    make_calls(batch, 60)
    assert shown(analyst, cursor) == shown(analyst)


def test_the_number_of_queries_does_not_grow_with_the_rows(
    analyst: Client, batch: Batch, make_batch: Any, django_assert_num_queries: Any
) -> None:
    queries = 10
    columns = urlencode([("columns", "campaign"), ("columns", "account"), ("columns", "row")])
    make_calls(batch, 1)
    with django_assert_num_queries(queries):
        analyst.get(f"{LOG}?{columns}")
    for number in range(3):
        make_calls(make_batch("+12025550190", name=f"More {number}"), 20)
    with django_assert_num_queries(queries):
        analyst.get(f"{LOG}?{columns}")


def test_the_rows_themselves_are_one_query(
    analyst: Client, batch: Batch, django_assert_num_queries: Any
) -> None:
    make_calls(batch, 60)
    listing = analyst.get(LOG).context["listing"]
    with django_assert_num_queries(0):
        for call in listing:
            str((call.batch.name, call.batch.campaign, call.recipient.row_number, call.account))


# Columns -----------------------------------------------------------------------------------------


def headings(page: str) -> list[str]:
    return re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]*)<', page)


def test_columns_are_chosen_and_stay_in_the_address(analyst: Client, batch: Batch) -> None:
    make_calls(batch, 60, price=Decimal("0.25"), currency="USD", from_number="+12025550100")
    usual = headings(markup(analyst.get(LOG)))
    assert usual == ["Number", "Status", "Answered by", "Outcome", "Length", "When", "Batch"]
    query = "status=completed&columns=price&columns=from_number&columns=nonsense"
    page = markup(analyst.get(f"{LOG}?{query}"))
    assert headings(page) == ["Price", "From"]
    assert "$0.25" in page
    assert re.search(r'rel="next" href="\?[^"]*columns=price&amp;columns=from_number', page)
    assert '<input type="hidden" name="status" value="completed">' in page
    assert re.search(r'id="column-price" name="columns" value="price" checked', page)


def test_filtering_again_keeps_the_chosen_columns(analyst: Client, batch: Batch) -> None:
    make_calls(batch, 1)
    page = markup(analyst.get(f"{LOG}?columns=price"))
    bar = page.partition('role="search"')[2].partition("</form>")[0]
    assert '<input type="hidden" name="columns" value="price">' in bar


# The batch in question ---------------------------------------------------------------------------


def test_the_batch_is_named_and_can_be_left_out_again(analyst: Client, batch: Batch) -> None:
    make_calls(batch, 1)
    page = markup(analyst.get(f"{LOG}?batch={batch.pk}&status=completed"))
    assert f'<a href="/batchcalls/batch/{batch.pk}/change/">November</a>' in page
    assert 'href="?status=completed" aria-label="Show the calls of all batches"' in page


def test_rows_refresh_themselves_only_while_the_batch_can_change(
    analyst: Client, batch: Batch
) -> None:
    make_calls(batch, 1)
    query = f"{LOG}?batch={batch.pk}"
    Batch.objects.update(status="dispatching")
    assert f'data-live="{query}"' in markup(analyst.get(query))
    assert "data-live=" not in markup(analyst.get(f"{LOG}?totals=1"))
    fragment = markup(analyst.get(query, headers={"X-Fragment": "1"}))
    assert '<div id="call-rows"' in fragment
    assert "<html" not in fragment
    assert "<html" not in fragment
    Batch.objects.update(status="completed", ended_at=timezone.now())
    assert "data-live=" not in markup(analyst.get(f"{query}&totals=1"))


# Filters that are kept ---------------------------------------------------------------------------


def test_a_filter_is_kept_under_a_name_applied_and_forgotten(analyst: Client, batch: Batch) -> None:
    make_calls(batch, 1)
    query = "status=busy&columns=price&columns=to_number&older=WzFd&q="
    page = analyst.post(KEEP, {"name": "Busy ones", "query": query}, follow=True)
    assert "The filter was saved as Busy ones." in markup(page)
    kept = SavedFilter.objects.get()
    assert kept.query == "status=busy&columns=price&columns=to_number"
    page = markup(analyst.get(LOG))
    assert f'<a href="?{kept.query}">'.replace("&", "&amp;") + "Busy ones</a>" in page
    analyst.post(f"{KEEP}{kept.pk}/forget/")
    assert not SavedFilter.objects.exists()


def test_a_name_that_is_used_again_replaces_its_filter(analyst: Client) -> None:
    for query in ("status=busy", "status=failed"):
        analyst.post(KEEP, {"name": "Mine", "query": query})
    assert SavedFilter.objects.get().query == "status=failed"


@pytest.mark.parametrize("name", ["", "   ", "a\0b"])
def test_a_filter_without_a_name_is_not_kept(analyst: Client, name: str) -> None:
    page = analyst.post(KEEP, {"name": name, "query": "status=busy"}, follow=True)
    assert "Give the filter a name." in markup(page)
    assert not SavedFilter.objects.exists()


def test_saved_filters_are_ones_own(analyst: Client) -> None:
    other = User.objects.create_user("other", is_staff=True)
    theirs = SavedFilter.objects.create(
        owner=other, page="call_log", name="Secret", query="status=busy"
    )
    assert "Secret" not in markup(analyst.get(LOG))
    assert analyst.post(f"{KEEP}{theirs.pk}/forget/").status_code == 404
    assert SavedFilter.objects.filter(pk=theirs.pk).exists()


def test_a_look_keeps_and_forgets_nothing(analyst: Client) -> None:
    analyst.get(f"{KEEP}?name=x&query=status%3Dbusy")
    assert not SavedFilter.objects.exists()
    analyst.post(KEEP, {"name": "Mine", "query": "status=busy"})
    analyst.get(f"{KEEP}{SavedFilter.objects.get().pk}/forget/")
    assert SavedFilter.objects.exists()


# Doors -------------------------------------------------------------------------------------------


def test_whoever_may_not_see_calls_is_let_in_nowhere(batch: Batch) -> None:
    [call] = make_calls(batch, 1)
    _, client = person("view_batch", "export_callresult", "settle_callresult")
    for address in (LOG, EXPORT, reverse("admin:batchcalls_callresult_change", args=[call.pk])):
        assert client.get(address).status_code == 403
    assert client.post(KEEP, {"name": "x"}).status_code == 403
    assert client.post(f"{KEEP}1/forget/").status_code == 403


def test_whoever_may_only_look_sees_no_export(batch: Batch) -> None:
    make_calls(batch, 1)
    _, client = person("view_callresult")
    page = markup(client.get(LOG))
    assert "Export CSV" not in page
    assert client.get(EXPORT).status_code == 403
    assert f"/batchcalls/batch/{batch.pk}/change/" not in page


def test_the_export_takes_the_filter_of_the_page(analyst: Client, batch: Batch) -> None:
    make_calls(batch, 60)
    page = markup(analyst.get(f"{LOG}?status=completed&at=oldest"))
    assert f'href="{EXPORT}?status=completed"' in page
    assert len(exported(analyst, "status=completed")) == 60


def test_a_call_that_was_made_is_found_by_the_day_it_was_made_on(
    analyst: Client, make_batch: Any, run: Any
) -> None:
    run(make_batch("+12025550190"))
    today = timezone.localdate()
    assert shown(analyst, f"from={today}&to={today}") == ["+12025550190"]
    assert shown(analyst, f"from={today + timedelta(days=1)}") == []
