"""Clients that take their time, and what must answer meanwhile."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from tests.installation import WEBHOOK_SECRET, Installation

#: A file whose rest never comes. Small enough for each door, too large to be read at once.
UPLOAD_BYTES = 1_900_000
PATIENCE_SECONDS = 15
LIST_ID = "2d4a6c88-1111-4111-8111-111111111111"
EXPORT = f"/batchcalls/storedlist/{LIST_ID}/not-taken-in.csv"
STOP = "/emergency/stop/"
ACCOUNT = 77
HOOK = f"/hooks/voice/{ACCOUNT}/"


@dataclass
class Site:
    """An address to attack and to ask, with the session of an administrator."""

    port: int
    session: str
    tls: ssl.SSLContext | None = None
    held: list[socket.socket] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """The site as a browser names it."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def connect(self, *, receive_bytes: int = 0) -> socket.socket:
        """Open a connection, with a small buffer for one that reads slowly."""
        raw = socket.socket()
        if receive_bytes:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        raw.settimeout(PATIENCE_SECONDS)
        raw.connect(("127.0.0.1", self.port))
        return self.tls.wrap_socket(raw, server_hostname="127.0.0.1") if self.tls else raw

    def hold(self, request: bytes, *, receive_bytes: int = 0) -> None:
        """Send this much and no more, and keep the connection."""
        connection = self.connect(receive_bytes=receive_bytes)
        connection.sendall(request)
        self.held.append(connection)

    def let_go(self) -> None:
        """End the attack."""
        while self.held:
            with suppress(OSError):
                self.held.pop().close()

    def head(self, method: str, path: str, *headers: str) -> bytes:
        """Return the head of a request in the administrator's name."""
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Cookie: sessionid={self.session}; csrftoken={TOKEN}",
            f"Origin: {self.origin}",
            *headers,
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def ask(self, request: bytes) -> tuple[int, float]:
        """Send a whole request; return the status of the answer, 0 for none, and its seconds."""
        began = time.perf_counter()
        try:
            with self.connect() as connection:
                connection.sendall(request)
                status = connection.recv(65_536).split(b" ", 2)[1]
        except (TimeoutError, OSError, IndexError):
            return 0, time.perf_counter() - began
        return int(status), time.perf_counter() - began


TOKEN = "t" * 32

# Attacks -----------------------------------------------------------------------------------------


def send_half_requests(site: Site, count: int) -> None:
    """Begin requests to each service and never end their heads."""
    for number in range(count):
        path = ("/login/", "/api/v1/me", HOOK, STOP)[number % 4]
        site.hold(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ".encode())


def read_slowly(site: Site, count: int) -> None:
    """Ask for an export and take nothing of it."""
    for _ in range(count):
        site.hold(site.head("GET", EXPORT), receive_bytes=4_096)


def begin_uploads(site: Site, count: int) -> None:
    """Begin an upload at each service and never send the rest."""
    form = "Content-Type: multipart/form-data; boundary=frame"
    length = f"Content-Length: {UPLOAD_BYTES}"
    part = b'--frame\r\nContent-Disposition: form-data; name="file"; filename="list.csv"\r\n\r\n+1'
    for path in ("/batchcalls/batch/add/", "/api/v1/batches", HOOK, STOP, "/login/"):
        for _ in range(count):
            site.hold(site.head("POST", path, form, length) + part)


ATTACKS: dict[str, Callable[[Site, int], None]] = {
    "half-sent requests": send_half_requests,
    "slow readers of an export": read_slowly,
    "waiting uploads": begin_uploads,
}

# What must answer --------------------------------------------------------------------------------


def check_health(site: Site) -> tuple[int, float]:
    """Ask as a load balancer does."""
    return site.ask(b"GET /healthz HTTP/1.1\r\nHost: 10.0.0.7\r\nConnection: close\r\n\r\n")


def deliver(site: Site) -> tuple[int, float]:
    """Deliver a signed webhook of a call that nobody knows yet."""
    body = json.dumps({"call_id": str(uuid4()), "status": "completed", "completed": True}).encode()
    signature = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = f"X-Webhook-Signature: {signature}", f"Content-Length: {len(body)}"
    return site.ask(site.head("POST", HOOK, *headers) + body)


def stop_all_calls(site: Site) -> tuple[int, float]:
    """Press the button."""
    body = f"csrfmiddlewaretoken={TOKEN}&reason=Wrong+list".encode()
    kind = "Content-Type: application/x-www-form-urlencoded"
    headers = kind, f"Content-Length: {len(body)}", f"Referer: {site.origin}/"
    return site.ask(site.head("POST", STOP, *headers) + body)


PROBES: dict[str, tuple[Callable[[Site], tuple[int, float]], int]] = {
    "/healthz": (check_health, 200),
    "/hooks": (deliver, 204),
    "Stop all calls": (stop_all_calls, 302),
}


def measure(site: Site, counts: tuple[int, ...]) -> Iterator[tuple[str, int, str, int, float]]:
    """Attack, and yield what is answered meanwhile: attack, count, name, status, seconds."""
    for attack, begin in ATTACKS.items():
        for count in counts:
            begin(site, count)
            for name, (probe, _) in PROBES.items():
                yield attack, count, name, *probe(site)
            site.let_go()


def burst(site: Site, count: int, *, connections: int = 100) -> tuple[Counter[int], float]:
    """Deliver webhooks as fast as the connections allow; return the statuses and the seconds."""
    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        statuses = Counter(status for status, _ in pool.map(lambda _: deliver(site), range(count)))
    return statuses, time.perf_counter() - began


# Rows --------------------------------------------------------------------------------------------


def prepare(here: Installation, *, megabytes: int) -> str:
    """Store an account and a list to export; return the session of an administrator."""
    here.make_account("Carrier", pk=ACCOUNT, provider="bland")
    # A few long rows, so that exports cost no time to write.
    here.act(
        "stored = StoredList.objects.create(",
        f"    pk={LIST_ID!r}, kind='do_not_call', file_name='l.csv', digest='0', headers=['a'])",
        "stored.parts.create(",
        "    number=0, file='part', row_count=1, done_at=stored.created_at,",
        f"    problems=[[n, 'x' * 100_000, 'invalid', 'No number.'] for n in range({megabytes}0)])",
    )
    here.act(
        "from django.contrib.auth.models import User",
        "from django.test import Client",
        "browser = Client()",
        "browser.force_login(User.objects.create_superuser('root'))",
    )
    return str(here.ask("browser.cookies['sessionid'].value"))
