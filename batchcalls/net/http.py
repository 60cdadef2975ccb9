"""Send one HTTP request once, and tell whether a failed one may have reached the server."""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import EmptyPoolError, LocationParseError, NameResolutionError
from urllib3.exceptions import TimeoutError as TimeoutException
from urllib3.response import BaseHTTPResponse

#: Longer answers are not read to the end.
LONGEST_ANSWER_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
#: No request is ever repeated, because the server may have acted on it.
_NEVER = Retry(total=False, connect=False, read=False, redirect=False, status=False, other=False)


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


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer; ``headers`` lookups ignore case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def date(self) -> datetime | None:
        """The server's time when it answered, in whole seconds; None without a valid Date."""
        try:
            return _instant(self.headers.get("date", ""))
        except (ValueError, OverflowError):
            return None


class _Withheld(Exception):
    """Carries what ``before_sending`` raised through urllib3."""

    def __init__(self, reason: Exception) -> None:
        super().__init__()
        self.reason = reason


#: The current request's ``before_sending``, because urllib3 passes nothing on to its connections.
_before_sending: ContextVar[Callable[[], None] | None] = ContextVar("before_sending", default=None)


class _ReportsNotSent:
    """Raises `NotSent` for every failure to connect.

    urllib3 uses the same exception classes for a failed TLS handshake and for a connection that
    broke later.
    """

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except Exception as error:
            raise NotSent(_in_words(error), cause=_cause(error)) from error


class _SendsTogether(HTTPConnection):
    """Sends a request's head and body together: one packet, one TLS record, one system call.

    urllib3 sends them separately, which is noticeably slower at a thousand requests a second.
    With the connection open, and right before the first byte, it calls ``before_sending``.
    """

    _head: bytes | None = None
    _holds_head = False
    _ask_first: Callable[[], None] | None = None

    def request(self, method: str, url: str, body: Any = None, *args: Any, **options: Any) -> None:
        self._holds_head, self._head = bool(body), None
        self._ask_first = _before_sending.get()
        super().request(method, url, body, *args, **options)

    def send(self, data: Any) -> None:
        if self._holds_head:
            self._holds_head, self._head = False, data
            return
        head, self._head = self._head, None
        ask_first, self._ask_first = self._ask_first, None
        if ask_first is not None:
            if self.sock is None:
                self.connect()
            try:
                ask_first()
            except Exception as reason:
                raise _Withheld(reason) from reason
        super().send(data if head is None else head + data)


class _PlainConnection(_ReportsNotSent, _SendsTogether):
    pass


class _TlsConnection(_ReportsNotSent, _SendsTogether, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class HttpClient:
    """Thread-safe client that keeps up to ``connections`` connections to one base URL open.

    It ignores proxies from the environment and does not follow redirects, so a key is sent only to
    the configured address. Times are in seconds. ``read_timeout`` limits both the wait for an
    answer and the time to read its whole body.
    """

    def __init__(
        self, base_url: str, *, connect_timeout: float, read_timeout: float, connections: int
    ) -> None:
        url = urlsplit(base_url)
        tls: dict[str, Any] = {}
        if url.scheme == "https":
            # One for all connections, because loading the system's certificates is slow.
            tls["ssl_context"] = ssl.create_default_context()
        pool_class = _TlsPool if tls else _PlainPool
        self._path = url.path.rstrip("/")
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._pool = pool_class(
            str(url.hostname),
            url.port,
            timeout=Timeout(connect=connect_timeout, read=read_timeout),
            maxsize=connections,
            block=True,
            retries=_NEVER,
            **tls,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        body: bytes | None = None,
        before_sending: Callable[[], None] | None = None,
    ) -> HttpAnswer:
        """Send one request and return its answer, whatever its status.

        ``path`` must be encoded and begin with a slash. ``before_sending`` is called right before
        the first byte, when the connection is open; if it raises, nothing is sent and its exception
        is raised here. Otherwise raise `NotSent` or `AnswerLost`; their messages contain neither
        headers nor body.
        """
        token = _before_sending.set(before_sending)
        try:
            response = self._pool.urlopen(
                method,
                self._path + path,
                body=body,
                headers=headers,
                retries=_NEVER,
                redirect=False,
                assert_same_host=False,
                pool_timeout=self._connect_timeout,  # type: ignore[arg-type]  # takes fractions
                preload_content=False,
            )
        except NotSent:
            raise
        except _Withheld as withheld:
            raise withheld.reason from None
        except EmptyPoolError as error:
            raise NotSent("every connection was in use") from error
        except Exception as error:
            raise AnswerLost(_in_words(error), cause=_cause(error)) from error
        finally:
            _before_sending.reset(token)
        try:
            content = self._read(response)
        except BaseException as error:
            # A connection with a partly read answer cannot be reused.
            response.close()
            response.release_conn()
            if isinstance(error, AnswerLost) or not isinstance(error, Exception):
                raise
            raise AnswerLost(_in_words(error), cause=_cause(error)) from error
        return HttpAnswer(response.status, response.headers, content)

    def _read(self, response: BaseHTTPResponse) -> bytes:
        """Read a body within the limits for size and time.

        The socket timeout is not enough: it restarts with every byte received.
        """
        if response.status < 200:
            # The final answer is still to come and would be read as the next request's answer.
            raise AnswerLost(f"the answer was announced with {response.status}")
        deadline = time.monotonic() + self._read_timeout
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read1(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > LONGEST_ANSWER_BYTES:
                raise AnswerLost(f"the answer was longer than {LONGEST_ANSWER_BYTES:,} bytes")
            if time.monotonic() > deadline:
                raise AnswerLost(
                    f"the answer took longer than {self._read_timeout:g} seconds",
                    cause=Cause.TIMEOUT,
                )
        response.release_conn()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


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
    ((socket.gaierror, NameResolutionError, LocationParseError, UnicodeError), Cause.NAME),
    ((ssl.SSLError,), Cause.TLS),
    ((ConnectionRefusedError,), Cause.REFUSED),
    ((TimeoutError, TimeoutException), Cause.TIMEOUT),
)
