"""Deliver the carrier's webhooks over persistent connections."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
from collections import Counter
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

#: Concurrent deliveries to one address.
CONNECTIONS = 8
ANSWER_WITHIN_SECONDS = 10.0
RETRY_SECONDS = 0.1

Job = tuple[bytes, int, Counter[str]]


class WebhookSender:
    """Queues webhooks by address; each address has its own small set of connections."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, int], asyncio.Queue[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def send(
        self, url: str, payload: dict[str, Any], *, secret: str, retries: int, counts: Counter[str]
    ) -> None:
        """Deliver a signed payload; retry until it is accepted, at most ``retries`` times."""
        address = urlsplit(url)
        host, port = str(address.hostname), address.port or 80
        body = json.dumps(payload, separators=(",", ":")).encode()
        signature = hmac.new(secret.encode(), body, sha256).hexdigest()
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        request = (
            f"POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n"
            f"user-agent: carrier\r\nx-webhook-signature: {signature}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode("latin-1") + body
        self._queue(host, port).put_nowait((request, retries, counts))

    def _queue(self, host: str, port: int) -> asyncio.Queue[Job]:
        queue = self._queues.get((host, port))
        if queue is None:
            queue = self._queues[host, port] = asyncio.Queue()
            for _ in range(CONNECTIONS):
                task = asyncio.get_running_loop().create_task(self._deliver(host, port, queue))
                self._tasks.add(task)
        return queue

    async def _deliver(self, host: str, port: int, queue: asyncio.Queue[Job]) -> None:
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while True:
            request, retries, counts = await queue.get()
            try:
                async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                    if streams is None:
                        streams = await asyncio.open_connection(host, port)
                    status, keep = await _exchange(*streams, request)
            except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
                # Includes a connection that the other side has closed.
                status, keep = 0, False
            if not keep and streams is not None:
                streams[1].close()
                with contextlib.suppress(OSError):
                    await streams[1].wait_closed()
                streams = None
            taken = 200 <= status < 300
            counts["webhooks_delivered" if taken else f"webhooks_answered_{status}"] += 1
            if not taken and retries > 0:
                job = (request, retries - 1, counts)
                asyncio.get_running_loop().call_later(RETRY_SECONDS, queue.put_nowait, job)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bool]:
    """Send one request; return the status and whether the connection can be reused."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            return status, False
    if length:
        await reader.readexactly(length)
    return status, head.startswith(b"http/1.1") and b"connection: close" not in head
