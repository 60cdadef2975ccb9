"""Whatever goes wrong on the wire, nobody is dialed twice and nobody is given up too early.

Each fault is a real one, made by the carrier, the operating system, or TLS.
"""

from __future__ import annotations

import json
import logging
import socket
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchcalls.net.http import LONGEST_ANSWER_BYTES, HttpAnswer
from batchcalls.voice.base import CallFound
from batchcalls.voice.bland.answers import LONGEST_MESSAGE, Judge, retry_after
from batchcalls.voice.errors import (
    AccountRefused,
    CallRejected,
    NotPlaced,
    OutcomeUnknown,
    ProviderThrottled,
    VoiceError,
)
from tests.voice.bland_account import KEY, bland, request_to
from tests.voice.carrier.process import Carrier

#: A client that does not wait long for what never comes.
HASTY: dict[str, Any] = {"read_timeout_seconds": 0.5}


def refusal(**options: Any) -> VoiceError:
    """Place a call and return the error."""
    with pytest.raises(VoiceError) as raised:
        bland(**options).place(request_to())
    return raised.value


def said(message: str, *, code: str = "", status: str = "error") -> dict[str, Any]:
    if code:
        return {"data": None, "errors": [{"error": code, "message": message}]}
    return {"status": status, "message": message}


# No connection: definitely not placed ------------------------------------------------------------


def is_not_placed(error: VoiceError) -> bool:
    return type(error) is NotPlaced and error.code == "connection_failed"


def test_a_refused_connection_places_nothing(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.socket()) as bound_but_not_listening:
        bound_but_not_listening.bind(("127.0.0.1", 0))
        port = bound_but_not_listening.getsockname()[1]
        monkeypatch.setenv("BLAND_BASE_URL", f"http://127.0.0.1:{port}")
        error = refusal()
    assert is_not_placed(error)
    assert isinstance(error, NotPlaced)
    assert error.retry_after_seconds == 5


def test_a_name_that_cannot_be_resolved_places_nothing(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No part of a name may be so long: this fails without asking anybody.
    monkeypatch.setenv("BLAND_BASE_URL", f"https://{'x' * 64}.example.com")
    assert is_not_placed(refusal())


def test_a_handshake_that_is_never_answered_places_nothing(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("BLAND_BASE_URL", f"https://127.0.0.1:{port}")
        assert is_not_placed(refusal(connect_timeout_seconds=0.2))


def test_plain_text_where_tls_was_expected_places_nothing(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server, ThreadPoolExecutor(1) as pool:
        port = server.getsockname()[1]
        monkeypatch.setenv("BLAND_BASE_URL", f"https://127.0.0.1:{port}")

        def answer_in_plain_text() -> None:
            with closing(server.accept()[0]) as connection:
                connection.recv(1)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        answering = pool.submit(answer_in_plain_text)
        assert is_not_placed(refusal())
        answering.result()


def test_a_call_for_which_there_is_no_free_connection_is_not_placed(carrier: Carrier) -> None:
    carrier.control(latency_seconds=60)
    options = {"connections": 1, "connect_timeout_seconds": 0.5, "read_timeout_seconds": 3}
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(refusal, **options)
        while not carrier.live()["requests"]:
            time.sleep(0.01)
        second = refusal(**options)
        assert isinstance(first.result(), OutcomeUnknown)
    assert is_not_placed(second)
    assert len(carrier.ledger()) == 1


# The answer was lost: a call may exist -----------------------------------------------------------


def answered(**answer: Any) -> dict[str, Any]:
    return {"answers": {"place": answer}}


CUT_OFF = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"
EARLY_HINTS = (
    "HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n"
    'HTTP/1.1 200 OK\r\ncontent-length: 23\r\n\r\n{"call_id":"another-s"}\n'
)
#: What the carrier does, and how many calls there are then. With these, nothing comes:
SILENT: list[tuple[dict[str, Any], int]] = [
    ({"latency_seconds": 60}, 1),
    ({"slow_body_rate": 1}, 1),
    (answered(raw=CUT_OFF), 0),
]
#: With these, something comes that is no answer.
BROKEN: list[tuple[dict[str, Any], int]] = [
    ({"reset_before_rate": 1}, 0),
    ({"reset_after_rate": 1}, 1),
    ({"error_before_rate": 1}, 0),
    ({"error_after_rate": 1}, 1),
    *((answered(status=status), 0) for status in (408, 502, 503, 504)),
    (answered(status=200, body="<html>Welcome</html>"), 0),
    (answered(status=200, body=""), 0),
    (answered(status=200, body=[]), 0),
    (answered(status=200, body={"status": "success"}), 0),
    (answered(status=200, body={"call_id": 7}), 0),
    (answered(status=200, body={"call_id": "x" * 101}), 0),
    (answered(status=200, body={"call_id": "c-1", "status": "error"}), 0),
    (answered(status=400, body={"call_id": "c-1", "status": "error"}), 0),
    (answered(status=429, body={"call_id": "c-1", "status": "error"}), 0),
    (answered(status=303, headers={"location": "/v1/calls/c-1"}), 0),
    (answered(raw=CUT_OFF, close=True), 0),
    (answered(raw=EARLY_HINTS), 0),
    (answered(raw="gibberish\r\n\r\n", close=True), 0),
    (answered(raw="", close=True), 0),
]
LOST = [
    *((behavior, calls, HASTY) for behavior, calls in SILENT),
    *((behavior, calls, {}) for behavior, calls in BROKEN),
]


@pytest.mark.parametrize(("behavior", "calls", "options"), LOST)
def test_a_lost_answer_leaves_open_whether_there_is_a_call(
    carrier: Carrier, behavior: dict[str, Any], calls: int, options: dict[str, Any]
) -> None:
    carrier.control(**behavior)
    assert isinstance(refusal(**options), OutcomeUnknown)
    ledger = carrier.ledger()
    assert len(ledger) == 1, "the request is never repeated"
    assert len([row for row in ledger if row["call_id"]]) == calls


def test_an_endless_answer_is_not_read_to_its_end(carrier: Carrier) -> None:
    body = "x" * (LONGEST_ANSWER_BYTES + 1)
    carrier.control(**answered(status=200, body=body))
    assert isinstance(refusal(), OutcomeUnknown)


@pytest.mark.parametrize(
    ("behavior", "options"), [(behavior, options) for behavior, calls, options in LOST if calls]
)
def test_a_call_whose_answer_was_lost_is_found(
    carrier: Carrier, behavior: dict[str, Any], options: dict[str, Any]
) -> None:
    carrier.control(**behavior)
    request = request_to()
    with pytest.raises(OutcomeUnknown):
        bland(**options).place(request)
    carrier.control(latency_seconds=0)
    found = bland().find(request, sent_at=datetime.now(UTC))
    assert isinstance(found, CallFound)
    assert found.provider_call_id == carrier.ledger()[0]["call_id"]


def test_after_a_lost_answer_the_next_call_gets_its_own(carrier: Carrier) -> None:
    # With a single connection, one that was not given back would be missed.
    options: dict[str, Any] = {"connections": 1, "read_timeout_seconds": 1}
    for behavior, _, _ in LOST:
        carrier.control(**behavior)
        refusal(**options)
        carrier.reset()
        accepted = bland(**options).place(request_to())
        assert [row["call_id"] for row in carrier.ledger()] == [accepted.provider_call_id]


# The provider refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, said("Invalid parameters"), "rejected"),
        (400, said("Number found in DNC list.", status="DNC Error"), "provider_dnc"),
        (400, said("Bad voice.", code="INVALID_VOICE"), "invalid_voice"),
        (404, said("Pathway not found."), "not_found"),
        (418, said("The objective was not accepted."), "objective_refused"),
        (422, said("Unprocessable."), "invalid"),
        (413, "<html>Too large</html>", "rejected"),
        (429, said("This number is blacklisted."), "number_blocked"),
        (429, said("International calls are limited."), "international_blocked"),
        (429, said("No.", code="CALL_PLAN_DESTINATION_BLOCKED"), "destination_blocked"),
        (403, said("No.", code="CALL_PLAN_DESTINATION_BLOCKED"), "destination_blocked"),
        (402, said("No.", code="CALL_UNPAID_INTL_BLOCK"), "international_blocked"),
        (200, said("Invalid parameters"), "rejected"),
        (200, said("Number found in DNC list.", status="DNC Error"), "provider_dnc"),
        (201, said("Bad voice.", code="INVALID_VOICE"), "invalid_voice"),
    ],
)
def test_a_call_that_is_refused_for_good_fails_its_recipient_only(
    carrier: Carrier, status: int, body: Any, code: str
) -> None:
    carrier.control(**answered(status=status, body=body))
    error = refusal()
    assert type(error) is CallRejected
    assert error.code == code


@pytest.mark.parametrize(
    ("status", "body", "code", "remedy"),
    [
        (401, said("Unauthorized", code="AUTH_FAILURE"), "unauthorized", "BLAND_API_KEY"),
        (401, "", "unauthorized", "BLAND_API_KEY"),
        (402, said("Insufficient balance"), "payment_required", "credit"),
        (403, said("Account flagged"), "forbidden", "account"),
        (301, "", "wrong_address", "BLAND_BASE_URL"),
        (405, "<html>", "wrong_address", "BLAND_BASE_URL"),
        (404, "<html>Not Found</html>", "wrong_address", "BLAND_BASE_URL"),
        (404, {"message": "Cannot POST /v1/calls"}, "wrong_address", "BLAND_BASE_URL"),
        (400, "<html>Plain HTTP to an HTTPS port</html>", "wrong_address", "BLAND_BASE_URL"),
    ],
)
def test_a_refused_account_is_not_the_fault_of_its_recipients(
    carrier: Carrier, status: int, body: Any, code: str, remedy: str
) -> None:
    carrier.control(**answered(status=status, body=body))
    error = refusal()
    assert isinstance(error, AccountRefused)
    assert (error.code, error.retry_after_seconds) == (code, 60)
    assert remedy in str(error)


def test_a_wrong_key_is_refused(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLAND_API_KEY", "sk-wrong")
    error = refusal()
    assert isinstance(error, AccountRefused)
    assert error.code == "unauthorized"


def test_a_base_url_that_is_another_program_s_is_the_account_s_fault(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_BASE_URL", f"{carrier.url}/elsewhere")
    error = refusal()
    assert isinstance(error, AccountRefused)
    assert error.code == "wrong_address"


def test_a_redirect_is_not_followed(carrier: Carrier) -> None:
    location = {"location": f"{carrier.url}/v1/calls"}
    carrier.control(**answered(status=307, headers=location))
    assert refusal().code == "wrong_address"
    assert len(carrier.ledger()) == 1


def test_the_reason_is_told_in_the_provider_s_words(carrier: Carrier) -> None:
    carrier.control(reject_rate=1)
    assert str(refusal()) == (
        "Bland AI answered 400: Invalid parameters: phone_number must be a valid phone number."
    )


# Too many ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "seconds", "account_wide"),
    [
        (said("Rate limit exceeded"), "rate_limit", 2, True),
        (said("Too many calls.", code="CALL_RL_PLAN_CONCURRENCY"), "concurrency_limit", 5, True),
        (said("No.", code="CALL_RL_PLAN_DAILY_MINUTES"), "daily_limit", 3600, True),
        (said("No.", code="CALL_RL_PLAN_HOURLY"), "rate_limit", 60, True),
        (said("New customers may place 20 calls."), "daily_limit", 3600, True),
        (said("Hourly limit reached"), "hourly_limit", 600, True),
        (
            said("The same number can be called once every 10 seconds"),
            "number_called_too_often",
            10,
            False,
        ),
        (said("You can call a number only every 10s"), "number_called_too_often", 10, False),
        (said("Slow down"), "throttled", 5, True),
        ("<html>Too Many Requests</html>", "throttled", 5, True),
        ("", "throttled", 5, True),
    ],
)
def test_too_many_says_how_long_to_wait_and_who_shall_wait(
    carrier: Carrier, body: Any, code: str, seconds: float, *, account_wide: bool
) -> None:
    carrier.control(**answered(status=429, body=body))
    error = refusal()
    assert isinstance(error, ProviderThrottled)
    assert (error.code, error.retry_after_seconds) == (code, seconds)
    assert error.account_wide == account_wide


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("1.5", 1.5), ("0", 0.5), ("999999", 3600), ("soon", 2), ("-5", 2), ("", 2)],
)
def test_the_provider_names_the_seconds(carrier: Carrier, header: str, seconds: float) -> None:
    carrier.control(throttle_rate=1, throttle_retry_after=header)
    error = refusal()
    assert isinstance(error, ProviderThrottled)
    assert error.retry_after_seconds == seconds
    assert carrier.ledger()[0]["call_id"] is None


def test_the_provider_names_a_date(carrier: Carrier) -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)
    carrier.control(throttle_rate=1, throttle_retry_after=in_a_minute)
    error = refusal()
    assert isinstance(error, ProviderThrottled)
    assert 30 < error.retry_after_seconds <= 60


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_date_is_read_by_the_clock_that_named_it(carrier: Carrier, hours: int) -> None:
    by_its_clock = datetime.now(UTC) + timedelta(hours=hours, minutes=1)
    in_a_minute = format_datetime(by_its_clock, usegmt=True)
    carrier.control(clock_offset_seconds=3600 * hours)
    carrier.control(throttle_rate=1, throttle_retry_after=in_a_minute)
    error = refusal()
    assert isinstance(error, ProviderThrottled)
    assert 30 < error.retry_after_seconds <= 61


def test_without_a_word_about_time_a_default_is_waited(carrier: Carrier) -> None:
    carrier.control(throttle_rate=1)
    error = refusal()
    assert isinstance(error, ProviderThrottled)
    assert error.retry_after_seconds == 2


@given(st.text())
def test_any_retry_after_is_a_bearable_wait_or_none(header: str) -> None:
    seconds = retry_after(header, now=datetime(2026, 7, 1, tzinfo=UTC))
    assert seconds is None or 0.5 <= seconds <= 3600


# Whatever the answer -----------------------------------------------------------------------------


@given(
    status=st.integers(200, 599),
    body=st.one_of(
        st.binary(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(["status", "message", "errors", "error", "x"]), inner
                )
            ),
        ).map(lambda value: json.dumps(value).encode()),
    ),
    header=st.text(max_size=30),
)
def test_every_refusal_is_one_of_the_errors_that_dispatch_knows(
    status: int, body: bytes, header: str
) -> None:
    judge = Judge(label="Bland AI", prefix="BLAND", api_key=KEY)
    answer = HttpAnswer(status, {"retry-after": header}, body)
    error = judge.refusal(answer, judge.read(answer), now=datetime(2026, 7, 1, tzinfo=UTC))
    assert isinstance(error, CallRejected | NotPlaced | OutcomeUnknown)
    assert 0 < len(error.code) <= 60
    assert len(str(error)) < LONGEST_MESSAGE + 150
    assert "\x00" not in str(error)
    if status in {303, 408} or status >= 500:
        assert isinstance(error, OutcomeUnknown)


SECRETIVE: list[dict[str, Any]] = [
    *(behavior for behavior, _, _ in LOST),
    *(
        answered(status=status, body=said(f"The key {KEY} is not good."))
        for status in (200, 302, 400, 401, 403, 429, 500)
    ),
    answered(status=401, body=said(f"No {KEY}", code=f"BAD {KEY}")),
]


@pytest.mark.parametrize("behavior", SECRETIVE)
def test_no_error_and_no_log_tells_the_key(
    carrier: Carrier, behavior: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    carrier.control(**behavior)
    error = refusal(**HASTY)
    told = "".join([str(error), repr(error), error.code, *traceback.format_exception(error)])
    assert KEY not in told + caplog.text
    assert KEY.lower().replace("-", "_") not in told


def test_no_error_tells_a_secret_of_a_tool_that_the_answer_repeats(carrier: Carrier) -> None:
    told = "tools[0].headers: Bearer hush-4711 is no token, see https://x.example/u?key=hush-4712"
    carrier.control(**answered(status=400, body=said(told, code="INVALID hush-4711")))
    url, headers = "https://x.example/u?key=hush-4712", {"Authorization": "Bearer hush-4711"}
    tool = {"name": "Book", "url": url, "headers": headers}
    with pytest.raises(CallRejected) as refused:
        bland().place(request_to(settings={"custom_tools": [tool]}))
    assert "hush" not in f"{refused.value}{refused.value.code}"
    assert "tools[0].headers" in str(refused.value)


def test_a_provider_and_its_credentials_do_not_show_the_key(carrier: Carrier) -> None:
    provider = bland()
    assert KEY not in repr(provider) + str(provider) + repr(provider.config)
