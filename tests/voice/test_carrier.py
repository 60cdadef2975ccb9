"""The carrier that other tests rely on does what it is told, and writes down what happened."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from batchcalls.voice.errors import CallRejected
from tests.voice.bland_account import bland, placed, request_to
from tests.voice.carrier.process import Carrier


def test_somebody_who_is_dialed_twice_shows_in_the_ledger(carrier: Carrier) -> None:
    provider, request = bland(), request_to()
    for _ in range(2):
        provider.place(request)
    provider.place(request_to())
    assert [row["answer"] for row in carrier.ledger()] == 3 * ["accepted"]
    assert carrier.live()["twice"] == [str(request.correlation_id)]


def test_it_counts_how_many_calls_were_live_at_once(carrier: Carrier) -> None:
    carrier.control(talk_seconds=[3600, 3600])
    provider = bland()
    calls = [placed(provider) for _ in range(4)]
    provider.stop(calls[0], hang_up=True, now=datetime.now(UTC))
    figures = carrier.live()
    assert (figures["calls"], figures["live"], figures["most_live"]) == (4, 3, 4)


def test_what_it_does_not_know_cannot_be_set(carrier: Carrier) -> None:
    with pytest.raises(ValueError, match="lag_seconds"):
        carrier.control(lag_seconds=1)


def test_the_same_seed_has_the_same_bad_luck(carrier: Carrier) -> None:
    answers = []
    for _ in range(2):
        carrier.reset()
        carrier.control(reject_rate=0.5, talk_seconds=[3600, 3600])
        provider = bland()
        for _ in range(20):
            try:
                provider.place(request_to())
            except CallRejected:
                continue
        answers.append([row["answer"] for row in carrier.ledger()])
    assert answers[0] == answers[1]
    assert set(answers[0]) == {"accepted", "400"}


def test_a_reset_forgets_everything(carrier: Carrier) -> None:
    carrier.control(reject_rate=1, talk_seconds=[3600, 3600])
    carrier.reset()
    placed(bland())
    carrier.reset()
    assert carrier.ledger() == []
    assert carrier.live()["live"] == 0


def test_it_ends_with_the_program_that_started_it() -> None:
    with Carrier() as running:
        process = running._process
        assert process is not None
        assert process.poll() is None
    assert process.returncode == 0
