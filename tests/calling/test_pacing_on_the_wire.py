"""Rates and lines as the carrier sees them, with several workers and batches at once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.databases import NewDatabase
from tests.installation import (
    WEBHOOK_SECRET,
    Installation,
    carrier_environment,
    free_port,
    wait_for,
)
from tests.voice.carrier.process import Carrier

CPS, CONCURRENCY, WORKERS = 5, 20, 4
CALLS_OF_EACH_BATCH = 45

pytestmark = pytest.mark.processes


def most_in_a_second(times: list[float]) -> int:
    """Return how many of these moments lie in the fullest window of one second."""
    times = sorted(times)
    return max(sum(1 for other in times if at <= other < at + 1) for at in times)


def most_at_once(ledger: list[dict[str, Any]]) -> int:
    """Return how many calls were live at the same moment."""
    changes = [(row["received_at"], 1) for row in ledger]
    changes += [(row["ended_at"], -1) for row in ledger]
    most = live = 0
    for _, change in sorted(changes):
        live += change
        most = max(most, live)
    return most


def test_four_workers_and_two_batches_keep_one_accounts_rate_and_lines(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    port = free_port()
    with (
        new_database(tmp_path) as url,
        Carrier() as carrier,
        Installation(
            tmp_path,
            url,
            **carrier_environment(carrier),
            PUBLIC_URL=f"http://127.0.0.1:{port}",
            WORKERS=1,
        ) as here,
    ):
        # Calls of 5 s at 5 each second would be 25 at once.
        carrier.control(talk_seconds=[5, 5], webhook_secret=WEBHOOK_SECRET)
        here.start_web(port)
        here.make_account("carrier", provider="bland", cps=CPS, concurrency=CONCURRENCY)
        batches = [
            here.make_batch(CALLS_OF_EACH_BATCH, "--account", "carrier", first=1_000 * n)
            for n in range(2)
        ]
        for _ in range(WORKERS):
            here.start_worker()
        wait_for(lambda: here.is_over(*batches), seconds=120, what="both batches are over")
        ledger = carrier.ledger()

    assert len(ledger) == 2 * CALLS_OF_EACH_BATCH
    assert most_in_a_second([row["received_at"] for row in ledger]) <= CPS + 1
    assert CONCURRENCY - 2 <= most_at_once(ledger) <= CONCURRENCY
    # In turns: neither batch waits for the other.
    first_half = Counter(row["to"][:9] for row in ledger[:CALLS_OF_EACH_BATCH])
    assert min(first_half.values()) >= CALLS_OF_EACH_BATCH // 3
