"""Every way to stop calling, against a slow carrier: when did the last request leave?

Each stop halts a batch of its own, on an account of its own. The carrier's ledger is the judge.
"""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from tests.installation import Installation, carrier_environment, wait_for
from tests.voice.carrier.process import Carrier

#: What is executed in the installation to stop ``batch`` or, for a call, those being placed.
STOPS = {
    "pause": "lifecycle.pause(batch)",
    "cancel": "lifecycle.cancel(batch)",
    "do not call": "Suppression.objects.bulk_create(Suppression(e164=one) for one in numbers)",
    "stop call": "[stopping.stop(call, actor=None) for call in calls]",
    "account off": "halts.switch_account(batch.account, on=False, actor=None)",
    # Last, because it stops all the others too.
    "emergency stop": "halts.engage(None, 'Test.')",
}
PREPARE = """
batch = Batch.objects.get(pk='{batch}')
numbers = list(batch.recipients.values_list('e164', flat=True))
calls = list(batch.calls.filter(provider_call_id=None))
"""
#: The numbers of each batch begin this far after those of the one before.
FIRST_OF_BATCH = 10_000


def run(
    folder: Path,
    database_url: str,
    *,
    latency_seconds: float,
    hosts: int,
    threads: int = 128,
    cps: float | None = None,
) -> dict[str, float]:
    """Return for each stop the seconds from its commit to the last request that it should halt.

    Negative when no request left after the commit.
    """
    with (
        Carrier() as carrier,
        Installation(
            folder,
            database_url,
            **carrier_environment(carrier),
            PLACING_THREADS=threads,
            WORKERS=len(STOPS),
        ) as here,
    ):
        carrier.control(latency_seconds=latency_seconds, talk_seconds=[3600, 3600])
        here.act("from batchcalls.batches import halts", "from batchcalls.calling import stopping")
        for _ in range(hosts):
            here.start_worker()
        batches = _launch(here, cps=cps)
        # Every thread is busy, and more calls wait for one, or calls come at their rate.
        enough = threads if cps is None else 20
        wait_for(
            lambda: min(_sent_by_stop(carrier, batches).values()) >= enough,
            seconds=120,
            what="every batch is calling",
        )
        # Monotonic seconds, which all processes of a host share.
        committed: dict[str, float] = {}
        numbers: dict[str, set[str]] = {}
        for stop, batch in batches.items():
            here.act(PREPARE.format(batch=batch), STOPS[stop])
            committed[stop] = time.monotonic()
            numbers[stop] = set(
                here.ask("[call.to_number for call in calls]" if stop == "stop call" else "numbers")
            )
        # As long as any thread was busy then; afterwards, one that waited behind it would send.
        time.sleep(latency_seconds + 2)
        ledger = carrier.ledger()
        return {
            stop: max(
                (row["received_at"] - committed[stop] for row in ledger if row["to"] in reached),
                default=-math.inf,
            )
            for stop, reached in numbers.items()
        }


def _launch(here: Installation, *, cps: float | None) -> dict[str, str]:
    """Launch a batch for each stop, on an account of its own; return their ids."""
    for stop in STOPS:
        here.make_account(stop, provider="bland", cps=cps, concurrency=1_000)
    with ThreadPoolExecutor(2) as pool:
        ids = pool.map(
            lambda stop, number: here.make_batch(
                1_000, "--account", stop, first=number * FIRST_OF_BATCH
            ),
            STOPS,
            count(),
        )
        return dict(zip(STOPS, ids, strict=True))


def _sent_by_stop(carrier: Carrier, batches: dict[str, str]) -> dict[str, int]:
    """Count the requests of each batch by the range of its numbers."""
    counts = dict.fromkeys(batches, 0)
    for row in carrier.ledger():
        number = int(row["to"].removeprefix("+1415")) - 2_000_000
        counts[list(batches)[number // FIRST_OF_BATCH]] += 1
    return counts
