"""Compare webhooks received per second through gunicorn with a view that does nothing.

    tests/with-postgres python -m tests.benchmarks.webhooks [events]

The empty view is that of an unknown URL, behind the same middleware. One asynchronous client
requests both over the same number of connections, alternating twice in one run. At the end every
event must be stored exactly once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.installation import WEBHOOK_SECRET, Installation, carrier_environment, free_port
from tests.voice.carrier.process import Carrier

CONNECTIONS, GUNICORN_WORKERS, THREADS = 16, 2, 8


def webhook(port: int, number: int) -> bytes:
    """Return the request of a signed post-call report of about 2 KB."""
    report = {
        "call_id": f"call-{number}",
        "completed": True,
        "queue_status": "complete",
        "status": "completed",
        "answered_by": "human",
        "created_at": "2026-07-01T12:00:00.000Z",
        "end_at": "2026-07-01T12:01:02.000Z",
        "corrected_duration": "60",
        "price": 0.155,
        "transcripts": [
            {"id": n, "user": "user" if n % 2 else "assistant", "text": "Yes, that is fine. " * 4}
            for n in range(14)
        ],
    }
    body = json.dumps(report).encode()
    signature = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return (
        f"POST /hooks/voice/1/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nX-Webhook-Signature: {signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def nothing(port: int, number: int) -> bytes:
    """Return the request of the empty view."""
    return f"GET /api/v1/nothing HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


async def ask_all(port: int, requests: list[bytes]) -> list[float]:
    """Send the requests over CONNECTIONS connections; return the seconds that each took."""
    left, times = iter(requests), []

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in left:
            began = time.perf_counter()
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if head.split(b" ")[1] not in {b"204", b"404"}:
                sys.exit(head.decode())
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))
    return times


def measure(port: int, requests: list[bytes]) -> tuple[float, str]:
    """Return requests per second, and the median and 99th percentile of a request's time."""
    began = time.perf_counter()
    times = sorted(asyncio.run(ask_all(port, requests)))
    rate = len(times) / (time.perf_counter() - began)
    median, worst = (1000 * times[int(len(times) * share)] for share in (0.5, 0.99))
    return rate, f"{median:4.1f} and {worst:5.1f} ms"


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    os.environ.setdefault("SECRET_KEY", "benchmarks-need-no-secret-but-a-long-enough-key")
    port = free_port()
    with tempfile.TemporaryDirectory() as name, Carrier() as carrier:
        url = os.environ.get("DATABASE_URL", f"sqlite:///{Path(name) / 'benchmark.sqlite3'}")
        with Installation(
            Path(name), url, **carrier_environment(carrier), LOG_LEVEL="ERROR"
        ) as here:
            here.make_account("bland", provider="bland")
            # As during dispatch, a worker holds the lease.
            here.act("VoiceAccount.objects.update(lease_until='2100-01-01T00:00:00Z')")
            here.start_web(port, workers=GUNICORN_WORKERS, threads=THREADS)
            measure(port, [nothing(port, 0)] * 500)
            print(f"{GUNICORN_WORKERS} gunicorn workers, {CONNECTIONS} connections,", end=" ")
            print(f"{url.partition(':')[0]}")
            for turn in range(2):
                empty, empty_ms = measure(port, [nothing(port, 0)] * events)
                numbers = range(turn * events, (turn + 1) * events)
                stored, stored_ms = measure(port, [webhook(port, n) for n in numbers])
                print(f"empty view: {empty:6.0f}/s, p50 and p99 {empty_ms}", end="   ")
                print(f"webhooks: {stored:6.0f}/s, p50 and p99 {stored_ms}", end="   ")
                print(f"{stored / empty:.0%}", flush=True)
            kept = here.ask("CallEvent.objects.count()")
            if kept != 2 * events:
                sys.exit(f"{kept} events were stored, not {2 * events}.")


if __name__ == "__main__":
    main()
