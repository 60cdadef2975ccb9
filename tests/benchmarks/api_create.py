"""Measure the time to create a batch by API, and the memory that the web server needs for it.

    python -m tests.benchmarks.api_create [recipients of JSON] [rows of a file]
    tests/with-postgres python -m tests.benchmarks.api_create …      (default: 10,000 and 100,000)

One gunicorn worker answers while no other worker runs. Each request is sent five times, and the
median counts. The baseline for JSON: this process reads the same body and writes the same rows as
CSV, once each. The baseline for a file: this process checks that it is UTF-8, computes its digest
and copies it. Neither uses a server or a database. Then a worker imports both lists.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

from tests.benchmarks.memory import PeakMemory
from tests.installation import Installation, free_port, wait_for

TIMES = 5
MAKE_KEY = """
from django.contrib.auth.models import User
from batchcalls.access import api_keys
from batchcalls.models import Scope
owner = User.objects.create_superuser("benchmark", "", None)
print(api_keys.create(owner, name="benchmark", scopes=Scope.values)[1])
"""


def recipients(count: int) -> list[dict[str, Any]]:
    return [
        {
            "phone_number": f"+1415{2_000_000 + n}",
            "request_data": {"name": f"Name {n}", "company": f"Company {n}", "city": "Springfield"},
            "metadata": {"crm_id": f"A-{n}"},
        }
        for n in range(count)
    ]


def a_list(count: int) -> bytes:
    rows = (f"+1415{2_000_000 + n},Name {n},Company {n},Springfield,A-{n}\n" for n in range(count))
    return ("phone_number,name,company,city,metadata.crm_id\n" + "".join(rows)).encode()


def by_hand_json(body: bytes, folder: Path) -> None:
    """Do the minimum work for the list in a JSON body."""
    rows = json.loads(body)["recipients"]
    with (folder / "by-hand.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for row in rows:
            writer.writerow([row["phone_number"], *row["request_data"].values(), row["metadata"]])


def by_hand_file(content: bytes, folder: Path) -> None:
    """Do the minimum work to store a file."""
    content.decode()
    hashlib.sha256(content).hexdigest()
    (folder / "by-hand-copy.csv").write_bytes(content)


def median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(TIMES):
        began = time.monotonic()
        work()
        times.append(time.monotonic() - began)
    return statistics.median(times)


def main() -> None:
    sizes = [int(text.replace(",", "")) for text in sys.argv[1:]]
    rows, lines = [*sizes, *[10_000, 100_000][len(sizes) :]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
        with Installation(folder, url, API_REQUESTS_PER_MINUTE=100_000, LOG_LEVEL="ERROR") as here:
            measure(here, rows, lines)


def measure(here: Installation, rows: int, lines: int) -> None:
    secret = here.manage("shell", "--no-imports", "-c", MAKE_KEY).strip()
    port = free_port()
    web = here.start_web(port, workers=1, threads=2)
    http = urllib3.PoolManager(headers={"Authorization": f"Bearer {secret}"})
    place = f"http://127.0.0.1:{port}/api/v1"
    said = {"prompt": "Call {{name}} of {{company}}.", "dry_run": True}
    made: list[str] = []

    def post(**sent: Any) -> None:
        answer = http.request("POST", f"{place}/batches", timeout=300, **sent)
        assert answer.status in {201, 202}, answer.data
        made.append(answer.json()["id"])

    def send_json(body: bytes) -> None:
        post(body=body, headers={**http.headers, "Content-Type": "application/json"})

    def send_file(content: bytes) -> None:
        fields = {
            "prompt": said["prompt"],
            "dry_run": "true",
            "map_all": "true",
            "file": ("customers.csv", io.BytesIO(content).read(), "text/csv"),
        }
        post(fields=fields)

    def peak() -> int:
        with PeakMemory(web.pid) as memory:
            time.sleep(0.5)
        return memory.megabytes

    send_json(json.dumps({**said, "recipients": recipients(2)}).encode())
    made.clear()
    empty = median(lambda: http.request("GET", f"{place}/me"))
    before = peak()
    content = a_list(lines)
    file_seconds = median(lambda: send_file(content))
    after_file = peak()
    body = json.dumps({**said, "recipients": recipients(rows)}).encode()
    json_seconds = median(lambda: send_json(body))
    after_json = peak()
    least_json = median(lambda: by_hand_json(body, here.folder))
    least_file = median(lambda: by_hand_file(content, here.folder))
    print(
        f"{rows:,} recipients as JSON ({len(body) / 1e6:.1f} MB): {json_seconds:.2f} s, "
        f"{json_seconds / least_json:.1f} x by hand ({least_json:.3f} s); "
        f"the web server's memory grew from {after_file} to {after_json} MB"
    )
    print(
        f"{lines:,} rows as a CSV file ({len(content) / 1e6:.1f} MB): {file_seconds:.2f} s, "
        f"{file_seconds / least_file:.1f} x by hand ({least_file:.3f} s); "
        f"memory from {before} to {after_file} MB"
    )
    print(f"an empty request (/api/v1/me): {empty * 1000:.1f} ms")
    # Import one of each; the others only repeat it.
    one_file, one_json, others = made[0], made[TIMES], [*made[1:TIMES], *made[TIMES + 1 :]]
    here.act(f"[lifecycle.cancel(one) for one in Batch.objects.filter(pk__in={others!r})]")
    began = time.monotonic()
    here.start_worker()

    def is_ready() -> bool:
        answers = [http.request("GET", f"{place}/batches/{pk}") for pk in (one_file, one_json)]
        return all(answer.json()["status"] == "ready" for answer in answers)

    wait_for(is_ready, seconds=600, what="the lists are taken in")
    taken = time.monotonic() - began
    report = http.request("GET", f"{place}/batches/{one_file}/dry-run").json()
    assert report["report"]["rows"] == lines, report
    print(f"in the background, both lists and their dry runs: {taken:.1f} s")


if __name__ == "__main__":
    main()
