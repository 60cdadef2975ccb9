"""What a call object says, however odd it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchcalls.states import CALL_FINAL, CallStatus
from batchcalls.voice.base import CallDetails, VoiceEvent
from batchcalls.voice.bland import calls, reading
from batchcalls.voice.errors import WebhookUnreadable
from campaigns.vocabulary import AnsweredBy, Disposition

C = CallStatus
CORRELATION_ID = UUID("0197f3a2-7c1d-7b6e-9d5a-3f1f0e9c8b7a")

#: As a post-call webhook has it.
REPORT: dict[str, Any] = {
    "call_id": "c1234567-89ab-cdef-0123-456789abcdef",
    "c_id": "c1234567-89ab-cdef-0123-456789abcdef",
    "call_length": 1.183,
    "batch_id": None,
    "to": "+12025550190",
    "from": "+12025550100",
    "request_data": {"customer_name": "Emily"},
    "metadata": {"order": "A-17", "batchcalls_correlation_id": str(CORRELATION_ID)},
    "completed": True,
    "inbound": False,
    "created_at": "2026-07-01T12:00:00.000Z",
    "started_at": "2026-07-01T12:00:05.000Z",
    "end_at": "2026-07-01T12:01:16.000Z",
    "queue_status": "complete",
    "error_message": None,
    "answered_by": "human",
    "variables": {"now": "Wednesday", "slot": "3pm"},
    "recording_url": "https://recordings.example.com/c1234567.mp3",
    "summary": " Emily moved her appointment. ",
    "price": 0.142,
    "analysis": {"booked": True},
    "transcripts": [
        {
            "id": 1,
            "created_at": "2026-07-01T12:00:06.500Z",
            "text": "Hey, it's Emily. ",
            "user": "user",
        },
        {
            "id": 2,
            "created_at": "2026-07-01T12:00:08.000Z",
            "text": "Hi! Is now a good time?",
            "user": "assistant",
        },
        {"id": 3, "created_at": None, "text": "  ", "user": "user"},
        {
            "id": 4,
            "created_at": "2026-07-01T12:01:20.000Z",
            "text": "Ended call: Goodbye!",
            "user": "agent-action",
        },
    ],
    "status": "completed",
    "corrected_duration": "71",
    "disposition_tag": "CALL_BACK_SCHEDULED",
}


def event(**changes: Any) -> VoiceEvent:
    return calls.event_of({**REPORT, **changes})


def details(**changes: Any) -> CallDetails:
    told = event(**changes).details
    assert told is not None
    return told


def test_a_report_says_which_call_ended_how_and_when() -> None:
    assert event(transcripts=[]) == VoiceEvent(
        event_key="c1234567-89ab-cdef-0123-456789abcdef:completed:0.14200",
        provider_call_id="c1234567-89ab-cdef-0123-456789abcdef",
        status=C.COMPLETED,
        raw_status="completed",
        occurred_at=datetime(2026, 7, 1, 12, 1, 16, tzinfo=UTC),
        correlation_id=CORRELATION_ID,
        to="+12025550190",
        answered_by="human",
        details=CallDetails(
            duration_seconds=71,
            transcript=[],
            summary="Emily moved her appointment.",
            disposition="CALL_BACK_SCHEDULED",
            variables={"customer_name": "Emily", "now": "Wednesday", "slot": "3pm"},
            extracted={"booked": True},
            recording_url="https://recordings.example.com/c1234567.mp3",
            price=Decimal("0.14200"),
            currency="USD",
        ),
    )


def test_a_transcript_is_told_in_turns_within_the_call() -> None:
    turns = [(turn.speaker, turn.text, turn.at_seconds) for turn in details().transcript]
    assert turns == [
        ("callee", "Hey, it's Emily.", 1.5),
        ("agent", "Hi! Is now a good time?", 3.0),
        ("agent", "Ended call: Goodbye!", 70.0),
    ]


def test_a_transcript_in_one_piece_is_taken_apart() -> None:
    text = "user : Hey, it's Emily: hello? \n assistant: Hi!\nHow are you? \n user: Fine."
    turns = details(transcripts=None, concatenated_transcript=text).transcript
    assert [(turn.speaker, turn.text) for turn in turns] == [
        ("callee", "Hey, it's Emily: hello?"),
        ("agent", "Hi!\nHow are you?"),
        ("callee", "Fine."),
    ]


@pytest.mark.parametrize(
    ("call", "status", "answered_by"),
    [
        ({"queue_status": "new"}, C.QUEUED, ""),
        ({"queue_status": "queued", "completed": False}, C.QUEUED, ""),
        ({"queue_status": "allocated", "completed": False}, C.QUEUED, ""),
        ({"queue_status": "started", "completed": False}, C.IN_PROGRESS, ""),
        ({"queue_status": "started", "answered_by": "human"}, C.IN_PROGRESS, "human"),
        ({"queue_status": "started", "status": "completed"}, C.IN_PROGRESS, ""),
        (
            {"queue_status": "started", "completed": True, "answered_by": "human"},
            C.COMPLETED,
            "human",
        ),
        ({"status": "in-progress"}, C.IN_PROGRESS, ""),
        ({"status": "completed", "answered_by": "human"}, C.COMPLETED, "human"),
        ({"status": "completed", "answered_by": "voicemail"}, C.COMPLETED, "voicemail"),
        ({"status": "completed", "answered_by": None}, C.COMPLETED, ""),
        ({"status": "completed", "answered_by": "a robot"}, C.COMPLETED, "unknown"),
        ({"status": "completed", "answered_by": "no-answer"}, C.NO_ANSWER, "no_answer"),
        ({"status": "no-answer"}, C.NO_ANSWER, "no_answer"),
        ({"status": "busy", "answered_by": "no-answer"}, C.BUSY, ""),
        ({"status": "failed", "queue_status": "call_error"}, C.FAILED, ""),
        ({"status": "canceled", "answered_by": "unknown"}, C.CANCELED, ""),
        ({"status": "CANCELED"}, C.CANCELED, ""),
        ({"queue_status": "pre_queue_error"}, C.FAILED, ""),
        ({"queue_status": "queue_error", "answered_by": "no-answer"}, C.NO_ANSWER, "no_answer"),
        ({"queue_status": "complete_error", "answered_by": "human"}, C.COMPLETED, "human"),
        ({"queue_status": "complete", "call_length": 0.5}, C.COMPLETED, ""),
        ({"queue_status": "complete", "call_length": 0}, C.FAILED, ""),
        ({"queue_status": "completed", "status": "unknown"}, C.FAILED, ""),
        ({"completed": True, "answered_by": "voicemail"}, C.COMPLETED, "voicemail"),
        ({"queue_status": "on the moon"}, C.UNKNOWN, ""),
        ({"status": "on the moon"}, C.UNKNOWN, ""),
        ({}, C.UNKNOWN, ""),
    ],
)
def test_the_provider_s_words_are_understood(
    call: dict[str, Any], status: CallStatus, answered_by: str
) -> None:
    told = calls.event_of({"call_id": "c-1", **call})
    assert (told.status, told.answered_by) == (status, answered_by)


@pytest.mark.parametrize(
    ("status", "disposition"),
    [("no-answer", "NO_ANSWER"), ("busy", "BUSY"), ("failed", "FAILED"), ("canceled", "CANCELED")],
)
def test_a_call_that_nobody_talked_in_has_a_disposition_all_the_same(
    status: str, disposition: str
) -> None:
    told = details(status=status, answered_by=None, disposition_tag=None).disposition
    assert told == disposition
    assert told in Disposition.values


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Call failed. The number you dialed is not found.", "number_not_found"),
        ("The number you dialed is temporarily unavailable.", "temporarily_unavailable"),
        (
            "Service Provider Blocked Call due to Spam or Number Reputation. Try a different one.",
            "blocked_by_carrier",
        ),
        ("A database error occurred. Please contact support.", "call_error"),
        ("unknown", "call_error"),
        (None, "call_error"),
    ],
)
def test_a_failed_call_says_why(message: str | None, code: str) -> None:
    told = details(status="failed", queue_status="call_error", error_message=message)
    assert told.error_code == code
    assert told.error_message == ("" if message == "unknown" else message or "")


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"corrected_duration": "71"}, 71),
        ({"corrected_duration": 71.5}, 72),
        ({"corrected_duration": None, "call_length": 1.183}, 71),
        ({"corrected_duration": "", "call_length": "2"}, 120),
        ({"corrected_duration": None, "call_length": None}, 0),
        ({"corrected_duration": "-3"}, 0),
        ({"corrected_duration": "1e400", "call_length": None}, 0),
        ({"corrected_duration": 10**30, "call_length": None}, 0),
        ({"corrected_duration": "1e400", "call_length": 2}, 120),
        ({"corrected_duration": 10**9, "call_length": 2}, 0),
        ({"corrected_duration": "a while", "call_length": []}, 0),
    ],
)
def test_a_duration_is_in_whole_seconds(changes: dict[str, Any], seconds: int) -> None:
    assert details(**changes).duration_seconds == seconds


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (0.015, "0.015"),
        (0.1 + 0.2, "0.3"),
        (1, "1"),
        ("0.142", "0.142"),
        (0, "0"),
        (None, None),
        (True, None),
        (-1, None),
        ("much", None),
        ("NaN", None),
        (10**9, None),
        ({}, None),
    ],
)
def test_a_price_is_an_exact_decimal_or_not_known(price: Any, expected: str | None) -> None:
    assert details(price=price).price == (None if expected is None else Decimal(expected))


def test_money_survives_being_stored_as_json() -> None:
    stored = json.loads(
        json.dumps(reading.parse(b'{"call_id":"c","completed":true,"price":0.015}'))
    )
    told = calls.event_of(stored).details
    assert told is not None
    assert told.price == Decimal("0.015")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://x", "", None, 7, "https://a b"])
def test_only_an_address_of_the_web_is_offered_as_a_recording(url: Any) -> None:
    assert details(recording_url=url).recording_url == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "2026-07-01T12:01:16+00:00"),
        ({"end_at": "2026-07-01 14:01:16+02:00"}, "2026-07-01T12:01:16+00:00"),
        ({"end_at": "2026-07-01T12:01:16"}, "2026-07-01T12:01:16+00:00"),
        ({"end_at": None}, "2026-07-01T12:01:16+00:00"),
        ({"end_at": "0001-01-01T00:00:00+14:00"}, "2026-07-01T12:01:16+00:00"),
        ({"end_at": 5, "started_at": None}, "2026-07-01T12:01:11+00:00"),
    ],
)
def test_the_time_of_an_event_is_the_provider_s(changes: dict[str, Any], expected: str) -> None:
    assert event(**changes).occurred_at.isoformat() == expected


def test_an_event_without_any_time_happened_now() -> None:
    before = datetime.now(UTC)
    told = calls.event_of({"call_id": "c-1", "completed": True})
    assert before <= told.occurred_at <= before + timedelta(minutes=1)


# Messages that are no reports --------------------------------------------------------------------

IN_CALL = {"message": "Call started", "call_id": "c-1", "category": "call", "log_level": "info"}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (IN_CALL, "event.call"),
        ({**IN_CALL, "category": "queue", "log_level": "performance"}, "event.queue"),
        ({**REPORT, "event_type": "citations", "citations": []}, "enrichment.citations"),
        ({**REPORT, "event_type": "multiple", "contents": []}, "enrichment.multiple"),
        ({"call_id": "c-1", "evals": {"score": 5}}, "enrichment.evals"),
    ],
)
def test_a_message_that_is_no_report_moves_no_call(message: dict[str, Any], kind: str) -> None:
    told = calls.event_of(message)
    assert (told.status, told.raw_status, told.details) == (C.UNKNOWN, kind, None)
    assert told.event_key == calls.event_of(dict(reversed(message.items()))).event_key
    assert told.event_key != calls.event_of({**message, "message": "Another"}).event_key


def test_a_report_that_is_sent_again_with_more_in_it_keeps_its_key() -> None:
    assert event(citations=[{"a": 1}], summary="Longer.").event_key == event().event_key


# Whatever is sent --------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["completed", "failed", "started", "queued", "call_error", "no-answer", "human", "call", "71"]
)
INSTANTS = st.datetimes().map(lambda moment: moment.isoformat()) | st.just("9999-12-31T23:59-12:00")
MEMBERS = {*REPORT, "category", "event_type", "evals"} - {"call_id", "completed"}
PHRASES = st.fixed_dictionaries(
    {},
    optional={
        "user": st.sampled_from(["user", "assistant", "robot"]) | JSON,
        "text": st.text() | JSON,
        "created_at": INSTANTS | JSON,
    },
)


@given(
    st.fixed_dictionaries(
        {"call_id": st.just("c-1") | st.text() | JSON, "completed": st.booleans() | JSON},
        optional={
            **dict.fromkeys(sorted(MEMBERS), WORDS | INSTANTS | JSON),
            "transcripts": st.lists(PHRASES) | JSON,
            "concatenated_transcript": st.text() | st.just("user: \x00 \n assistant :: x user:"),
            "metadata": JSON | st.just({"batchcalls_correlation_id": str(CORRELATION_ID)}),
        },
    )
)
def test_any_payload_gives_a_sane_event_or_is_unreadable(payload: dict[str, Any]) -> None:
    try:
        payload = reading.parse(json.dumps(payload).encode())
        told = calls.event_of(payload)
    except (reading.NotJson, WebhookUnreadable):
        return
    assert 0 < len(told.event_key) <= 200
    assert 0 < len(told.provider_call_id) <= 100
    assert 0 < len(told.raw_status) <= 60
    assert told.occurred_at.tzinfo is UTC
    assert told.answered_by in {"", *AnsweredBy.values}
    assert (told.details is not None) == (told.status in CALL_FINAL)
    if told.details is None:
        return
    assert 0 <= told.details.duration_seconds <= 7 * 86_400
    times = [turn.at_seconds for turn in told.details.transcript]
    assert times == sorted(times)
    assert all(0 <= at <= told.details.duration_seconds for at in times)
    assert all(turn.text.strip() == turn.text != "" for turn in told.details.transcript)
    stored = json.dumps([told.details.variables, told.details.extracted, told.details.summary])
    assert "\\u0000" not in stored
    assert "NaN" not in stored


@pytest.mark.parametrize(
    "call_id", [None, "", " ", 7, "x" * 101, "a b", "a\nb", "ü", ".", "..", []]
)
def test_without_an_id_that_can_be_kept_a_message_is_unreadable(call_id: Any) -> None:
    with pytest.raises(WebhookUnreadable):
        calls.event_of({"call_id": call_id, "status": "completed"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
        "\ufeff{}".encode(),
    ],
)
def test_what_is_not_json_or_cannot_be_kept_is_refused(body: bytes) -> None:
    with pytest.raises(reading.NotJson):
        reading.parse(body)


def test_characters_that_no_database_takes_are_replaced() -> None:
    parsed = reading.parse(b'{"a\\u0000":["\\ud800x", "\\ud83d\\ude00", {"b": "\\u0000"}]}')
    assert parsed == {"a\ufffd": ["\ufffdx", "\U0001f600", {"b": "\ufffd"}]}
