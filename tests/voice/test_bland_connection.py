"""Whether an account works is told in one sentence that names the remedy, without a call."""

from __future__ import annotations

import logging
import socket
import subprocess
import traceback
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from batchcalls.voice.bland import BlandProvider
from batchcalls.voice.errors import (
    AccountRefused,
    NotPlaced,
    OptionsInvalid,
    OutcomeUnknown,
    ProviderThrottled,
    VoiceError,
)
from tests.voice.bland_account import KEY, SECRET, bland
from tests.voice.carrier.process import Carrier

ADDRESS = "check BLAND_BASE_URL"


def complaint(**options: Any) -> VoiceError:
    with pytest.raises(VoiceError) as raised:
        bland(**options).check_connection()
    return raised.value


def answers(carrier: Carrier, **answer: Any) -> None:
    carrier.control(answers={"me": answer})


# It answers --------------------------------------------------------------------------------------


def test_a_good_account_shows_status_and_balance_and_whom_was_asked(carrier: Carrier) -> None:
    report = bland().check_connection()
    assert report.sentence == "Bland AI answered and accepts the key."
    assert (report.status, report.balance, report.currency) == ("active", Decimal(100), "USD")
    assert report.address == carrier.url.removeprefix("http://")
    assert (report.warning, carrier.live()["counts"]) == ("", {"me": 1})


@pytest.mark.parametrize(
    ("said", "warning"),
    [
        ({"status": "suspended"}, "“suspended”"),
        ({"status": "active", "billing": {"current_balance": 0}}, "no credit left"),
        ({"status": "active", "billing": {"current_balance": "-1.5"}}, "no credit left"),
    ],
)
def test_what_may_keep_it_from_calling_is_a_warning(
    carrier: Carrier, said: dict[str, Any], warning: str
) -> None:
    answers(carrier, status=200, body=said)
    assert warning in bland().check_connection().warning


@pytest.mark.parametrize(
    "said",
    [
        {"status": "active", "billing": None},
        {"status": "active", "billing": {"current_balance": "much"}},
        {"status": 7, "billing": {}},
    ],
)
def test_what_it_does_not_tell_is_left_out(carrier: Carrier, said: dict[str, Any]) -> None:
    answers(carrier, status=200, body=said)
    report = bland().check_connection()
    assert (report.balance, report.warning) == (None, "")


def test_a_status_of_any_length_is_cut_and_holds_no_key(carrier: Carrier) -> None:
    answers(carrier, status=200, body={"status": f"{'x' * 30}{KEY}{'x' * 500}"})
    report = bland().check_connection()
    assert len(report.status) == 40
    assert KEY[:10] not in repr(report)


# It refuses --------------------------------------------------------------------------------------


def test_a_refused_key_names_the_variable_to_look_at(carrier: Carrier) -> None:
    carrier.control(unauthorized=True)
    error = complaint()
    assert isinstance(error, AccountRefused)
    assert str(error) == "Bland AI answered 401: Unauthorized – check BLAND_API_KEY."


@pytest.mark.parametrize(
    ("answer", "kind", "remedy"),
    [
        ({"status": 402, "body": {"status": "error", "message": "No money"}}, AccountRefused, "cr"),
        ({"status": 403, "body": {"message": "Flagged"}}, AccountRefused, "ask the provider"),
        ({"status": 404, "body": "<html>Not Found</html>"}, AccountRefused, ADDRESS),
        ({"status": 404, "body": {"status": "error"}}, OutcomeUnknown, ADDRESS),
        ({"status": 301, "headers": {"location": "/"}}, AccountRefused, ADDRESS),
        ({"status": 429, "headers": {"retry-after": "7"}}, ProviderThrottled, "in 7 seconds"),
        ({"status": 500, "body": {"message": "Oops"}}, OutcomeUnknown, "try again later"),
        ({"status": 503}, OutcomeUnknown, "try again later"),
        ({"status": 200, "body": {"status": "error", "message": "Oops"}}, OutcomeUnknown, ADDRESS),
        ({"status": 200, "body": "<html>Welcome</html>"}, OutcomeUnknown, ADDRESS),
        ({"status": 200, "body": {"hello": "world"}}, OutcomeUnknown, ADDRESS),
        ({"status": 200, "body": "[1]"}, OutcomeUnknown, ADDRESS),
        ({"raw": "gibberish\r\n\r\n", "close": True}, OutcomeUnknown, ADDRESS),
        ({"raw": "", "close": True}, OutcomeUnknown, ADDRESS),
    ],
)
def test_each_refusal_names_its_remedy(
    carrier: Carrier, answer: dict[str, Any], kind: type[VoiceError], remedy: str
) -> None:
    answers(carrier, **answer)
    error = complaint()
    assert type(error) is kind
    assert remedy in str(error)
    assert str(error).endswith(".")
    assert carrier.ledger() == []


# There is no way there ---------------------------------------------------------------------------


def test_a_missing_key_is_named(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BLAND_API_KEY")
    with pytest.raises(OptionsInvalid, match="BLAND_API_KEY is not set"):
        bland()


def test_a_port_at_which_nobody_listens(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket()) as bound_but_not_listening:
        bound_but_not_listening.bind(("127.0.0.1", 0))
        port = bound_but_not_listening.getsockname()[1]
        monkeypatch.setenv("BLAND_BASE_URL", f"http://127.0.0.1:{port}")
        error = complaint()
    assert isinstance(error, NotPlaced)
    assert f"127.0.0.1:{port} refused it – check the port in BLAND_BASE_URL" in str(error)


def test_a_name_that_nobody_knows(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    # No part of a name may be so long: this fails without asking anybody.
    monkeypatch.setenv("BLAND_BASE_URL", f"https://{'x' * 64}.example.com")
    assert "is not known here – check BLAND_BASE_URL and the DNS" in str(complaint())


def test_a_name_that_the_resolver_does_not_know(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The resolver of a machine may answer anything; that of the tests answers this.
    def no_such_name(*arguments: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    monkeypatch.setenv("BLAND_BASE_URL", "https://voice.invalid")
    assert "the name voice.invalid is not known here" in str(complaint())


def test_a_handshake_that_is_never_answered(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("BLAND_BASE_URL", f"https://127.0.0.1:{port}")
        error = complaint(connect_timeout_seconds=0.2)
    assert f"127.0.0.1:{port} did not answer within 0.2 seconds" in str(error)
    assert "firewall" in str(error)


def test_a_certificate_that_nobody_vouches_for(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
    command += ["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=carrier"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    with Carrier(key=KEY, certificate=certificate, private_key=key) as running:
        monkeypatch.setenv("BLAND_BASE_URL", running.url)
        error = complaint()
        assert "did not prove who it is (TLS)" in str(error)
        assert "clock of this machine" in str(error)
        assert running.live()["counts"] == {}


def test_an_answer_that_does_not_come_is_not_waited_for_for_long(carrier: Carrier) -> None:
    carrier.control(latency_seconds=60)
    error = complaint(read_timeout_seconds=0.3)
    assert isinstance(error, OutcomeUnknown)
    assert "did not respond within 0.3 seconds – try again" in str(error)


def test_an_answer_that_is_broken_off(carrier: Carrier) -> None:
    answers(carrier, raw="HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", close=True)
    assert "cut off the response" in str(complaint())


# Nothing is given away ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 401, "body": {"status": "error", "message": f"Bad key {KEY}", "errors": [KEY]}},
        {"status": 400, "body": {"errors": [{"error": KEY, "message": KEY}]}},
        {"status": 500, "body": {"status": KEY, "message": f"{KEY} {KEY}"}},
        {"status": 200, "body": f"<html>{KEY}</html>"},
        {"raw": f"{KEY}\r\n\r\n", "close": True},
    ],
)
def test_no_complaint_tells_the_key_even_if_the_provider_repeats_it(
    carrier: Carrier, answer: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers(carrier, **answer)
    error = complaint()
    told = "".join([str(error), repr(error), error.code, *traceback.format_exception(error)])
    assert KEY not in told + caplog.text


# What the environment holds ----------------------------------------------------------------------


def test_variables_are_told_by_name_and_never_by_value(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_WEBHOOK_SECRET", SECRET)
    variables = BlandProvider.environment({"credentials": "ACME"})
    assert [(one.name, one.is_set, one.is_required) for one in variables] == [
        ("ACME_API_KEY", False, True),
        ("ACME_BASE_URL", False, False),
        ("ACME_WEBHOOK_SECRET", True, False),
    ]
    assert SECRET not in repr(variables)


def test_a_file_that_cannot_be_read_is_a_problem_and_not_an_absence(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_API_KEY_FILE", "/nowhere/key")
    key = BlandProvider.environment({})[0]
    assert not key.is_set
    assert "BLAND_API_KEY_FILE names cannot be read" in key.problem


def test_options_that_cannot_be_used_name_no_variable() -> None:
    assert BlandProvider.environment({"credentials": "no such"}) == ()


@pytest.mark.parametrize(("offset", "words"), [(-900, "s ahead of"), (900, "s behind")])
def test_a_clock_that_differs_from_the_provider_s_is_a_warning(
    carrier: Carrier, offset: int, words: str
) -> None:
    carrier.control(clock_offset_seconds=offset)
    warning = bland().check_connection().warning
    assert words in warning
    assert "NTP" in warning
    carrier.control(clock_offset_seconds=30)
    assert bland().check_connection().warning == ""
