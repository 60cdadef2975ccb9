"""The page of one call: who said what, what came of it, and why it was made."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.models import AuditEntry, Batch, CallEvent, CallResult
from campaigns.vocabulary import outcome_in_words
from tests.admin.call_rows import make_calls, person
from tests.admin.markup import markup
from tests.voice.test_recordings import SOUND, provider

__all__ = ["provider"]  # the address of a provider that keeps recordings

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer() -> Client:
    return person("view_callresult", "view_batch", "view_recipient")[1]


@pytest.fixture
def call(make_batch: Any, run: Any) -> CallResult:
    """A call to somebody who answered."""
    run(make_batch("+12025550190", name="November"))
    return CallResult.objects.get()


def page_of(call: CallResult, client: Client, **headers: str) -> str:
    address = reverse("admin:batchcalls_callresult_change", args=[call.pk])
    return markup(client.get(address, headers=headers))


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_page_tells_the_whole_story_of_a_call(viewer: Client, call: CallResult) -> None:
    text = words(page_of(call, viewer))
    for part in (
        "Call to +12025550190",
        "November",
        "Completed",
        "Human",
        outcome_in_words(call.disposition),
        "Shop 0",  # a variable of the row
        "Prompt sent to the agent",
        "business_name",
        "Why was this person called?",
        "Do-not-call list not listed",
        "Queued all checks passed",
        "Ended Completed",
    ):
        assert part in text


def test_the_conversation_has_two_sides_with_times(viewer: Client, call: CallResult) -> None:
    call.transcript = [
        {"speaker": "agent", "text": "Hello.", "at_seconds": 1.2},
        {"speaker": "callee", "text": "Who is it?", "at_seconds": 75.0},
    ]
    call.save()
    page = page_of(call, viewer)
    assert re.findall(r'<li class="(agent|callee)"[^>]*><span class="at">([^<]*)<', page) == [
        ("agent", "1 s"),
        ("callee", "1 m 15 s"),
    ]


def test_what_was_said_is_shown_as_text_in_its_own_direction(
    viewer: Client, call: CallResult
) -> None:
    call.transcript = [
        {"speaker": "callee", "text": "<script>alert(1)</script>", "at_seconds": 0},
        {"speaker": "callee", "text": "مرحبا", "at_seconds": 1},
    ]
    call.disposition = "x" * 100
    call.extracted = {"<b>": ["<i>", 1]}
    call.summary = "<img src=x>"
    call.save()
    page = page_of(call, viewer)
    assert "&lt;script&gt;alert(1)" in page
    assert '<span dir="auto">مرحبا</span>' in page
    for raw in ("<script>alert", "<b>", "<img src=x>"):
        assert raw not in page


@pytest.mark.parametrize(
    ("speech", "shown"),
    [
        ([], "No one spoke."),
        ([{"speaker": "agent", "text": "Hello.", "at_seconds": 0}], "Hello."),
    ],
)
def test_a_call_in_which_nobody_spoke_says_so(
    viewer: Client, call: CallResult, speech: list[Any], shown: str
) -> None:
    CallResult.objects.update(transcript=speech, summary="")
    assert shown in page_of(call, viewer)


def test_other_attempts_are_a_click_away(viewer: Client, call: CallResult) -> None:
    again = CallResult.objects.create(
        batch=call.batch,
        recipient=call.recipient,
        account=call.account,
        attempt=2,
        to_number=call.to_number,
        status="busy",
        claimed_at=timezone.now(),
        ended_at=timezone.now(),
    )
    page = page_of(call, viewer)
    address = reverse("admin:batchcalls_callresult_change", args=[again.pk])
    assert f'<a href="{address}">2</a> Busy' in page


def test_the_prompt_is_the_one_of_the_batch_with_the_row_filled_in(
    viewer: Client, call: CallResult
) -> None:
    said = words(page_of(call, viewer)).partition("Prompt sent to the agent")[2]
    assert "Shop 0" in said.partition("Why was this person called")[0]
    assert "{{" not in said


def test_a_prompt_that_cannot_be_rendered_again_says_why(viewer: Client, call: CallResult) -> None:
    Batch.objects.update(prompt="Hello {{nobody_knows}}.")
    assert "{{nobody_knows}} has no value" in words(page_of(call, viewer))


# While it lasts ----------------------------------------------------------------------------------


def test_a_live_call_refreshes_itself_until_it_ended(viewer: Client, make_batch: Any) -> None:
    [call] = make_calls(make_batch("+12025550190"), 1, status="ringing", answered_by="")
    address = reverse("admin:batchcalls_callresult_change", args=[call.pk])
    assert f'data-live="{address}"' in page_of(call, viewer)
    fragment = page_of(call, viewer, **{"X-Fragment": "1"})
    assert '<div id="call-live"' in fragment
    assert "<html" not in fragment
    CallResult.objects.update(status="completed", ended_at=timezone.now())
    fragment = page_of(call, viewer, **{"X-Fragment": "1"})
    assert "data-live=" not in fragment
    assert 'data-live-say="The call is Completed"' in fragment


# What only some may see --------------------------------------------------------------------------


def test_raw_payloads_are_for_those_who_may_see_them(viewer: Client, call: CallResult) -> None:
    CallEvent.objects.create(
        account=call.account,
        call=call,
        event_key="e-1",
        status="completed",
        occurred_at=timezone.now(),
        received_at=timezone.now(),
        payload={"secret": "<from the provider>", "deep": {"list": [1]}},
    )
    assert "from the provider" not in page_of(call, viewer)
    _, allowed = person("view_callresult", "view_callevent")
    page = page_of(call, allowed)
    assert "&quot;secret&quot;: &quot;&lt;from the provider&gt;&quot;" in page
    assert re.search(r"<details [^>]*><summary>Completed", page)


def test_links_lead_only_where_a_person_may_go(call: CallResult) -> None:
    _, client = person("view_callresult")
    page = page_of(call, client)
    assert "/batchcalls/batch/" not in page.partition("<main")[2]
    assert "/batchcalls/recipient/" not in page
    assert "Was it placed?" not in page


def test_the_settling_of_a_lost_call_is_offered_to_those_who_may(make_batch: Any) -> None:
    [call] = make_calls(make_batch("+12025550190"), 1, status="unknown", answered_by="")
    _, looks = person("view_callresult")
    _, settles = person("view_callresult", "settle_callresult")
    assert "Was it placed?" not in page_of(call, looks)
    assert "Was it placed?" in page_of(call, settles)


@pytest.mark.parametrize("pk", ["0", "999999", "99999999999999999999999", "x", "²"])
def test_a_call_that_is_not_there_is_not_found(viewer: Client, pk: str) -> None:
    assert viewer.get(f"/batchcalls/callresult/{pk}/change/").status_code == 404


def test_the_number_of_queries_does_not_grow_with_attempts_and_events(
    viewer: Client, call: CallResult, django_assert_num_queries: Any
) -> None:
    queries = 12  # one of them adds the entry of the audit log
    with django_assert_num_queries(queries):
        page_of(call, viewer)
    for number in range(2, 9):
        CallEvent.objects.create(
            account=call.account,
            call=call,
            event_key=f"e-{number}",
            status="completed",
            occurred_at=timezone.now(),
            received_at=timezone.now(),
        )
        CallResult.objects.create(
            batch=call.batch,
            recipient=call.recipient,
            account=call.account,
            attempt=number,
            to_number=call.to_number,
            claimed_at=timezone.now(),
        )
    with django_assert_num_queries(queries):
        page_of(call, viewer)


# The recording -----------------------------------------------------------------------------------


def test_the_recording_is_played_from_our_own_address(
    viewer: Client, call: CallResult, provider: str
) -> None:
    assert "<audio" not in page_of(call, viewer)
    CallResult.objects.update(recording_url=f"{provider}/call.mp3")
    address = reverse("admin:batchcalls_callresult_recording", args=[call.pk])
    assert re.search(rf'<audio controls [^>]*src="{address}"', page_of(call, viewer))
    whole = viewer.get(address)
    assert (whole.status_code, whole["Content-Type"]) == (200, "audio/mpeg")
    assert b"".join(whole.streaming_content) == SOUND  # type: ignore[arg-type]
    assert "Set-Cookie" not in whole.headers
    entry = AuditEntry.objects.filter(action="viewed")[0]
    assert (entry.note, entry.object_id) == ("Recording", str(call.pk))
    part = viewer.get(address, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part["Content-Range"]) == (206, f"bytes 5-9/{len(SOUND)}")
    assert b"".join(part.streaming_content) == SOUND[5:10]  # type: ignore[arg-type]


def test_a_recording_that_cannot_be_played_says_why(viewer: Client, call: CallResult) -> None:
    address = reverse("admin:batchcalls_callresult_recording", args=[call.pk])
    assert viewer.get(address).status_code == 404
    CallResult.objects.update(recording_url="http://127.0.0.1:1/call.mp3")
    answer = viewer.get(address)
    assert answer.status_code == 502
    assert "The recording cannot be played. Its address lies in a private network." in (
        markup(answer)
    )


def test_a_recording_is_only_for_those_who_may_see_the_call(call: CallResult) -> None:
    _, client = person("view_batch")
    address = reverse("admin:batchcalls_callresult_recording", args=[call.pk])
    assert client.get(address).status_code == 403
