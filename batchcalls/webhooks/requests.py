"""Send one outgoing webhook: sign it, send it once to a checked address, return the answer."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from socket import SHUT_RDWR, socket

import structlog
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.response import BaseHTTPResponse

from batchcalls.database import clock
from batchcalls.models import WebhookDelivery
from batchcalls.net import addresses
from batchcalls.net.http import retry_after
from batchcalls.webhooks import signing, targets

log = structlog.get_logger(__name__)

#: Limit for connecting, sending and the whole answer together, however slowly it arrives.
TIMEOUT_SECONDS = 10.0
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
        address = targets.judge(delivery.target)
        sent = {**shown, **proof, "host": address.host_header, "accept-encoding": "identity"}
        with _answer(address, delivery.body.encode(), sent) as response:
            answered = response.status
            wait = retry_after(response.headers.get("retry-after", ""), now=at)
            excerpt = _read(response)
        # Only now: an answer without an end is none.
        status = answered
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
    """Send a request and yield its answer. Raise `TimeoutError` if it is not read in time."""
    connection = address.connection(seconds=TIMEOUT_SECONDS)
    with _Deadline(connection):
        connection.request("POST", address.target, body, headers, preload_content=False)
        yield connection.getresponse()


class _Deadline:
    """Context manager that cuts a connection after `TIMEOUT_SECONDS`, and closes it on exit.

    A socket's own timeout restarts with every byte received: in a handshake, a header, or a body.
    """

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection
        self._has_come = False
        self._lock = threading.Lock()
        #: The same connection under TLS, whose socket is out of reach while it shakes hands.
        self._wire: socket | None = None
        self._connect, connection._new_conn = connection._new_conn, self._new_conn  # type: ignore[method-assign]
        self._watch = threading.Timer(TIMEOUT_SECONDS, self._cut)
        self._watch.daemon = True

    def _new_conn(self) -> socket:
        opened = self._connect()
        with self._lock:
            self._wire = opened.dup()
        if self._has_come:
            self._cut()
        return opened

    def _cut(self) -> None:
        with self._lock:
            self._has_come = True
            if self._wire is not None:
                with suppress(OSError):
                    self._wire.shutdown(SHUT_RDWR)

    def __enter__(self) -> None:
        self._watch.start()

    def __exit__(self, *details: object) -> None:
        self._watch.cancel()
        self._connection.close()
        with self._lock:
            if self._wire is not None:
                self._wire.close()
                self._wire = None
        if self._has_come:
            raise TimeoutError


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
            sentence = f"No complete response within {TIMEOUT_SECONDS:g} seconds."
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
