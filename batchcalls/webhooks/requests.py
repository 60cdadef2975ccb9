"""Send one outgoing webhook: sign it, send it once to a checked address, return the answer."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from socket import SHUT_RDWR

import structlog
from django.conf import settings
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.response import BaseHTTPResponse

from batchcalls.database import clock
from batchcalls.models import WebhookDelivery
from batchcalls.net import addresses
from batchcalls.net.http import retry_after
from batchcalls.webhooks import signing

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 10.0
#: Limit for connecting and answering together, however slowly an answer arrives.
LONGEST_SECONDS = 20.0
MOST_ANSWER_BYTES = 4_096
USER_AGENT = "BatchCalls-Webhooks/1 (Standard Webhooks)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of one request. When ``status`` is None, there was no answer; ``error`` says why.

    ``request_headers`` are the headers sent, without the signatures. ``retry_after`` is in
    seconds, None unless the receiver asked for a delay.
    """

    at: datetime
    request_headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    excerpt: str = ""
    error: str = ""
    duration_ms: int = 0
    retry_after: float | None = None

    @property
    def taken(self) -> bool:
        """True when the receiver has the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def in_words(self) -> str:
        """The answer, or the reason why there was none."""
        return self.error or f"it answered {self.status}."


def send(delivery: WebhookDelivery) -> Answer:
    """Send a message once; never raise. Redirects are not followed."""
    at, started = clock.now(), time.monotonic()
    status, excerpt, error, wait = None, "", "", None
    shown: dict[str, str] = {}
    try:
        secrets = signing.secrets_for(delivery, now=at)
        identity, proof = signing.headers(delivery, secrets=secrets, now=at)
        shown = {"content-type": "application/json", "user-agent": USER_AGENT, **identity}
        address = addresses.judge(delivery.target, named=settings.WEBHOOK_ALLOWED_HOSTS)
        sent = {**shown, **proof, "host": address.host_header, "accept-encoding": "identity"}
        with _answer(address, delivery.body.encode(), sent) as response:
            status = response.status
            wait = retry_after(response.headers.get("retry-after", ""), now=at)
            excerpt = _read(response)
        if 300 <= status < 400:
            error = "It responded with a redirect, which is not followed."
    except Exception as problem:
        error = _in_words(problem)
    return Answer(
        at=at,
        request_headers=shown,
        status=status,
        excerpt=excerpt,
        error=error,
        duration_ms=round((time.monotonic() - started) * 1000),
        retry_after=wait,
    )


@contextmanager
def _answer(
    address: addresses.Address, body: bytes, headers: dict[str, str]
) -> Iterator[BaseHTTPResponse]:
    connection = address.connection(seconds=TIMEOUT_SECONDS)
    # A socket timeout would restart with every byte received.
    watch = threading.Timer(LONGEST_SECONDS, _cut, [connection])
    watch.daemon = True
    watch.start()
    try:
        connection.request("POST", address.target, body, headers, preload_content=False)
        yield connection.getresponse()
    finally:
        watch.cancel()
        connection.close()


def _cut(connection: HTTPConnection) -> None:
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(SHUT_RDWR)
        except OSError:
            return


def _read(response: BaseHTTPResponse) -> str:
    """Return the beginning of a body as text that a database can store."""
    read, size = [], 0
    try:
        while size < MOST_ANSWER_BYTES:
            chunk = response.read1(MOST_ANSWER_BYTES - size, decode_content=False)
            if not chunk:
                break
            read.append(chunk)
            size += len(chunk)
    except (HTTPError, HTTPException, OSError):
        pass  # The status has arrived; the body is only for people to read.
    return b"".join(read).decode("utf-8", "replace").replace("\x00", "\ufffd")


def _in_words(problem: Exception) -> str:
    """Return a sentence that says why there was no answer, without quoting the request."""
    match problem:
        case addresses.Refused():
            sentence = str(problem)
        # urllib3 treats a refused connection as a kind of timeout.
        case NewConnectionError() | ConnectionError():
            sentence = "Could not connect: the connection was refused or broken off."
        case TimeoutError() | ConnectTimeoutError():
            sentence = f"No response within {TIMEOUT_SECONDS:g} seconds."
        case ssl.SSLCertVerificationError():
            sentence = f"Its certificate is not trusted: {problem.verify_message}."
        case ssl.SSLError():
            sentence = f"No secure connection ({problem.reason or 'TLS'})."
        case HTTPError() | HTTPException() | OSError():
            sentence = f"The response cannot be read ({type(problem).__name__})."
        case _:
            log.exception("webhook.failed", exc_info=problem)
            sentence = f"Sending it ended in {type(problem).__name__}."
    return sentence
