"""Compare calls placed per second with and without a purge of many calls beside them.

    python -m tests.benchmarks.purge [calls placed] [calls purged]
    tests/with-postgres python -m tests.benchmarks.purge [calls placed] [calls purged]

Without numbers: 10,000 calls are placed while 1,000,000 are purged. One worker process places calls
through the carrier of `throughput`; in the second run, another process purges at the same time, as
`manage.py purge --yes` does.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import tests.settings  # noqa: F401 - new_database asks for the kind of database
from tests.benchmarks.throughput import IN_FLIGHT, LATENCY_SECONDS, rate
from tests.databases import new_database
from tests.installation import Installation, carrier_environment
from tests.voice.carrier.process import Carrier

#: Fills a batch that ended long ago with rows and calls, by statements and not by calling.
FILL = """
from datetime import timedelta
from uuid import uuid4
from batchcalls.database import bulk, clock
old = Batch.objects.create(name='Old', account=VoiceAccount.objects.built_in())
at = clock.now() - timedelta(days={days})
said = [{{'role': 'assistant', 'text': 'Hello, this is about your order. ' * 5}}] * 4
for start in range(0, {count}, 20000):
    numbers = range(start, min(start + 20000, {count}))
    bulk.insert_each(Recipient, ['batch_id', 'row_number', 'e164', 'raw_number', 'request_data',
        'status', 'outcome', 'called', 'attempts'],
        [(old.pk, n + 2, f'+1415{{2000000 + n}}', f'1415{{2000000 + n}}', {{'shop': f'Shop {{n}}'}},
          'done', 'reached', True, 1) for n in numbers])
    rows = dict(Recipient.objects.filter(batch=old, row_number__gte=start + 2)
        .values_list('row_number', 'pk'))
    bulk.insert_each(CallResult, ['call_id', 'batch_id', 'recipient_id', 'account_id', 'attempt',
        'to_number', 'status', 'provider_call_id', 'answered_by', 'transcript', 'summary',
        'claimed_at', 'ended_at'],
        [(uuid4(), old.pk, rows[n + 2], old.account_id, 1, f'+1415{{2000000 + n}}', 'completed',
          f'old-{{n}}', 'human', said, 'Reached.', at, at) for n in numbers])
Batch.objects.filter(pk=old.pk).update(status='completed', ended_at=at)
"""
#: How far the purge is.
PURGED = "Recipient.objects.filter(e164__startswith='+~').count()"


def place(calls: int, old: int, folder: Path, database_url: str, *, purge: bool) -> float:
    """Return how many calls per second a worker places, with a purge beside it or without."""
    with (
        Carrier() as carrier,
        Installation(
            folder,
            database_url,
            **carrier_environment(carrier),
            LOG_LEVEL="ERROR",
            PLACING_THREADS=IN_FLIGHT,
            WORKERS=1,
            # Set in both runs: the worker of the first one has nothing that is old enough.
            KEEP_NUMBERS_DAYS=30,
            KEEP_TRANSCRIPTS_DAYS=30,
        ) as here,
    ):
        carrier.control(latency_seconds=LATENCY_SECONDS, talk_seconds=[3600, 3600])
        here.make_account(
            "bland", provider="bland", concurrency=1_000_000, options={"poll_seconds": 3600}
        )
        here.act(FILL.format(count=old, days=100 if purge else 1))
        batch = here.make_batch(calls, "--account", "bland")
        here.act(f"Batch.objects.filter(pk='{batch}').update(launch_when_ready=False)")
        worker = here.start_worker()
        ready = f"Batch.objects.get(pk='{batch}').status == 'ready'"
        while not here.ask(ready):
            time.sleep(0.5)
        beside = here.start(sys.executable, "manage.py", "purge", "--yes") if purge else None
        here.act(f"lifecycle.launch(Batch.objects.get(pk='{batch}'))")
        while carrier.live()["requests"] < calls:
            if worker.poll() is not None:
                sys.exit(here.log.read_text()[-2000:])
            time.sleep(0.5)
        if beside is not None:
            state = "under way" if beside.poll() is None else "over"
            print(f"after the last call, the purge is {state}: {here.ask(PURGED):,} numbers gone")
        return rate(carrier, calls)


def main() -> None:
    given = [int(one) for one in sys.argv[1:]]
    calls, old = [*given, *(10_000, 1_000_000)[len(given) :]]
    os.environ.setdefault("SECRET_KEY", "benchmarks-need-no-secret-but-a-long-enough-key")
    figures = []
    for purge in (False, True):
        with (
            tempfile.TemporaryDirectory() as name,
            new_database(Path(name), template=None) as url,
        ):
            figures.append(place(calls, old, Path(name), url, purge=purge))
    alone, beside = figures
    print(f"{calls:,} calls placed, {old:,} past calls")
    print(f"without a purge: {alone:7.0f} calls/s")
    print(f"beside a purge:  {beside:7.0f} calls/s  {beside / alone:.0%}")


if __name__ == "__main__":
    main()
