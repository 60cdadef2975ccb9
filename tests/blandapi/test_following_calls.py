"""Calls are listed by every filter of the API, told of, stopped, and asked about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchcalls import tasks
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount, WebhookDelivery
from batchcalls.states import BatchStatus
from batchcalls.voice.base import CallRequest
from batchcalls.voice.bland import calls as bland_calls
from batchcalls.voice.bland import lookup
from campaigns.models import Suppression
from tests.blandapi.conftest import BATCH_V2, BUSY, CALL, HUMAN, NOBODY, Carry, Program

LATER = {"start_time": "2099-01-01 12:00:00"}
SUNDAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def sent(program: Program, carry: Carry) -> list[str]:
    """Three calls, two of them of one batch, a day apart; the ids, the oldest first."""
    carry(program.post("/v2/batches/create", {**BATCH_V2, "global": {"task": "Hi."}}))
    carry(program.post("/v1/calls", {**CALL, "phone_number": BUSY, "campaign_id": "spring"}))
    calls = list(CallResult.objects.order_by("pk"))
    for day, call in enumerate(calls):
        at = SUNDAY + timedelta(days=day)
        CallResult.objects.filter(pk=call.pk).update(
            claimed_at=at, ended_at=at + timedelta(hours=36), duration_seconds=day * 60
        )
    return [str(call.call_id) for call in calls]


def listed(program: Program, **query: Any) -> list[str]:
    names = {name.rstrip("_"): value for name, value in query.items()}
    answer = program.get(f"/v1/calls?{urlencode(names)}")
    assert answer.status_code == 200, answer.json()
    told = answer.json()
    assert told["count"] == len(told["calls"])
    return [call["call_id"] for call in told["calls"]]


def refused(program: Program, **query: Any) -> str:
    answer = program.get(f"/v1/calls?{urlencode(query)}")
    assert answer.status_code == 400
    return str(answer.json()["message"])


def test_the_newest_call_comes_first_unless_asked_otherwise(
    program: Program, sent: list[str]
) -> None:
    assert listed(program) == sent[::-1]
    assert listed(program, ascending="true") == sent
    assert listed(program, sort_by="updated_at", ascending="true") == sent


def test_pages_are_taken_by_index(program: Program, sent: list[str]) -> None:
    assert listed(program, limit=2) == sent[:0:-1]
    assert listed(program, from_=1, to=2, ascending="true") == sent[1:2]
    assert listed(program, from_=1, limit=5, ascending="true") == sent[1:]
    assert listed(program, from_=9) == []
    assert program.get("/v1/calls?limit=1").json()["total_count"] == 3


#: What is asked for, and which of the calls is the answer.
FILTERED: list[tuple[dict[str, str], list[int]]] = [
    ({"to_number": HUMAN}, [0]),
    ({"to_number": "2025550190"}, [0]),
    ({"to_number": " 12025550190"}, [0]),
    ({"to_number": "nobody"}, []),
    ({"from_number": "+12025550100"}, [0, 1, 2]),
    ({"from_number": "+12025550199"}, []),
    ({"start_date": "2026-03-02"}, [1, 2]),
    ({"end_date": "2026-03-02"}, [0, 1]),
    ({"start_date": "2026-03-02T13:00:00+00:00"}, [2]),
    ({"start_date": "2026-03-02T07:00:00-05:00", "end_date": "2026-03-03"}, [1, 2]),
    ({"created_at": "2026-03-02"}, [1]),
    ({"created_at": "2026-03-03", "timezone": "Pacific/Kiritimati"}, [1]),
    ({"update_start_date": "2026-03-05"}, [2]),
    ({"update_end_date": "2026-03-03"}, [0]),
    ({"completed": "true"}, [0, 1, 2]),
    ({"completed": "false"}, []),
    ({"answered_by": "human"}, [0]),
    ({"answered_by": "no-answer"}, [1]),
    ({"answered_by": "unknown"}, [2]),
    ({"answered_by": "voicemail"}, []),
    ({"answered_by": "machine"}, []),
    ({"inbound": "true"}, []),
    ({"inbound": "false"}, [0, 1, 2]),
    ({"duration_gt": "0.5"}, [1, 2]),
    ({"duration_lt": "1.5"}, [0, 1]),
    ({"campaign_id": "spring"}, [2]),
    ({"batch_id": "no-id"}, []),
]


def test_each_filter_takes_the_calls_it_says(
    program: Program, sent: list[str], subtests: pytest.Subtests
) -> None:
    for query, expected in FILTERED:
        with subtests.test(**query):
            found = listed(program, ascending="true", **query)
            assert found == [sent[place] for place in expected]


FILTERS = (
    *("from_number", "to_number", "from", "to", "limit", "ascending", "sort_by", "start_date"),
    *("end_date", "created_at", "timezone", "update_start_date", "update_end_date", "completed"),
    *("batch_id", "answered_by", "inbound", "duration_gt", "duration_lt", "campaign_id"),
)
VALUES = st.text(max_size=12) | st.sampled_from(
    [
        *("0001-01-01", "9999-12-31", "9999-12-31T23:59:59-12:00", "2026-03-01", "-1", "1e300"),
        *(
            "true",
            "0",
            "9" * 30,
            "\x00",
            "Etc/GMT+12",
            "Pacific/Kiritimati",
            "+12025550190",
            "\u0661",
        ),
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.dictionaries(st.sampled_from(FILTERS), VALUES, max_size=4))
def test_no_filter_is_answered_with_an_error_of_ours(
    query: dict[str, str], program: Program, account: VoiceAccount
) -> None:
    if not Batch.objects.exists():
        program.post("/v1/calls", {**CALL, **LATER})

    answer = program.get(f"/v1/calls?{urlencode(query, errors='replace')}")

    assert answer.status_code in {200, 400}, answer.json()


def test_a_batchs_calls_are_found_by_its_id(program: Program, sent: list[str]) -> None:
    batch = Batch.objects.get(single_call_id=None)

    assert listed(program, batch_id=batch.pk, ascending="true") == sent[:2]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"limit": "many"}, "limit"),
        ({"from": "-1"}, "from"),
        ({"completed": "maybe"}, "completed"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "0001-01-01T00:00:00+23:59"}, "start_date"),
        ({"created_at": "2026-03-01", "end_date": "2026-03-02"}, "created_at"),
        ({"created_at": "2026-03-01", "timezone": "Mars"}, "timezone"),
        ({"answered_by": "dog"}, "answered_by"),
        ({"duration_gt": "inf"}, "duration_gt"),
        ({"sort_by": "price"}, "sort_by"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(
    query: dict[str, str], says: str, program: Program
) -> None:
    assert says in refused(program, **query)


def test_a_call_that_waits_is_in_the_list_like_any_other(program: Program, sent: list[str]) -> None:
    answer = program.post("/v1/calls", {**CALL, **LATER, "metadata": {"id": "7"}})
    waiting = answer.json()["call_id"]

    assert listed(program) == [waiting, *sent[::-1]]
    assert listed(program, ascending="true", from_=2) == [sent[2], waiting]
    assert listed(program, to_number=HUMAN) == [waiting, sent[0]]
    assert listed(program, completed="false") == [waiting]
    assert listed(program, completed="true") == sent[::-1]
    assert listed(program, to_number=BUSY) == sent[2:]
    assert listed(program, answered_by="human") == [sent[0]]
    assert listed(program, duration_lt=1) == [waiting, sent[0]]
    assert listed(program, duration_gt=0.5) == sent[:0:-1]
    assert listed(program, start_date="2026-03-03") == [waiting, sent[2]]
    assert listed(program, update_end_date="2026-03-04") == sent[1::-1]
    assert listed(program, sort_by="updated_at", limit=1) == [waiting]
    [only] = program.get("/v1/calls?completed=false").json()["calls"]
    assert (only["queue_status"], only["metadata"]) == ("queued", {"id": "7"})


def test_a_longer_list_asks_the_database_no_more_often(
    program: Program, carry: Carry, django_assert_max_num_queries: Any
) -> None:
    for number in range(2_020_000, 2_020_006):
        carry(program.post("/v1/calls", {**CALL, "phone_number": f"+1415{number}"}))
        program.post("/v1/calls", {**CALL, **LATER})

    with django_assert_max_num_queries(13):
        answer = program.get("/v1/calls")
    assert answer.json()["total_count"] == 12


@pytest.mark.parametrize("is_taken_in", [True, False])
def test_whoever_lost_the_answer_finds_the_call_before_it_is_dialed(
    is_taken_in: bool, program: Program
) -> None:
    """The provider of ours looks for its call so, and places it anew when it is not there."""
    request = CallRequest(correlation_id=uuid4(), to=HUMAN)
    metadata = {"batchcalls_correlation_id": str(request.correlation_id)}
    body = {**CALL, **LATER, "metadata": metadata, "phone_number": "202-555-0190"}
    call_id = program.post("/v1/calls", body).json()["call_id"]
    if not is_taken_in:  # as a former release leaves it when it ends at that moment
        Recipient.objects.filter(batch__single_call_id=call_id).delete()

    found = lookup.find(
        request,
        since=timezone.now() - timedelta(minutes=5),
        sent_at=timezone.now() - timedelta(minutes=5),
        now=timezone.now(),
        absent_after=timedelta(0),
        list_page=lambda path: (program.get(path).json(), timezone.now()),
        details=lambda one: program.get(f"/v1/calls/{one}").json(),
    )

    assert getattr(found, "provider_call_id", found) == call_id


def test_a_call_that_a_rule_forbids_ends_with_its_reason(program: Program, carry: Carry) -> None:
    answer = program.post("/v1/calls", CALL)
    Suppression.objects.create(e164=HUMAN)

    carry(answer)
    told = program.get(f"/v1/calls/{answer.json()['call_id']}").json()
    assert (told["completed"], told["status"]) == (True, "failed")
    assert told["queue_status"] == "queue_error"
    assert "do-not-call" in told["error_message"]
    assert not CallResult.objects.exists()
    assert bland_calls.event_of(told).status == "failed"
    assert listed(program, completed="true") == [answer.json()["call_id"]]


def test_a_waiting_call_is_stopped_for_good(program: Program) -> None:
    call_id = program.post("/v1/calls", {**CALL, **LATER}).json()["call_id"]

    answer = program.post(f"/v1/calls/{call_id}/stop")

    assert answer.json() == {"status": "success", "message": "Call ended successfully."}
    told = program.get(f"/v1/calls/{call_id}").json()
    assert (told["completed"], told["status"]) == (True, "canceled")
    again = program.post(f"/v1/calls/{call_id}/stop", {})
    assert (again.status_code, again.json()["message"]) == (
        400,
        "SID not found for the given c_id.",
    )


def test_a_live_call_is_hung_up_and_its_batch_goes_on(
    program: Program, carry: Carry, account: VoiceAccount
) -> None:
    account.options = {"speed": 1}
    account.save()
    answer = program.post("/v2/batches/create", {**BATCH_V2, "global": {"task": "Hi."}})
    batch = Batch.objects.get()
    for _ in range(20):
        tasks.step(batch, seconds=0.3)
        batch.refresh_from_db()
        if batch.calls.filter(to_number=HUMAN).exclude(provider_call_id=None).exists():
            break
    call = batch.calls.get(to_number=HUMAN)
    [active] = [
        one
        for one in program.get("/v1/calls/active").json()["data"]
        if one["call_id"] == str(call.call_id)
    ]
    assert (active["to"], active["objective"]) == (HUMAN, "Hi.")

    stopped = program.post(f"/v1/calls/{call.call_id}/stop")

    assert stopped.status_code == 200, stopped.json()
    call.refresh_from_db()
    assert call.stop_requested == "hang_up"
    account.options = {"speed": 0}
    account.save()
    assert carry(answer).status in {BatchStatus.COMPLETED, BatchStatus.COMPLETED_PARTIAL}


def test_all_active_calls_are_stopped_at_once(program: Program, account: VoiceAccount) -> None:
    first = program.post("/v1/calls", {**CALL, **LATER}).json()["call_id"]
    program.post("/v1/calls", {**CALL, **LATER, "phone_number": NOBODY})
    active = program.get("/v1/calls/active").json()
    assert active["errors"] is None
    assert {one["to"] for one in active["data"]} == {HUMAN, NOBODY}
    assert {one["status"] for one in active["data"]} == {"QUEUED"}

    stopped = program.post("/v1/calls/active/stop").json()

    assert (stopped["status"], stopped["num_calls"]) == ("success", 2)
    assert program.get("/v1/calls/active").json()["data"] == []
    assert program.get(f"/v1/calls/{first}").json()["status"] == "canceled"


def test_questions_are_answered_from_what_is_known_and_never_made_up(
    program: Program, carry: Carry
) -> None:
    answer = program.post("/v1/calls", CALL)
    carry(answer)
    call = CallResult.objects.get()
    call.extracted = {"appointment_time": "May 1", "interested": True, "blank": ""}
    call.save()
    path = f"/v1/calls/{call.call_id}/analyze"
    questions = [
        ["Appointment time?", "string"],
        ["interested", "boolean"],
        ["Who answered the call?", "human or voicemail"],
        ["Summary:", "string"],
        ["Does the callee own a dog?", "boolean"],
        ["blank", "string"],
    ]

    told = program.post(path, {"goal": "Sales", "questions": questions}).json()

    assert told["answers"] == ["May 1", True, "human", call.summary, None, None]
    assert (told["status"], told["credits_used"]) == ("success", 0)
    for body in ({}, {"goal": "x", "questions": [1]}, {"goal": "x", "questions": [[1, 2]]}):
        assert program.post(path, body).status_code == 400
    waiting = program.post("/v1/calls", {**CALL, **LATER}).json()["call_id"]
    told = program.post(f"/v1/calls/{waiting}/analyze", {"goal": "x", "questions": questions})
    assert told.json()["answers"] == [None] * 6


def test_the_transcript_is_told_and_said_to_be_uncorrected(program: Program, carry: Carry) -> None:
    answer = program.post("/v1/calls", CALL)
    carry(answer)
    call_id = answer.json()["call_id"]

    told = program.get(f"/v1/calls/{call_id}/correct").json()

    details = program.get(f"/v1/calls/{call_id}").json()
    assert [one["text"] for one in told["corrected"]] == [
        one["text"] for one in details["transcripts"]
    ]
    assert all(one["start"] <= one["end"] for one in told["corrected"])
    assert "not corrected" in told["message"]


def test_a_recording_is_handed_on_or_its_place_is_told(
    program: Program, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = program.post("/v1/calls", CALL)
    carry(answer)
    call_id = answer.json()["call_id"]
    for path in (f"/v1/recordings/{call_id}", f"/v1/calls/{call_id}/recording"):
        missing = program.get(path)
        assert missing.status_code == 404
        assert missing.json()["errors"][0]["error"] == "CALL_RECORDING_NOT_FOUND"
    private = "http://127.0.0.1/sound.mp3"
    CallResult.objects.update(recording_url=private)

    place = program.get(f"/v1/calls/{call_id}/recording")
    assert place.json() == {"status": "success", "url": private}
    # What lies in the network around the server is not fetched for anybody.
    for answered in (
        program.get(f"/v1/recordings/{call_id}"),
        program.get(f"/v1/calls/{call_id}/recording", accept="audio/mpeg"),
    ):
        assert answered.status_code == 404
        assert "private network" in answered.json()["message"]


@pytest.mark.usefixtures("example_hosts")
def test_reports_of_a_call_are_told_of_and_sent_again(program: Program, carry: Carry) -> None:
    url, other = "https://example.com/call", "https://example.com/other"
    answer = program.post("/v1/calls", {**CALL, "webhook": url})
    call_id = answer.json()["call_id"]
    assert program.get(f"/v1/postcall/webhooks/{call_id}").status_code == 404
    carry(answer)

    told = program.get(f"/v1/postcall/webhooks/{call_id}").json()["data"]
    assert (told["url"], told["call_id"], told["metadata"]) == (url, call_id, [])
    assert told["payload"]["call_id"] == call_id
    WebhookDelivery.objects.update(status="dead", next_attempt_at=None, ended_at=timezone.now())
    again = program.post("/v1/postcall/webhooks/resend", {"call_ids": [call_id, "x"]})
    assert again.json()["data"]["call_ids"] == [call_id]
    assert again.json()["errors"][0]["error"] == "CALL_NOT_FOUND"
    assert WebhookDelivery.objects.get().status == "pending"
    body = {"call_ids": [call_id], "webhook_url": other}
    assert program.post("/v1/postcall/webhooks/create", body).status_code == 200
    assert set(WebhookDelivery.objects.values_list("url", flat=True)) == {url, other}
    twice = program.post("/v1/postcall/webhooks/create", body)
    assert (twice.status_code, twice.json()["errors"][0]["error"]) == (400, "CANNOT_SEND")
    for wrong in ({}, {"call_ids": []}, {"call_ids": [1]}, {"call_ids": ["x"] * 2_000}):
        assert program.post("/v1/postcall/webhooks/resend", wrong).status_code == 400
    for wrong_url in ("", "http://example.com", "https://a:b@example.com", 5):
        wrong = {"call_ids": [call_id], "webhook_url": wrong_url}
        assert program.post("/v1/postcall/webhooks/create", wrong).status_code == 400


def test_a_call_of_the_back_offices_batch_is_told_of_too(
    program: Program, make_batch: Any, run: Any
) -> None:
    run(make_batch(HUMAN))
    [call] = CallResult.objects.all()

    told = program.get(f"/v1/calls/{call.call_id}").json()

    assert (told["to"], told["batch_id"]) == (HUMAN, str(call.batch_id))


def test_the_events_of_a_call_are_a_list_to_poll(program: Program, carry: Carry) -> None:
    answer = program.post("/v1/calls", CALL)
    call_id = answer.json()["call_id"]
    [queued] = program.get(f"/v1/calls/{call_id}/events").json()
    assert (queued["level"], queued["message"], queued["call_id"]) == ("queue", "Queued", call_id)

    carry(answer)

    events = program.get(f"/v1/event_stream/{call_id}").json()
    assert program.get(f"/v1/calls/{call_id}/events").json() == events
    said = [(one["level"], one["category"], one["message"]) for one in events]
    assert said[0] == ("queue", "info", "Queued: all checks passed")
    assert "Ended: Completed" in {message for _, _, message in said}
    assert any("(provider)" in message for _, _, message in said)
    times = [one["timestamp"] for one in events]
    assert times == sorted(times)
    assert set(events[0]) == {"level", "category", "message", "call_id", "timestamp"}


def test_the_end_of_a_call_that_failed_is_an_error(program: Program, carry: Carry) -> None:
    answer = program.post("/v1/calls", {**CALL, "phone_number": "+12025550194"})
    carry(answer)
    events = program.get(f"/v1/event_stream/{answer.json()['call_id']}").json()
    assert [one["message"] for one in events if one["category"] == "error"] == ["Ended: Failed"]


def test_the_events_of_a_call_that_was_withdrawn_say_so(program: Program) -> None:
    answer = program.post("/v1/calls", {**CALL, "start_time": "2099-01-01 12:00:00"})
    call_id = answer.json()["call_id"]
    program.post(f"/v1/calls/{call_id}/stop")
    said = [one["message"] for one in program.get(f"/v1/calls/{call_id}/events").json()]
    assert said[0] == "Queued"
    assert said[1].startswith("Ended")
