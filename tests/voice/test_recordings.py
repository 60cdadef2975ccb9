"""Recordings are played from the provider's address, and lead nowhere else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import settings

from batchcalls.voice import recordings

SOUND = bytes(range(256)) * 40


class Provider(BaseHTTPRequestHandler):
    """Keeps one recording under several addresses."""

    asked: list[dict[str, str]] = []

    def do_GET(self) -> None:
        self.asked.append({"path": self.path, **{k: str(v) for k, v in self.headers.items()}})
        if self.path.startswith("/shut?"):
            settings.PRIVATE_RECORDINGS = False  # From here on, what is private is refused.
        if self.path.startswith(("/to?", "/shut?")):
            self._answer(302, Location=self.path.partition("?")[2])
        elif self.path == "/gone.mp3":
            self._answer(404)
        elif self.path == "/page.mp3":
            self._answer(200, b"<html>", **{"Content-Type": "text/html"})
        elif self.path == "/unnamed.wav":
            self._answer(200, SOUND, **{"Content-Type": "application/octet-stream"})
        elif wanted := self.headers.get("Range"):
            first, last = map(int, wanted.removeprefix("bytes=").split("-"))
            place = {"Content-Range": f"bytes {first}-{last}/{len(SOUND)}"}
            self._answer(206, SOUND[first : last + 1], **{"Content-Type": "audio/mpeg"} | place)
        else:
            self._answer(200, SOUND, **{"Content-Type": "audio/mpeg", "Set-Cookie": "a=b"})

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def provider(settings: Any) -> Iterator[str]:
    """The address of a provider that keeps recordings, on this very machine."""
    settings.PRIVATE_RECORDINGS = True
    Provider.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_whole_recording_comes_as_it_is(provider: str) -> None:
    recording = recordings.fetch(f"{provider}/call.mp3?key=x")
    assert (recording.status, recording.content_type) == (200, "audio/mpeg")
    assert b"".join(recording) == SOUND
    assert recording.headers == {"Content-Length": str(len(SOUND))}
    assert Provider.asked[0]["path"] == "/call.mp3?key=x"


def test_a_player_gets_the_part_that_it_asks_for(provider: str) -> None:
    recording = recordings.fetch(f"{provider}/call.mp3", wanted="bytes=10-19")
    assert recording.status == 206
    assert recording.headers["Content-Range"] == f"bytes 10-19/{len(SOUND)}"
    assert b"".join(recording) == SOUND[10:20]


def test_what_is_no_range_is_not_handed_on(provider: str) -> None:
    recording = recordings.fetch(f"{provider}/call.mp3", wanted="bytes=1-2\r\nX-Evil: 1")
    recording.close()
    assert "Range" not in Provider.asked[0]


def test_the_name_says_what_the_provider_does_not(provider: str) -> None:
    recording = recordings.fetch(f"{provider}/unnamed.wav")
    recording.close()
    assert recording.content_type == "audio/wav"


def test_it_is_fetched_from_where_it_was_moved_to(provider: str) -> None:
    assert b"".join(recordings.fetch(f"{provider}/to?/call.mp3")) == SOUND


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/gone.mp3", "answered 404"),
        ("/page.mp3", "sent “text/html” instead of audio"),
        ("/to?ftp://example.com/a.mp3", "not a web address"),
        ("/to?/to?/to?/to?/call.mp3", "redirects too often"),
    ],
)
def test_what_cannot_be_played_says_why(provider: str, path: str, sentence: str) -> None:
    with pytest.raises(recordings.NoRecording, match=sentence.replace("?", r"\?")):
        recordings.fetch(provider + path)


def test_a_recording_that_is_too_long_is_refused_or_cut_off(provider: str, settings: Any) -> None:
    settings.MAX_RECORDING_BYTES = 1_000
    with pytest.raises(recordings.NoRecording, match="longer than 1,000 bytes"):
        recordings.fetch(f"{provider}/call.mp3")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.mp3",
        "http://[::1]/a.mp3",
        "http://[::ffff:127.0.0.1]/a.mp3",
        "http://10.0.0.8/a.mp3",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0/a.mp3",
        "http://localhost/a.mp3",
        "http://2130706433/a.mp3",
    ],
)
def test_nobody_is_led_into_the_network_around_the_server(url: str) -> None:
    with pytest.raises(recordings.NoRecording, match="private network"):
        recordings.fetch(url)


def test_a_redirect_is_judged_as_the_first_address_is(provider: str) -> None:
    with pytest.raises(recordings.NoRecording, match="private network"):
        recordings.fetch(f"{provider}/shut?/call.mp3")
    assert [asked["path"] for asked in Provider.asked] == ["/shut?/call.mp3"]


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.com/a", "http://", "http://u:p@example.com/a", "//x/a",
     "http://example.com:99999/a", "http://[bad/a"],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(recordings.NoRecording, match="address"):
        recordings.fetch(url)


def test_a_server_that_is_away_is_said_to_be_away(settings: Any) -> None:
    settings.PRIVATE_RECORDINGS = True
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(recordings.NoRecording, match="cannot be reached"):
            recordings.fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/a.mp3")
