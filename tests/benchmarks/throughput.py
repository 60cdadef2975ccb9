"""Compare calls placed per second with a bare asynchronous loop of the same requests.

    python -m tests.benchmarks.throughput [calls]
    tests/with-postgres python -m tests.benchmarks.throughput [calls]

The carrier is a real HTTP server in its own process that answers after 100 ms. One worker process
claims, checks the rules, places and records; the bare loop has no database and sends the same
bodies over 100 connections, without an HTTP library, which would only slow it down. Both are
measured by the carrier's ledger, in the same run. The CPU time of the worker's processes for each
call is the figure to compare on a busy machine; with few calls, it includes the first import of
the worker's modules.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from campaigns.quoted_values import CLOSES, NOTE, OPENS
from tests.installation import Installation, carrier_environment
from tests.voice.carrier.process import Carrier

IN_FLIGHT = 100
LATENCY_SECONDS = 0.1


async def bare_loop(url: str, key: str, calls: int) -> None:
    """Send ``calls`` requests over IN_FLIGHT connections, each as soon as the last was answered."""
    left = iter(range(calls))
    parts, batch_id = urlsplit(url), str(uuid4())

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for number in left:
            body = json.dumps(
                {
                    "phone_number": f"+1415{2_000_000 + number}",
                    "task": f"{NOTE}Call {OPENS}Shop {number}{CLOSES}.",
                    "request_data": {"shop": f"Shop {number}"},
                    "metadata": {
                        "batchcalls_correlation_id": str(uuid4()),
                        "batchcalls_batch_id": batch_id,
                    },
                }
            ).encode()
            writer.write(
                f"POST /v1/calls HTTP/1.1\r\nHost: {parts.netloc}\r\nauthorization: {key}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            json.loads(await reader.readexactly(length))
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(IN_FLIGHT)))


def rate(carrier: Carrier, calls: int) -> float:
    """Return calls per second between the first and the last ledger entry."""
    times = sorted(request["received_at"] for request in carrier.ledger())
    if len(times) != calls:
        sys.exit(f"{len(times)} requests reached the carrier, not {calls}.")
    return (calls - 1) / (times[-1] - times[0])


def cpu_seconds(session: int) -> float:
    """Return the CPU time that the processes of a session have used."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process has ended
            # The name before the last parenthesis may contain anything.
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def run_bare(calls: int) -> float:
    with Carrier() as carrier:
        carrier.control(latency_seconds=LATENCY_SECONDS, talk_seconds=[3600, 3600])
        asyncio.run(bare_loop(carrier.url, carrier.key, calls))
        return rate(carrier, calls)


def run_ours(calls: int, folder: Path, database_url: str) -> tuple[float, float]:
    """Return calls per second, and the worker's CPU time for each call in seconds."""
    with (
        Carrier() as carrier,
        Installation(
            folder,
            database_url,
            **carrier_environment(carrier),
            LOG_LEVEL="ERROR",
            PLACING_THREADS=IN_FLIGHT,
            WORKERS=1,
        ) as here,
    ):
        carrier.control(latency_seconds=LATENCY_SECONDS, talk_seconds=[3600, 3600])
        here.make_account(
            "bland", provider="bland", concurrency=1_000_000, options={"poll_seconds": 3600}
        )
        # Validate first, so that only dispatch is measured.
        batch = here.make_batch(calls, "--account", "bland")
        here.act(f"Batch.objects.filter(pk='{batch}').update(launch_when_ready=False)")
        worker = here.start_worker()
        ready = f"Batch.objects.get(pk='{batch}').status == 'ready'"
        while not here.ask(ready):
            time.sleep(0.5)
        before = cpu_seconds(worker.pid)
        here.act(f"lifecycle.launch(Batch.objects.get(pk='{batch}'))")
        while carrier.live()["requests"] < calls:
            if worker.poll() is not None:
                sys.exit(here.log.read_text()[-2000:])
            time.sleep(0.5)
        return rate(carrier, calls), (cpu_seconds(worker.pid) - before) / calls


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'benchmark.sqlite3'}")
        os.environ.setdefault("SECRET_KEY", "benchmarks-need-no-secret-but-a-long-enough-key")
        bare = run_bare(calls)
        ours, cpu = run_ours(calls, folder, url)
    kind = url.partition(":")[0]
    print(
        f"{calls:,} calls, {LATENCY_SECONDS * 1000:.0f} ms latency, {IN_FLIGHT} in flight, {kind}"
    )
    print(f"bare asynchronous loop: {bare:7.0f} calls/s")
    print(f"one worker:             {ours:7.0f} calls/s  {ours / bare:.0%} of the bare loop")
    print(f"CPU time of the worker: {1_000 * cpu:7.2f} ms a call")


if __name__ == "__main__":
    main()
