"""The page of one row: what stood in it, and why its person was or was not called."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.batches import halts
from batchcalls.models import Batch, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from campaigns.models import Suppression
from tests.admin.call_rows import person
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

NUMBER = "+12025550190"


@pytest.fixture
def viewer() -> Client:
    return person("view_recipient", "view_callresult", "view_batch")[1]


@pytest.fixture
def waiting(make_batch: Any) -> Recipient:
    """A row that waits for its turn in a batch that is calling."""
    batch = make_batch(NUMBER, name="November")
    Batch.objects.update(status="dispatching", row_count=1, queued_through=2)
    return Recipient.objects.create(
        batch=batch,
        row_number=2,
        raw_number="(202) 555-0190",
        e164=NUMBER,
        region="US",
        time_zones="America/New_York",
        request_data={"business_name": "Shop"},
        metadata={"crm": "77"},
        status="queued",
        due_at=timezone.now() - timedelta(minutes=1),
    )


def page_of(recipient: Recipient, client: Client) -> str:
    address = reverse("admin:batchcalls_recipient_change", args=[recipient.pk])
    return markup(client.get(address))


def verdicts(page: str) -> dict[str, tuple[str, str]]:
    """Return each rule's answer and its words."""
    rows = re.findall(
        r'<li><span class="pill [^"]*">([^<]*)</span>\s*<span><strong>([^<]*)</strong> '
        r'<span class="quiet">(.*?)</span></span></li>',
        page,
        re.DOTALL,
    )
    return {rule: (answer, words) for answer, rule, words in rows}


def test_the_row_is_shown_as_it_stood_and_as_it_was_understood(
    viewer: Client, waiting: Recipient
) -> None:
    page = page_of(waiting, viewer)
    for part in ("(202) 555-0190", NUMBER, "America/New_York", "Shop", "77", "Row 2 of November"):
        assert part in page


def test_every_rule_answers_for_a_row_that_waits(viewer: Client, waiting: Recipient) -> None:
    found = verdicts(page_of(waiting, viewer))
    assert {rule: answer for rule, (answer, _) in found.items()} == {
        "Number": "Yes",
        "Duplicates": "Yes",
        "Consent": "Yes",
        "Batch": "Yes",
        "Voice account": "Yes",
        "Emergency stop": "Yes",
        "Start time": "Yes",
        "Do-not-call list": "Yes",
        "Calling hours": "Yes",
        "Caller ID": "Yes",
    }


def test_a_number_on_the_do_not_call_list_is_not_called(viewer: Client, waiting: Recipient) -> None:
    Suppression.objects.create(e164=NUMBER)
    found = verdicts(page_of(waiting, viewer))
    answer, words = found["Do-not-call list"]
    assert answer == "No"
    assert words.startswith("The number is on the do-not-call list. Entry ")
    assert "Calling hours" not in found
    assert found["Rules after this one"] == ("–", "not checked")


def test_closed_hours_say_when_they_open(viewer: Client, waiting: Recipient) -> None:
    hours = {"windows": {str(day): [["09:00", "17:00"]] for day in range(7)}}
    Batch.objects.update(policy={"calling_hours": hours})
    night = datetime(2026, 11, 24, 3, tzinfo=UTC)
    found = {one.rule: one for one in explaining.why_not(Recipient.objects.get(), now=night)}
    assert found["Calling hours"].allows is False
    assert "calls may start there on Mondays at 09:00 to 17:00" in found["Calling hours"].detail
    assert "2026-11-24 14:00" in found["Calling hours"].detail
    day = datetime(2026, 11, 24, 15, tzinfo=UTC)
    found = {one.rule: one for one in explaining.why_not(Recipient.objects.get(), now=day)}
    assert found["Calling hours"].allows is True
    assert "open in America/New_York" in found["Calling hours"].detail


def test_what_holds_for_the_whole_batch_is_asked_too(viewer: Client, waiting: Recipient) -> None:
    Batch.objects.update(status="paused", reason="Too many calls failed.")
    VoiceAccount.objects.update(enabled=False)
    halts.engage(None, "The prompt is wrong.")
    Recipient.objects.update(status="deferred", due_at=timezone.now() + timedelta(days=1))
    found = verdicts(page_of(waiting, viewer))
    assert found["Batch"] == ("No", "Paused: Too many calls failed.")
    assert found["Voice account"] == ("No", "simulator is switched off")
    assert found["Emergency stop"] == ("No", "The prompt is wrong.")
    assert found["Start time"] == ("Yes", "right away")
    assert found["Next attempt"][0] == "No"
    assert found["Next attempt"][1].startswith("not before ")
    Recipient.objects.update(start_at=timezone.now() + timedelta(days=1))
    assert verdicts(page_of(waiting, viewer))["Start time"][0] == "No"


def test_a_consent_that_is_required_is_said_to_be(viewer: Client, waiting: Recipient) -> None:
    Batch.objects.update(policy={"consent_required": True})
    answer, words = verdicts(page_of(waiting, viewer))["Consent"]
    assert answer == "No"
    assert "consent" in words
    given = {"kind": "express", "given_on": "2026-01-31", "source": "web form"}
    Recipient.objects.update(consent=given)
    answer, words = verdicts(page_of(waiting, viewer))["Consent"]
    assert answer == "Yes"
    assert words.startswith("express consent of 2026-01-31, web form; ")


@pytest.mark.parametrize(
    ("code", "reason", "rule"),
    [
        ("not_a_number", "“n/a” is not a phone number.", "Number"),
        ("too_short", "“12” is too short.", "Number"),
        ("duplicate", "Row 2 has the same number.", "Duplicates"),
        ("no_consent", "The consent cell is blank.", "Consent"),
        ("do_not_call", "The number is on the do-not-call list.", "Do-not-call list"),
        ("missing_variable", "No value for {{name}}.", "Variables"),
        ("never_open", "No call may start.", "Calling hours"),
    ],
)
def test_a_skipped_row_says_which_rule_skipped_it(
    viewer: Client, waiting: Recipient, code: str, reason: str, rule: str
) -> None:
    Recipient.objects.update(status="skipped", reason_code=code, reason=reason, due_at=None)
    page = page_of(waiting, viewer)
    assert "Why was this person not called?" in page
    assert verdicts(page)[rule] == ("No", reason)


def test_a_row_skipped_by_its_list_is_shown_as_it_was_uploaded(
    viewer: Client, make_batch: Any, run: Any
) -> None:
    text = "phone_number,business_name,webhook\n12,Shop,https://example.com/?key=abc\n"
    batch = run(make_batch(text=f"{text}{NUMBER},Other,\n", name="November"))
    page = page_of(batch.recipients.get(row_number=2), viewer)
    assert re.search(r"<dt>List</dt>\s*<dd>[^<]+, row 2</dd>", page)
    uploaded = page.partition("<h2>Uploaded row</h2>")[2].partition("</section>")[0]
    assert re.findall(r"<dt>([^<]*)</dt>\s*<dd[^>]*>([^<]*)</dd>", uploaded)[:2] == [
        ("phone_number", "12"),
        ("business_name", "Shop"),
    ]
    assert "Uploaded row" not in page_of(batch.recipients.get(row_number=3), viewer)


def test_a_row_that_was_called_leads_to_its_attempts_and_their_answers(
    viewer: Client, make_batch: Any, run: Any
) -> None:
    batch = run(make_batch(NUMBER))
    recipient = batch.recipients.get()
    call = recipient.calls.get()
    page = page_of(recipient, viewer)
    assert "Why was this person called?" in page
    assert reverse("admin:batchcalls_callresult_change", args=[call.pk]) in page
    assert verdicts(page)["Do-not-call list"] == ("Yes", "not listed")


def test_a_rows_values_are_shown_as_text(viewer: Client, waiting: Recipient) -> None:
    Recipient.objects.update(
        raw_number="<script>alert(1)</script>", request_data={"<b>": "<i>مرحبا</i>"}
    )
    page = page_of(waiting, viewer)
    assert "<script>alert" not in page
    assert "&lt;i&gt;مرحبا" in page


def test_what_cannot_be_told_is_said_and_counts_as_no(viewer: Client, waiting: Recipient) -> None:
    Batch.objects.update(policy={"calling_hours": {"windows": "broken"}})
    found = verdicts(page_of(waiting, viewer))
    assert found["Could not check"][0] == "No"
    assert found["Do-not-call list"] == ("Yes", "not listed")
    assert "Could not determine whether this call is allowed" in found["Could not check"][1]


@pytest.mark.parametrize("pk", ["0", "999999", "99999999999999999999999", "x", "²"])
def test_a_row_that_is_not_there_is_not_found(viewer: Client, pk: str) -> None:
    assert viewer.get(f"/batchcalls/recipient/{pk}/change/").status_code == 404


def test_whoever_may_not_see_rows_sees_none(waiting: Recipient) -> None:
    _, client = person("view_batch", "view_callresult")
    address = reverse("admin:batchcalls_recipient_change", args=[waiting.pk])
    assert client.get(address).status_code == 403


def test_links_lead_only_where_a_person_may_go(make_batch: Any, run: Any) -> None:
    recipient = run(make_batch(NUMBER)).recipients.get()
    _, client = person("view_recipient")
    page = page_of(recipient, client).partition("<main")[2]
    assert "/batchcalls/callresult/" not in page
    assert "/batchcalls/batch/" not in page


def test_the_page_takes_the_same_number_of_queries_for_each_row(
    viewer: Client, waiting: Recipient, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(11):
        page_of(waiting, viewer)
