"""Pause and cancel as the carrier sees them, with several workers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import NewDatabase
from tests.installation import (
    Installation,
    carrier_environment,
    wait_for,
)
from tests.voice.carrier.process import Carrier

RECIPIENTS, CPS = 400, 40
#: So many calls may have been under way to the carrier when a halt was committed. More would be
#: calls that were begun after it, of those that a worker claims half a second ahead.
ON_THEIR_WAY = CPS // 4

pytestmark = pytest.mark.processes


@pytest.fixture
def here(tmp_path: Path, new_database: NewDatabase, carrier: Carrier) -> Iterator[Installation]:
    with (
        new_database(tmp_path) as url,
        Installation(tmp_path, url, **carrier_environment(carrier), WORKERS=1) as installation,
    ):
        # There is no web server here: calls stay silent and are asked about.
        installation.make_account(
            "carrier", provider="bland", cps=CPS, concurrency=500, options={"silence_seconds": 1}
        )
        yield installation


def call_on_two_hosts(here: Installation, carrier: Carrier) -> str:
    batch = here.make_batch(RECIPIENTS, "--account", "carrier")
    for _ in range(2):
        here.start_worker()
    wait_for(lambda: carrier.live()["requests"] >= 20, seconds=60, what="calls go out")
    return batch


def halt(here: Installation, carrier: Carrier, statement: str) -> None:
    """Halt the batch and wait until what was under way has arrived; nothing else may arrive."""
    here.act(statement)
    before = carrier.live()["requests"]
    wait_for(
        lambda: here.ask("not Recipient.objects.filter(status='dialing').exists()"),
        seconds=60,
        what="nobody is being dialed",
    )
    assert carrier.live()["requests"] - before <= ON_THEIR_WAY


def test_after_a_pause_nobody_is_dialed_and_after_resuming_everybody_once(
    here: Installation, carrier: Carrier
) -> None:
    carrier.control(talk_seconds=[0.1, 0.2])
    batch = call_on_two_hosts(here, carrier)
    halt(here, carrier, f"lifecycle.pause(Batch.objects.get(pk='{batch}'))")
    before = carrier.live()["requests"]
    time.sleep(3)
    assert carrier.live()["requests"] == before
    assert before < RECIPIENTS

    here.act("VoiceAccount.objects.update(cps=200)")
    here.act(f"lifecycle.resume(Batch.objects.get(pk='{batch}'))")
    wait_for(lambda: here.is_over(batch), seconds=90, what="the batch is over")
    numbers = [row["to"] for row in carrier.ledger()]
    assert len(numbers) == len(set(numbers)) == RECIPIENTS


def test_cancel_with_hanging_up_ends_every_conversation_at_the_carrier(
    here: Installation, carrier: Carrier
) -> None:
    carrier.control(talk_seconds=[600, 600])
    batch = call_on_two_hosts(here, carrier)
    halt(here, carrier, f"lifecycle.cancel(Batch.objects.get(pk='{batch}'), hang_up=True)")
    before = carrier.live()["requests"]
    wait_for(lambda: carrier.live()["live"] == 0, seconds=60, what="no call is live")

    ledger = carrier.ledger()
    assert len(ledger) == before
    assert all(row["stops"] for row in ledger)
    unended = "CallResult.objects.filter(ended_at=None).count()"
    wait_for(lambda: here.ask(unended) == 0, seconds=60, what="every call has its result")
    assert here.ask("Recipient.objects.filter(status='canceled').count()") > 0
    assert here.ask(f"Batch.objects.get(pk='{batch}').status") == "canceled"
