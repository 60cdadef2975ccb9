"""Bland accounts for tests, and the carrier that they call through.

Import the fixtures into a ``conftest.py``: `carrier` runs in a process of its own and is as new for
each test; with it, the environment names its key and address.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import pytest

from batchcalls.voice.base import AccountConfig, CallReference, CallRequest
from batchcalls.voice.bland import BlandProvider
from tests.voice.carrier.process import Carrier

KEY = "sk-5d0b1f-do-not-tell"
SECRET = "webhook-secret-of-the-account"


@pytest.fixture(scope="session")
def carrier_process() -> Iterator[Carrier]:
    """One process for all tests."""
    with Carrier(key=KEY) as running:
        yield running


@pytest.fixture
def carrier(carrier_process: Carrier, monkeypatch: pytest.MonkeyPatch) -> Carrier:
    """A carrier that has no calls and no faults, named by the environment."""
    carrier_process.reset()
    monkeypatch.setenv("BLAND_API_KEY", KEY)
    monkeypatch.setenv("BLAND_BASE_URL", carrier_process.url)
    monkeypatch.delenv("BLAND_WEBHOOK_SECRET", raising=False)
    return carrier_process


def bland(*, webhook_url: str = "", **options: Any) -> BlandProvider:
    """Return the provider of an account with these options."""
    return BlandProvider(AccountConfig(name="Bland", options=options, webhook_url=webhook_url))


def request_to(number: str = "+12025550190", **changes: Any) -> CallRequest:
    request = CallRequest(
        correlation_id=uuid4(),
        to=number,
        from_number="+12025550100",
        prompt="You are calling Emily to remind her of Home Cleaning on July 10.",
        variables={"customer_name": "Emily", "service": "Home Cleaning"},
        metadata={"order": "A-17"},
    )
    return replace(request, **changes)


def placed(provider: BlandProvider, request: CallRequest | None = None) -> CallReference:
    """Place a call and return it."""
    request = request or request_to()
    accepted = provider.place(request)
    return CallReference(provider_call_id=accepted.provider_call_id, request=request)


class Receiver:
    """A web server on this machine that takes webhooks; a context manager.

    The first ``failures`` deliveries are answered with 503.
    """

    def __init__(self, *, failures: int = 0) -> None:
        self._deliveries: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        self._failures = failures
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver._deliveries.put((headers, body))
                receiver._failures -= 1
                self.send_response(503 if receiver._failures >= 0 else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/1/"

    def next(self) -> tuple[dict[str, str], bytes]:
        """Wait for the next delivery; return its headers, with lower-case names, and its body."""
        return self._deliveries.get(timeout=20)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
