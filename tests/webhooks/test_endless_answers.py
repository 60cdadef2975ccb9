"""Receivers whose answers never end: real servers on loopback that go on until they are cut off."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from batchcalls.webhooks import endpoints, outbox, requests
from tests.webhooks.receiver import send_due

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

#: How long a receiver goes on, unless the sender ends it.
GOES_ON_SECONDS = 60.0


def slowly(*beginning: bytes) -> Iterator[bytes]:
    """Yield a beginning, and then a byte now and then: no wait for data is ever long."""
    yield from beginning
    for _ in itertools.count():
        time.sleep(0.1)
        yield b"x"


HEAD = b"HTTP/1.1 200 OK\r\n"
ANSWERS: dict[str, Any] = {
    "header line": lambda: itertools.chain([HEAD, b"X-Endless: "], itertools.repeat(b"x" * 1024)),
    "headers": lambda: itertools.chain([HEAD], itertools.repeat(b"X-One: more\r\n")),
    "slow status line": lambda: slowly(b"HTTP/1.1 2"),
    "slow header line": lambda: slowly(HEAD, b"X-Endless: "),
    "slow body": lambda: slowly(HEAD, b"Content-Length: 4000\r\n\r\n"),
    "slow chunks": lambda: slowly(HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b"fff\r\n"),
    "slow body without length": lambda: slowly(HEAD, b"Connection: close\r\n\r\n"),
    "silence": lambda: iter(()),
    # The beginning of a record of a handshake (RFC 8446, section 5.1), of 16,000 bytes.
    "slow handshake": lambda: slowly(b"\x16\x03\x03\x3e\x80"),
}


class Endless:
    """A server that reads a request's beginning, and answers each the same way."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with suppress(OSError), self._listening.accept()[0] as client:
            until = time.monotonic() + GOES_ON_SECONDS
            client.recv(1_000)
            for piece in self._pieces:
                if time.monotonic() > until or self._over.is_set():
                    return
                client.sendall(piece)
            self._over.wait(GOES_ON_SECONDS)

    def __enter__(self) -> Endless:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._over.set()
        self._listening.close()
        self._thread.join()


@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_without_an_end_is_a_failure_in_time(
    what: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    monkeypatch.setattr(requests, "TIMEOUT_SECONDS", 0.5)
    scheme = "https" if "handshake" in what else "http"
    with Endless(ANSWERS[what]()) as receiver:
        endpoint = endpoints.create(url=f"{scheme}://127.0.0.1:{receiver.port}/hook")
        delivery = outbox.send_test(endpoint)
        send_due()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_status, delivery.failures) == ("pending", None, 1)
    attempt = delivery.tries.get()
    assert attempt.duration_ms < GOES_ON_SECONDS * 1_000 / 4
    if what not in {"header line", "headers"}:
        assert delivery.last_error == "No complete response within 0.5 seconds."


def test_a_long_answer_that_arrives_in_time_is_taken(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    body = itertools.chain([HEAD, b"\r\n"], itertools.repeat(b"x" * 1_024))
    with Endless(body) as receiver:
        endpoint = endpoints.create(url=f"http://127.0.0.1:{receiver.port}/hook")
        delivery = outbox.send_test(endpoint)
        send_due()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_status) == ("delivered", 200)
