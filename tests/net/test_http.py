"""The client of providers: it waits for no answer longer than it says."""

from __future__ import annotations

import time

import pytest

from batchcalls.net.http import AnswerLost, Cause, HttpClient
from tests.webhooks.test_endless_answers import ANSWERS, GOES_ON_SECONDS, Endless


@pytest.mark.parametrize(
    "what", sorted(ANSWERS.keys() - {"header line", "headers", "slow handshake"})
)
def test_an_answer_without_an_end_is_lost_in_time(what: str) -> None:
    with Endless(ANSWERS[what]()) as server:
        url = f"http://127.0.0.1:{server.port}"
        client = HttpClient(url, connect_timeout=5, read_timeout=0.5, connections=1)
        began = time.monotonic()
        with pytest.raises(AnswerLost, match=r"took longer than 0\.5 seconds") as lost:
            client.request("GET", "/", headers={})

    assert lost.value.cause == Cause.TIMEOUT
    assert time.monotonic() - began < GOES_ON_SECONDS / 4
