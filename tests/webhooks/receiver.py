"""A program that receives webhooks, on this very machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from batchcalls.webhooks import deliver

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def send_due() -> None:
    """Send what is due, as a worker would, and no more."""
    deliver.tick(seconds=10)


@dataclass(frozen=True)
class Received:
    """One request; names of headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Notes what comes in; ``answer`` says what is answered: a status, and headers."""

    base: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], tuple[int, dict[str, str]]] = lambda received: (204, {})
    body: bytes = b""

    def answers(self, *statuses: int, **headers: str) -> None:
        """Answer with these statuses in turn, and with the last one ever after."""
        left = list(statuses)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda received: (left.pop(0) if len(left) > 1 else left[0], told)

    def url(self, path: str = "/hook") -> str:
        return f"{self.base}{path}"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a free port of the loopback address."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # Whoever was sending it is dead.
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.path, headers, body)
            receiver.received.append(received)
            status, told = receiver.answer(received)
            self.send_response(status)
            for name, value in {**told, "content-length": str(len(receiver.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(receiver.body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # Many come at once.

    server = Server(("127.0.0.1", 0), Handler)
    receiver.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
