"""Stream a call's recording from the provider to the player.

Pages play only audio from their own origin, and a URL from outside must not lead into the
server's network: see `net.addresses`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from urllib3 import HTTPConnectionPool, Timeout
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from batchcalls.net import addresses
from batchcalls.net.addresses import Address

MOST_REDIRECTS = 3
CONNECT_SECONDS, READ_SECONDS = 5, 20
#: Limit for slow recordings, because each occupies a server thread.
LONGEST_SECONDS = 600
_CHUNK_BYTES = 64 * 1024
_RANGE = re.compile(r"bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})")
_HANDED_ON = ("Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified")
#: Content types of audio without a known type; the file name decides.
_UNKNOWN_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_REFUSALS = {
    "unreadable": "Its address cannot be read.",
    "not_web": "Its address is not a web address.",
    "port": "Its address has a port that is not allowed.",
    "not_found": "The provider's server cannot be found.",
    "private": "Its address lies in a private network.",
}
_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "m4a": "audio/mp4"}


class NoRecording(Exception):
    """The recording cannot be played; the text tells people why."""


class Recording:
    """A response of the provider. Iterate over its bytes once, and close it."""

    def __init__(self, response: BaseHTTPResponse, pool: HTTPConnectionPool, name: str) -> None:
        """Take over a response; raise `NoRecording` for an error, other content, or too much."""
        self._response, self._pool = response, pool
        self.status = response.status
        try:
            self.content_type = self._sound(name)
            self._check_length()
        except NoRecording:
            self.close()
            raise
        self.headers = {
            header: value for header in _HANDED_ON if (value := response.headers.get(header))
        }

    def _sound(self, name: str) -> str:
        if self.status not in {200, 206, 416}:
            raise NoRecording(f"The provider answered {self.status}: it may have deleted it.")
        kind = self._response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if kind in _UNKNOWN_TYPES:
            kind = _TYPES.get(urlsplit(name).path.rpartition(".")[2].lower(), kind)
        if self.status != 416 and not re.fullmatch(r"(audio|video)/[\w.+-]{1,60}", kind):
            raise NoRecording(
                f"The provider sent “{kind[:60] or 'something unknown'}” instead of audio."
            )
        return kind

    def _check_length(self) -> None:
        length = self._response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > settings.MAX_RECORDING_BYTES:
            raise NoRecording(f"It is longer than {settings.MAX_RECORDING_BYTES:,} bytes.")

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes; stop early when they exceed the size or time limit."""
        deadline, size = time.monotonic() + LONGEST_SECONDS, 0
        try:
            while chunk := self._response.read1(_CHUNK_BYTES):
                size += len(chunk)
                if size > settings.MAX_RECORDING_BYTES or time.monotonic() > deadline:
                    return
                yield chunk
        except HTTPError:
            return  # The player notices the early end; its next request resumes there.
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        self._response.close()
        self._pool.close()


def fetch(url: str, *, wanted: str = "") -> Recording:
    """Request a recording, or the part that a Range header names; raise `NoRecording`.

    Follows at most three redirects and checks each address like the first one.
    """
    headers = {"Accept": "audio/*, */*;q=0.1", "Accept-Encoding": "identity"}
    if _RANGE.fullmatch(wanted):
        headers["Range"] = wanted
    for _ in range(MOST_REDIRECTS + 1):
        address = _judged(url)
        pool = address.pool(Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS))
        try:
            response = pool.urlopen(
                "GET",
                address.target,
                headers={**headers, "Host": address.host_header},
                redirect=False,
                retries=False,
                assert_same_host=False,
                preload_content=False,
            )
        except HTTPError as error:
            pool.close()
            raise NoRecording("The provider's server cannot be reached now.") from error
        location = response.headers.get("Location")
        if response.status not in {301, 302, 303, 307, 308} or not location:
            return Recording(response, pool, url)
        response.close()
        pool.close()
        url = urljoin(url, location)
    raise NoRecording("Its address redirects too often.")


def _judged(url: str) -> Address:
    """Resolve a URL; raise `NoRecording` for addresses outside the public internet."""
    try:
        return addresses.judge(url, schemes=("http", "https"), private=settings.PRIVATE_RECORDINGS)
    except addresses.Refused as problem:
        raise NoRecording(_REFUSALS[problem.code]) from problem
