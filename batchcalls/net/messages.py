"""Write an HTTP/1.1 request as one piece, and read an answer that arrived as one piece.

A call's request and answer are a few hundred bytes each. ``http.client`` takes ten times as long
for them, because it parses headers as those of an e-mail. Whatever is unusual is left to it.
Source: RFC 9112.
"""

from __future__ import annotations

import io
import math
import re
import socket
import time
from collections.abc import Mapping
from typing import Any

_STATUS_LINE = re.compile(r"HTTP/1\.1 ([2-5][0-9]{2})(?: .*)?")
_FIELD_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)")
_TARGET = re.compile(r"[!-~]+")
#: Answers without a body, whatever their headers say.
_WITHOUT_BODY = frozenset({204, 304})


def request(
    method: str, target: str, *, host: str, headers: Mapping[str, str], body: bytes | None
) -> bytes:
    """Return a request; raise `ValueError` if a part of its head cannot be sent."""
    if not _TARGET.fullmatch(target):
        raise ValueError("The path contains characters that must be encoded.")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Accept-Encoding: identity"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines)
    if head.count("\r") + head.count("\n") != 2 * (len(lines) - 1):
        raise ValueError("A header contains a line break.")
    return head.encode("latin-1") + b"\r\n\r\n" + (body or b"")


class PlainHeaders(dict[str, str]):
    """Headers by their names in lower case; the first value of each."""

    def get(self, name: str, default: Any = "") -> Any:
        """Return the value of a header, whatever the case of its name."""
        return super().get(name.lower(), default)


def complete_answer(received: bytes) -> tuple[int, PlainHeaders, bytes] | None:
    """Return status, headers and body if these bytes are one whole answer, else None.

    None also means: of another version, chunked, closing the connection, or in any way unusual.
    """
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status_line = _STATUS_LINE.fullmatch(first)
    if status_line is None:
        return None
    headers = PlainHeaders()
    for line in lines:
        field_line = _FIELD_LINE.fullmatch(line)
        if field_line is None:
            return None
        name = field_line[1].lower()
        if name == "transfer-encoding" or (name == "content-length" and name in headers):
            return None
        headers.setdefault(name, field_line[2].rstrip(" \t"))
    status, length = int(status_line[1]), headers.get("content-length")
    is_whole = length.isascii() and length.isdigit() and len(body) == int(length)
    stays_open = headers.get("connection", "keep-alive").lower() == "keep-alive"
    if not (is_whole and stays_open) or status in _WITHOUT_BODY:
        return None
    return status, headers, body


class Resumed(io.RawIOBase):
    """A connection from which some bytes were read already, for ``http.client`` to read again.

    From ``until`` on, by the monotonic clock, reading raises `TimeoutError`: the socket's own
    timeout restarts with every byte received.
    """

    def __init__(
        self, received: bytes, connection: socket.socket, *, until: float = math.inf
    ) -> None:
        super().__init__()
        self._received = received
        self._connection = connection
        self._until = until

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a reader, as a socket does."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what was received before, then from the connection."""
        if time.monotonic() > self._until:
            raise TimeoutError
        if not self._received:
            return self._connection.recv_into(buffer)
        size = min(len(buffer), len(self._received))
        buffer[:size], self._received = self._received[:size], self._received[size:]
        return size
