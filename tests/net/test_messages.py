"""Requests are written, and plain answers read, exactly as http.client would."""

from __future__ import annotations

import socket
from http.client import HTTPResponse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchcalls.net import messages


def test_a_request_is_one_piece() -> None:
    written = messages.request(
        "POST", "/v1/calls", host="api.test:8443", headers={"authorization": "key"}, body=b"{}"
    )
    assert written == (
        b"POST /v1/calls HTTP/1.1\r\nHost: api.test:8443\r\nAccept-Encoding: identity\r\n"
        b"authorization: key\r\nContent-Length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb"])
def test_a_header_cannot_bring_another(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        messages.request("GET", "/", host="api.test", headers={"authorization": value}, body=None)


@pytest.mark.parametrize("target", ["/a b", "/a\r\nb", "/ä", ""])
def test_a_path_that_is_not_encoded_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="encoded"):
        messages.request("GET", target, host="api.test", headers={}, body=None)


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\nX: 1\r\nx: 2\r\n\r\n{}"


def test_a_plain_answer_is_read_with_the_first_value_of_each_header() -> None:
    answer = messages.complete_answer(PLAIN)
    assert answer is not None
    status, headers, body = answer
    assert (status, body) == (200, b"{}")
    assert headers.get("X", "") == "1"
    assert headers.get("retry-after", "none") == "none"


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"200", b"100"),
        (b"200", b"204"),
        (b"200 OK", b"200OK"),
        (b"{}", b"{"),
        (b"{}", b"{}}"),
        (b"Content-Length: 2", b"Content-Length: -2"),
        (b"Content-Length: 2", b"Content-Length: 2\r\nContent-Length: 2"),
        (b"Content-Length: 2", b"Content-Length : 2"),
        (b"Content-Length: 2\r\n", b""),
        (b"Date", b"Transfer-Encoding: chunked\r\nDate"),
        (b"Date: now", b"Connection: close"),
        (b"Date: now", b"Date: now\r\n and then"),
        (b"Date: now", b"Date: now\nX: 3"),
        (b"\r\n\r\n{}", b"\r\n"),
    ],
)
def test_anything_unusual_is_left_to_http_client(part: bytes, instead: bytes) -> None:
    assert part in PLAIN
    assert messages.complete_answer(PLAIN.replace(part, instead, 1)) is None


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
LINES = st.lists(
    st.tuples(st.sampled_from(["Content-Length", "Connection", "X-A", "Date", " x", "b:"]), TEXT),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["200 OK", "404", "503 no", "099 x", "1000"]), LINES, st.binary(max_size=9))
def test_what_is_read_is_what_http_client_reads(
    status: str, lines: list[tuple[str, str]], body: bytes
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    sent = f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    if (answer := messages.complete_answer(sent)) is None:
        return
    ours, theirs = socket.socketpair()
    with ours, theirs, HTTPResponse(ours) as response:
        theirs.sendall(sent)
        response.begin()
        assert (response.status, response.read()) == (answer[0], answer[2])
        assert not response.will_close
        for name in answer[1]:
            assert response.headers[name].strip(" \t") == answer[1].get(name)


def test_http_client_reads_on_where_we_stopped() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"d\r\n0\r\n\r\n")
        resumed = messages.Resumed(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{", ours
        )
        with HTTPResponse(resumed) as response:  # type: ignore[arg-type]
            response.begin()
            assert response.read() == b"{d"
