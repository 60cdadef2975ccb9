"""Measure how fast single calls are accepted at POST /v1/calls, and how soon they are placed.

    python -m tests.benchmarks.single_calls [calls]                       (default: 300)
    tests/with-postgres python -m tests.benchmarks.single_calls [calls]   (PostgreSQL and SQLite)

Two gunicorn workers answer, one worker places the calls, and the carrier of the tests takes them.
First, one client sends calls one after another; then 20 clients send at the same time. Beside them,
in the same run, the same clients read one known call (`GET /v1/calls/{id}`), and create batches of
one recipient (`POST /api/v1/batches`). CPU is that of the web server, without PostgreSQL. Last,
calls arrive one by one while the worker is idle; the carrier says when it was asked to ring.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

from tests.benchmarks.api_create import MAKE_KEY
from tests.benchmarks.memory import PeakMemory
from tests.installation import Installation, carrier_environment, free_port, wait_for
from tests.voice.carrier.process import Carrier

CLIENTS = 20
IDLE_CALLS = 20
IDLE_SECONDS = 1.5


def timed(work: Callable[[int], object], numbers: list[int], clients: int) -> tuple[float, str]:
    """Return the median seconds of one, and a description with the rate."""
    times: list[float] = []
    left = iter(numbers)
    lock = threading.Lock()

    def one_client() -> None:
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            began = time.monotonic()
            work(number)
            times.append(time.monotonic() - began)

    threads = [threading.Thread(target=one_client) for _ in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(times) / (time.monotonic() - began)
    slow = statistics.quantiles(times, n=20)[-1]
    median = statistics.median(times)
    return median, f"{rate:6.1f}/s  median {median * 1e3:6.1f} ms  95 % {slow * 1e3:6.1f} ms"


def measure(here: Installation, carrier: Carrier, calls: int) -> None:
    secret = here.manage("shell", "--no-imports", "-c", MAKE_KEY).strip()
    port = free_port()
    web = here.start_web(port, workers=2, threads=8)
    http = urllib3.PoolManager(maxsize=CLIENTS, headers={"Authorization": secret})
    place = f"http://127.0.0.1:{port}/v1/calls"
    accepted: list[str] = []

    def post(url: str, body: dict[str, Any]) -> Any:
        answer = http.request("POST", url, json=body)
        assert answer.status in {200, 201}, answer.data
        return answer.json()

    def send(number: int) -> None:
        body: dict[str, Any] = {
            "phone_number": f"+1415{2_000_000 + number}",
            "task": "Say hello to {{name}}.",
            "request_data": {"name": f"Name {number}"},
        }
        accepted.append(post(place, body)["call_id"])

    def read(_: int) -> None:
        answer = http.request("GET", f"{place}/{accepted[0]}")
        assert answer.status == 200, answer.data

    def create(number: int) -> None:
        rows = [{"phone_number": f"+1415{3_000_000 + number}"}]
        post(
            f"http://127.0.0.1:{port}/api/v1/batches", {"prompt": "Say hello.", "recipients": rows}
        )

    for number in range(10):  # modules are loaded, caches filled
        send(number)
        read(number)
        create(number)
    for name, clients, first in (("one client", 1, 1_000), (f"{CLIENTS} clients", CLIENTS, 10_000)):
        count = calls if clients > 1 else calls // 3
        numbers = list(range(first, first + count))
        reading = 0.0
        for what, work in (("reads", read), ("calls", send), ("batches", create)):
            with PeakMemory(web.pid) as used:
                median, text = timed(work, numbers, clients)
            reading = reading or median
            cpu = used.cpu_seconds / count * 1e3
            ratio = f"{median / reading:.1f} x a read" if work != read else ""
            print(f"{name:>10}, {what:>7}: {text}  CPU {cpu:5.1f} ms  {ratio}", flush=True)
    here.start_worker()
    wait_for(
        lambda: carrier.live()["requests"] >= len(accepted), seconds=300, what="all are placed"
    )
    before = len(carrier.ledger())
    delays = []
    for number in range(100_000, 100_000 + IDLE_CALLS):
        time.sleep(IDLE_SECONDS)
        sent_at = time.monotonic()
        send(number)
        count = before + len(delays) + 1
        wait_for(lambda n=count: len(carrier.ledger()) >= n, seconds=30, what="the call is placed")
        delays.append(max(one["received_at"] for one in carrier.ledger()) - sent_at)
    slow = statistics.quantiles(delays, n=20)[-1]
    print(
        f"idle worker: from the request to the provider, median {statistics.median(delays):.3f} s, "
        f"95 % {slow:.3f} s"
    )


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    for server in filter(None, (os.environ.get("DATABASE_URL"), "sqlite")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            url = f"sqlite:///{folder / 'db.sqlite3'}" if server == "sqlite" else server
            print(f"{calls:,} calls, {server.partition(':')[0]}", flush=True)
            run(folder, url, calls)


def run(folder: Path, url: str, calls: int) -> None:
    with (
        Carrier() as carrier,
        Installation(
            folder,
            url,
            **carrier_environment(carrier),
            API_REQUESTS_PER_MINUTE=1_000_000,
            API_REQUESTS_PER_MINUTE_PER_PERSON=1_000_000,
            BLAND_API_ACCOUNT="bland",
            BLAND_API_PURPOSE="informational",
            LOG_LEVEL="ERROR",
            WORKERS=1,
        ) as here,
    ):
        carrier.control(talk_seconds=[0.1, 0.2])
        here.make_account("bland", provider="bland", concurrency=10_000, cps=1_000)
        measure(here, carrier, calls)


if __name__ == "__main__":
    main()
