"""Test an account's key and address without placing a call. Source: Bland API, Me."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from batchcalls.net import http
from batchcalls.net.http import Cause
from batchcalls.voice import clocks
from batchcalls.voice.base import ConnectionReport
from batchcalls.voice.bland import reading
from batchcalls.voice.bland.answers import Judge, Said
from batchcalls.voice.bland.options import BlandOptions
from batchcalls.voice.credentials import Credentials
from batchcalls.voice.errors import (
    AccountRefused,
    NotPlaced,
    OutcomeUnknown,
    ProviderThrottled,
    VoiceError,
)

PATH = "/v1/me"
#: Limit on the timeouts of the account, because a person waits for the answer.
LONGEST_WAIT_SECONDS = 10.0
#: More than one person may test at the same time.
CONNECTIONS = 4
LONGEST_STATUS = 40

#: What is wrong when no connection is possible, and the remedy.
_NO_CONNECTION: Mapping[Cause, str] = {
    Cause.NAME: "the name {host} is not known here – check {prefix}_BASE_URL and the DNS of this "
    "machine",
    Cause.REFUSED: "{host} refused it – check the port in {prefix}_BASE_URL, and that nothing on "
    "the way blocks it",
    Cause.TIMEOUT: "{host} did not answer within {connect:g} seconds – check {prefix}_BASE_URL, "
    "and that a firewall lets this machine out",
    Cause.TLS: "{host} did not prove who it is (TLS) – check {prefix}_BASE_URL, and the "
    "certificates and the clock of this machine",
    Cause.OTHER: "{reason} – check {prefix}_BASE_URL and the network of this machine",
}


def check(
    known: Credentials,
    *,
    headers: Mapping[str, str],
    options: BlandOptions,
    judge: Judge,
    label: str,
) -> ConnectionReport:
    """Ask the provider for the key's owner, and return a report.

    Raise `AccountRefused` for an unusable key, account or address; `NotPlaced` when there is no
    connection; `ProviderThrottled`; `OutcomeUnknown` when no answer could be read. Each text names
    the remedy.
    """
    connect = min(options.connect_timeout_seconds, LONGEST_WAIT_SECONDS)
    patience = min(options.read_timeout_seconds, LONGEST_WAIT_SECONDS)
    client = http.client(
        known.base_url, connect_timeout=connect, read_timeout=patience, connections=CONNECTIONS
    )
    host, prefix = urlsplit(known.base_url).netloc, options.credentials
    try:
        answer = client.request("GET", PATH, headers=dict(headers))
    except http.NotSent as error:
        why = _NO_CONNECTION[error.cause].format(
            host=host, prefix=prefix, connect=connect, reason=error
        )
        raise NotPlaced(f"No connection to {label}: {why}.", code="connection_failed") from None
    except http.AnswerLost as error:
        if error.cause is Cause.TIMEOUT:
            what = f"{host} accepted the request but did not respond within {patience:g} seconds"
            raise OutcomeUnknown(
                f"{label}: {what} – try again; if it keeps failing, ask the provider.",
                code="answer_timeout",
            ) from None
        raise OutcomeUnknown(
            f"{label}: {host} cut off the response ({error}) – try again, and check "
            f"{prefix}_BASE_URL.",
            code="answer_lost",
        ) from None
    said = judge.read(answer)
    if answer.status >= 300 or said.is_error:
        raise _failure(judge.failure(answer, said, now=datetime.now(UTC)), prefix=prefix)
    if not said.understood or not {"status", "billing"} & set(said.payload):
        raise OutcomeUnknown(
            f"{host} answered {answer.status}, but not as {label} does – check {prefix}_BASE_URL.",
            code="answer_unreadable",
        )
    ahead = (datetime.now(UTC) - answer.date).total_seconds() if answer.date else 0.0
    return _report(said, judge=judge, label=label, address=host, ahead_seconds=ahead)


def _failure(error: VoiceError, *, prefix: str) -> VoiceError:
    """Add the remedy to an error without one."""
    message = str(error).rstrip(".")
    if isinstance(error, AccountRefused):
        return error
    if isinstance(error, ProviderThrottled):
        wait = error.retry_after_seconds
        message = f"{message} – ask again in {math.ceil(wait)} seconds."
        return ProviderThrottled(message, code=error.code, retry_after_seconds=wait)
    if error.code.startswith("http_"):
        return OutcomeUnknown(f"{message} – try again later.", code=error.code)
    return OutcomeUnknown(f"{message} – check {prefix}_BASE_URL.", code=error.code)


def _report(
    said: Said, *, judge: Judge, label: str, address: str, ahead_seconds: float
) -> ConnectionReport:
    billing = reading.mapping(said.payload.get("billing"))
    # Clean before cutting, because half a key would not be recognized as a key.
    status = judge.clean(reading.text(said.payload.get("status")))[:LONGEST_STATUS]
    balance = reading.number(billing.get("current_balance"))
    warnings = []
    if status and status.lower() != "active":
        warnings.append(f"The account is “{status}”, not active: ask the provider.")
    if balance is not None and balance <= 0:
        warnings.append("There is no credit left: top it up at the provider.")
    if abs(ahead_seconds) > clocks.NOTICED_SECONDS:
        words = clocks.in_words(ahead_seconds)
        warnings.append(f"The clock of this host is {words} the provider's: synchronize it (NTP).")
    return ConnectionReport(
        sentence=f"{label} answered and accepts the key.",
        warning=" ".join(warnings),
        address=address,
        status=status,
        balance=balance,
    )
