"""Measure how much the web server's memory grows for one long request, beside the request's size.

    python -m tests.benchmarks.request_memory [recipients]                (default: 50,000)
    tests/with-postgres python -m tests.benchmarks.request_memory [recipients]

Each request gets a gunicorn worker of its own, which first answers a short one of the same kind.
The growth is the difference of its peak memory (VmHWM). Exits 1 if any request needs twice its
size.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import urllib3

from tests.benchmarks.api_create import MAKE_KEY
from tests.benchmarks.memory import PeakMemory
from tests.installation import Installation, free_port

MOST = 2.0


def entries(count: int) -> list[dict[str, Any]]:
    """Return recipients with about as many bytes as 50,000 of them may have in 20 MB."""
    return [
        {
            "phone_number": f"+1415{2_000_000 + n}",
            "request_data": {
                **{"name": f"Name {n}", "company": f"Company {n}", "city": "Springfield"},
                **{f"note_{i}": f"What is known about customer {n}" for i in range(4)},
            },
            "metadata": {"crm_id": f"A-{n}"},
        }
        for n in range(count)
    ]


def requests(count: int) -> dict[str, tuple[str, bytes, int]]:
    """Return path, body and expected status of each kind of request."""
    said = "Call {{name}} of {{company}}."
    sent = {
        "/api/v1/batches": {"prompt": said, "recipients": entries(count)},
        "/v1/batches": {"base_prompt": said, "call_data": entries(count)},
        "/v2/batches/create": {"global": {"task": said}, "call_objects": entries(count)},
    }
    found = {
        path: (path, json.dumps(body).encode(), 201 if path.startswith("/api") else 200)
        for path, body in sent.items()
    }
    path, body, _ = found["/api/v1/batches"]
    found[f"{path}, cut off"] = path, body[:-20], 400
    found["/v1/batches, cut off"] = "/v1/batches", found["/v1/batches"][1][:-20], 400
    text = json.dumps({"prompt": "x" * (len(body) - 20)}).encode()
    return {**found, f"{path}, one text": (path, text, 400)}


def grown(here: Installation, secret: str, request: tuple[str, bytes, int], short: bytes) -> int:
    """Return by how many bytes the web server grows for a request."""
    path, body, expected = request
    port = free_port()
    web = here.start_web(port, workers=1, threads=2)
    headers = {"Authorization": secret, "Content-Type": "application/json"}
    # A request with a name is read once more, to be compared with others of that name.
    named = {**headers, "Idempotency-Key": str(port)}

    def post(body: bytes, headers: dict[str, str]) -> int:
        with urllib3.PoolManager() as http:
            url = f"http://127.0.0.1:{port}{path}"
            answer = http.request("POST", url, body=body, headers=headers, timeout=600)
            assert answer.status in {200, 201, expected}, answer.data[:500]
            return answer.status

    def peak() -> int:
        with PeakMemory(web.pid) as memory:
            time.sleep(0.5)
        return memory.megabytes * 1024 * 1024

    for _ in range(3):
        post(short, headers)
    before = peak()
    assert post(body, named) == expected
    after = peak()
    here.kill(web)
    return after - before


def main() -> None:
    count = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 50_000
    failed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
        with Installation(folder, url, LOG_LEVEL="ERROR") as here:
            secret = here.manage("shell", "--no-imports", "-c", MAKE_KEY).strip()
            print(f"{count:,} recipients, {url.partition(':')[0]}", flush=True)
            short = requests(2)
            for kind, request in requests(count).items():
                first = kind.partition(",")[0]
                growth = grown(here, secret, request, short[first][1])
                ratio = growth / len(request[1])
                if ratio >= MOST:
                    failed.append(kind)
                print(
                    f"{kind:>28}: {len(request[1]) / 1e6:5.1f} MB, memory grew by "
                    f"{growth / 1e6:5.1f} MB, {ratio:.2f} x",
                    flush=True,
                )
    sys.exit(f"More than {MOST:g} x: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
