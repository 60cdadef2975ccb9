"""Send one HTTP request once, and tell whether a failed one may have reached the server."""

from __future__ import annotations

import os
import queue
import re
import select
import socket
import ssl
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from functools import lru_cache
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from batchcalls.net import messages

#: Longer answers are not read to the end.
LONGEST_ANSWER_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
#: Characters of an address that are left as they are (RFC 3986); "%" because it may be encoded.
_ENCODED = "/%:@!$&'()*+,;=~"


class Cause(Enum):
    """Why a request failed, where it matters for what a person should do."""

    NAME = auto()  # the host name cannot be resolved
    REFUSED = auto()  # no server is listening
    TIMEOUT = auto()
    TLS = auto()
    OTHER = auto()


class _Failed(Exception):
    def __init__(self, message: str, *, cause: Cause = Cause.OTHER) -> None:
        super().__init__(message)
        self.cause = cause


class NotSent(_Failed):
    """Nothing was sent: no connection was available (DNS, refused, timeout, TLS, or all in use)."""


class AnswerLost(_Failed):
    """The request may have arrived, but its answer is missing, incomplete, late or unreadable."""


class Headers(Protocol):
    """The headers of an answer."""

    def get(self, name: str, default: str, /) -> str:
        """Return the first value of a header, whatever the case of its name."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer."""

    status: int
    headers: Headers
    body: bytes

    @property
    def date(self) -> datetime | None:
        """The server's time when it answered, in whole seconds; None without a valid Date."""
        try:
            return _instant(self.headers.get("date", ""))
        except (ValueError, OverflowError):
            return None


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, read_timeout: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self._read_timeout = read_timeout

    @property
    def is_usable(self) -> bool:
        """True when it is open and nothing came unasked: an answer to nobody, or the end."""
        if self.sock is None:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)

    def connect(self) -> None:
        """Connect anew; raise `NotSent`."""
        try:
            self.close()
            super().connect()
        except Exception as error:
            raise NotSent(_in_words(error), cause=_cause(error)) from error
        self.sock.settimeout(self._read_timeout)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class HttpClient:
    """Thread-safe client that keeps up to ``connections`` connections to one base URL open.

    It ignores proxies from the environment and does not follow redirects, so a key is sent only to
    the configured address. Times are in seconds. ``connect_timeout`` limits the wait for a free
    connection, and each step of opening one. ``read_timeout`` limits both the wait for the first
    bytes of an answer and the time to read the others.
    """

    def __init__(
        self, base_url: str, *, connect_timeout: float, read_timeout: float, connections: int
    ) -> None:
        url = urlsplit(base_url)
        kind: type[_Connection] = _Connection
        options: dict[str, Any] = {"timeout": connect_timeout, "read_timeout": read_timeout}
        if url.scheme == "https":
            kind = _TlsConnection
            # One for all connections, because loading the system's certificates is slow.
            options["context"] = ssl.create_default_context()
        self._host = url.netloc.rpartition("@")[2]
        self._path = quote(url.path.rstrip("/"), safe=_ENCODED)
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        #: The connection that was used last comes first, so that a quiet client needs few.
        self._free: queue.LifoQueue[_Connection] = queue.LifoQueue()
        for _ in range(connections):
            self._free.put(kind(str(url.hostname), url.port, **options))
        weakref.finalize(self, _close, self._free)

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        body: bytes | None = None,
        before_sending: Callable[[], None] | None = None,
    ) -> HttpAnswer:
        """Send one request once and return its answer, whatever its status.

        ``path`` must be encoded and begin with a slash. ``before_sending`` is called right before
        the first byte, when the connection is open; if it raises, nothing is sent and its exception
        is raised here. Otherwise raise `NotSent` or `AnswerLost`; their messages contain neither
        headers nor body.
        """
        try:
            connection = self._free.get(timeout=self._connect_timeout)
        except queue.Empty as error:
            raise NotSent("every connection was in use") from error
        is_clean = False
        try:
            if not connection.is_usable:
                connection.connect()
            request = messages.request(
                method, self._path + path, host=self._host, headers=headers, body=body
            )
            if before_sending is not None:
                before_sending()
            answer = self._exchange(connection, request)
            is_clean = True
            return answer
        finally:
            if not is_clean:
                # What is still to come would be read as the next request's answer.
                connection.close()
            self._free.put(connection)

    def _exchange(self, connection: _Connection, request: bytes) -> HttpAnswer:
        """Send a request and read its answer; raise `AnswerLost`.

        The request is one packet, one TLS record and one system call, so that the last question
        whether to send it comes right before its first byte.
        """
        try:
            connection.sock.sendall(request)
            received = connection.sock.recv(_CHUNK_BYTES)
            if complete := messages.complete_answer(received):
                return HttpAnswer(*complete)
            return self._read_on(connection, received)
        except AnswerLost:
            raise
        except TimeoutError as error:
            text = f"the answer took longer than {self._read_timeout:g} seconds"
            raise AnswerLost(text, cause=Cause.TIMEOUT) from error
        except Exception as error:
            raise AnswerLost(_in_words(error), cause=_cause(error)) from error

    def _read_on(self, connection: _Connection, received: bytes) -> HttpAnswer:
        """Read an answer that is unusual, or of which only the beginning was received."""
        until = time.monotonic() + self._read_timeout
        source: Any = messages.Resumed(received, connection.sock, until=until)
        with HTTPResponse(source) as response:
            response.begin()
            if response.status < 200:
                # The final answer is still to come.
                raise AnswerLost(f"the answer was announced with {response.status}")
            answer = HttpAnswer(response.status, response.headers, self._read(response))
            if response.will_close:
                connection.close()
            return answer

    def _read(self, response: HTTPResponse) -> bytes:
        """Read a body within the limit for its size."""
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read1(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > LONGEST_ANSWER_BYTES:
                raise AnswerLost(f"the answer was longer than {LONGEST_ANSWER_BYTES:,} bytes")
        if response.length:
            raise AnswerLost("the answer ended early")
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _close(connections: queue.LifoQueue[_Connection]) -> None:
    while not connections.empty():
        connections.get().close()


def client(
    base_url: str, *, connect_timeout: float, read_timeout: float, connections: int
) -> HttpClient:
    """Return this process's client for these parameters, so connections outlive provider objects.

    A forked process gets its own clients, because two processes on one connection would mix up
    requests.
    """
    return _client(os.getpid(), base_url, connect_timeout, read_timeout, connections)


@lru_cache(maxsize=32)
def _client(
    pid: int, base_url: str, connect_timeout: float, read_timeout: float, connections: int
) -> HttpClient:
    return HttpClient(
        base_url,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        connections=connections,
    )


LONGEST_RETRY_AFTER_SECONDS = 86_400.0


def retry_after(value: str, *, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for; None when it is blank or invalid.

    Source: RFC 9110, section 10.2.3 (seconds or a date). Decimals are common and accepted. The
    result is at most a day, so that a server cannot name a time outside the range of dates.
    """
    word = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", word):
        return min(float(word), LONGEST_RETRY_AFTER_SECONDS)
    try:
        wait = (_instant(word) - now).total_seconds()
        return min(max(wait, 0.0), LONGEST_RETRY_AFTER_SECONDS)
    except (ValueError, OverflowError):
        return None


def _instant(value: str) -> datetime:
    """Return the time in a header; raise `ValueError` or `OverflowError` for anything else."""
    moment = parsedate_to_datetime(value)
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _in_words(error: BaseException) -> str:
    """Describe an error by class names only, because its message may contain the request."""
    return " from ".join(dict.fromkeys(type(exception).__name__ for exception in _chain(error)))


def _cause(error: BaseException) -> Cause:
    """Return the cause of an error, starting with the innermost exception."""
    for exception in reversed(_chain(error)):
        for kinds, cause in _CAUSES:
            if isinstance(exception, kinds):
                return cause
    return Cause.OTHER


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and its causes, outermost first, at most four."""
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) and len(chain) < 4:
        chain.append(inner)
    return chain


#: UnicodeError means that a label of the host name is too long to encode.
_CAUSES: tuple[tuple[tuple[type[BaseException], ...], Cause], ...] = (
    ((socket.gaierror, UnicodeError), Cause.NAME),
    ((ssl.SSLError,), Cause.TLS),
    ((ConnectionRefusedError,), Cause.REFUSED),
    ((TimeoutError,), Cause.TIMEOUT),
)
