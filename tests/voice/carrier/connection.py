"""HTTP/1.1 with keep-alive, parsed only as far as the carrier needs."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable, Mapping

from tests.voice.carrier.clock import WALL_CLOCK

REASONS = {200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}
_END_OF_HEAD = b"\r\n\r\n"

Handler = Callable[["Connection", str, str, Mapping[bytes, bytes], bytes], None]


def response(status: int, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Return a complete response."""
    extra = WALL_CLOCK.header() + "".join(f"{name}: {value}\r\n" for name, value in headers)
    head = (
        f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\n"
        f"content-type: application/json\r\n{extra}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


class Connection(asyncio.Protocol):
    """One client; a request is handled after the previous one is answered."""

    __slots__ = ("_body_at", "_buffer", "_busy", "_handle", "_head", "_length", "_loop", "_wire")

    def __init__(self, handle: Handler, loop: asyncio.AbstractEventLoop) -> None:
        self._handle = handle
        self._loop = loop
        self._buffer = b""
        self._wire: asyncio.Transport | None = None
        self._head: tuple[str, str, dict[bytes, bytes]] | None = None
        self._body_at = self._length = 0
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._wire = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._wire = None

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        """Hand over one request as soon as it is complete."""
        if self._head is None and not self._read_head():
            return
        end = self._body_at + self._length
        if len(self._buffer) < end or self._head is None:
            return
        method, target, headers = self._head
        body, self._buffer = self._buffer[self._body_at : end], self._buffer[end:]
        self._head = None
        self._busy = True
        self._handle(self, method, target, headers, body)

    def _read_head(self) -> bool:
        end = self._buffer.find(_END_OF_HEAD)
        if end < 0:
            return False
        request_line, *lines = self._buffer[:end].split(b"\r\n")
        method, target, _ = request_line.decode("latin-1").split(" ", 2)
        headers = {}
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        self._head = method, target, headers
        self._body_at = end + len(_END_OF_HEAD)
        self._length = int(headers.get(b"content-length", 0))
        return True

    def send(self, answer: bytes, *, after: float = 0.0, close: bool = False) -> None:
        """Answer the current request after ``after`` seconds."""
        if after > 0:
            self._loop.call_later(after, self._send, answer, close)
        else:
            self._send(answer, close)

    def _send(self, answer: bytes, close: bool) -> None:
        if self._wire is None:
            return
        self._wire.write(answer)
        if close:
            self._wire.close()
            return
        self._busy = False
        if self._buffer:
            # Not immediately: a client that pipelines requests would nest one call per request.
            self._loop.call_soon(self._resume)

    def _resume(self) -> None:
        if not self._busy and self._wire is not None:
            self._next()

    def reset(self, *, after: float = 0.0) -> None:
        """Reset the connection instead of answering."""
        self._loop.call_later(after, self._reset)

    def _reset(self) -> None:
        if self._wire is None:
            return
        wire: socket.socket | None = self._wire.get_extra_info("socket")
        if wire is not None:
            # No lingering: the client gets RST instead of the end of a stream.
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._wire.abort()

    def dribble(self, answer: bytes, *, interval: float, after: float = 0.0) -> None:
        """Send the head immediately and the body byte by byte, until the client disconnects."""
        head = answer.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        self._loop.call_later(after, self._dribble, answer[:head], answer[head:], interval)

    def _dribble(self, now: bytes, later: bytes, interval: float) -> None:
        if self._wire is None:
            return
        self._wire.write(now)
        if later:
            self._loop.call_later(interval, self._dribble, later[:1], later[1:], interval)
        else:
            self._send(b"", close=False)
