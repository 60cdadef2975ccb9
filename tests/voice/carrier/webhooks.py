"""The carrier's webhooks, sent over a few connections that are kept."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.voice.carrier.behaviour import Behaviour, Dice
from tests.voice.carrier.switchboard import Call

CONNECTIONS = 8


@dataclass(slots=True)
class Delivery:
    """One webhook to be sent; ``tries`` are left."""

    url: str
    body: bytes
    signature: str
    tries: int


class Messenger:
    """Sends webhooks, as badly as the behaviour asks for."""

    def __init__(self, behaviour: Behaviour, dice: Dice) -> None:
        self._behaviour = behaviour
        self._dice = dice
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self.answers: dict[int, int] = {}
        self.pending = 0

    def start(self) -> None:
        """Begin to send."""
        self._tasks = {asyncio.create_task(self._send_all()) for _ in range(CONNECTIONS)}

    def report(self, call: Call) -> None:
        """Tell the call's webhook of its end, and of its beginning by the way."""
        url = call.body.get("webhook")
        if not url:
            return
        began = {
            "message": "Call started",
            "call_id": call.call_id,
            "category": "call",
            "log_level": "info",
        }
        story = [began, call.details()]
        if self._dice.hits(self._behaviour.webhook_reverse_rate):
            story.reverse()
        for payload in story:
            if self._dice.hits(self._behaviour.webhook_lost_rate):
                continue
            copies = 1 + self._dice.hits(self._behaviour.webhook_duplicate_rate)
            if self._dice.hits(self._behaviour.webhook_wrong_signature_rate):
                forged = {**payload, "status": "failed", "completed": True}
                self._later(url, forged, signature="0" * 64, tries=1)
            for _ in range(copies):
                self._later(url, payload, tries=self._behaviour.webhook_tries)

    def _later(self, url: str, payload: dict[str, Any], *, tries: int, signature: str = "") -> None:
        body = json.dumps(payload).encode()
        secret = self._behaviour.webhook_secret.encode()
        signature = signature or hmac.new(secret, body, hashlib.sha256).hexdigest()
        self._put(Delivery(url, body, signature, tries), self._behaviour.webhook_delay_seconds)

    def _put(self, delivery: Delivery, longest_delay: float) -> None:
        self.pending += 1
        delay = self._dice.between(0, longest_delay)
        asyncio.get_running_loop().call_later(delay, self._queue.put_nowait, delivery)

    async def _send_all(self) -> None:
        kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while True:
            delivery = await self._queue.get()
            status = 0
            try:
                parts = urlsplit(delivery.url)
                if kept is None:
                    kept = await asyncio.open_connection(parts.hostname, parts.port)
                status = await self._post(*kept, parts.path, parts.netloc, delivery)
            except (OSError, EOFError, ValueError):
                if kept is not None:
                    kept[1].close()
                kept = None
            self.answers[status] = self.answers.get(status, 0) + 1
            delivery.tries -= 1
            if not 200 <= status < 300 and delivery.tries:
                self._put(delivery, 1.0)
            self.pending -= 1

    async def _post(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        path: str,
        host: str,
        delivery: Delivery,
    ) -> int:
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"X-Webhook-Signature: {delivery.signature}\r\n"
            f"Content-Length: {len(delivery.body)}\r\n\r\n".encode()
            + delivery.body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = 0
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            if name == "content-length":
                length = int(value)
        if length:
            await reader.readexactly(length)
        if "connection: close" in head:
            writer.close()
            raise EOFError
        return int(head.split(" ", 2)[1])

    def figures(self) -> dict[str, Any]:
        """Return how many webhooks wait, and what those that were sent were answered."""
        return {"pending": self.pending, "answers": self.answers, "at": time.monotonic()}
