"""A worker that was asleep between its claims and its requests dials nobody."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.databases import NewDatabase
from tests.installation import Installation, carrier_environment, wait_for
from tests.voice.carrier.process import Carrier

RECIPIENTS = 30
LEASE_SECONDS, STALE_SECONDS = 2, 4
#: A lost call counts as absent as soon as its longest possible request is over: 8 s.
OPTIONS = {
    "absent_after_seconds": 0,
    "connect_timeout_seconds": 3,
    "read_timeout_seconds": 1,
    "poll_seconds": 60,
}


@pytest.mark.processes
def test_a_worker_that_wakes_up_while_it_connects_dials_nobody_a_second_time(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    with (
        new_database(tmp_path) as url,
        Carrier() as carrier,
        Installation(
            tmp_path,
            url,
            **carrier_environment(carrier),
            LEASE_SECONDS=LEASE_SECONDS,
            STALE_CLAIM_SECONDS=STALE_SECONDS,
            WORKERS=1,
        ) as here,
    ):
        carrier.control(accepting=False, talk_seconds=[3600, 3600])
        here.make_account("carrier", provider="bland", concurrency=500, options=OPTIONS)
        sleeper = here.start_worker()
        here.make_batch(RECIPIENTS, "--account", "carrier")
        dialing = "Recipient.objects.filter(status='dialing').count()"
        wait_for(lambda: here.ask(dialing) == RECIPIENTS, seconds=30, what="calls connect")
        time.sleep(0.3)
        os.killpg(sleeper.pid, signal.SIGSTOP)
        # The kernel goes on connecting for it.
        carrier.control(accepting=True)
        here.start_worker()
        in_call = "Recipient.objects.filter(status='in_call').count()"
        wait_for(lambda: here.ask(in_call) == RECIPIENTS, seconds=180, what="another one calls")
        os.killpg(sleeper.pid, signal.SIGCONT)
        time.sleep(2)
        dialed = Counter(row["to"] for row in carrier.ledger())

    assert {number: times for number, times in dialed.items() if times > 1} == {}
    assert len(dialed) == RECIPIENTS
