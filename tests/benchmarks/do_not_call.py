"""Measure how fast a long do-not-call list is imported, and the cost of looking up numbers.

    python -m tests.benchmarks.do_not_call [numbers]        (default: 1,000,000)
    tests/with-postgres python -m tests.benchmarks.do_not_call [numbers]

Two workers import the list. The lookups are those of the dispatcher, 500 numbers at a time, half
of them listed. The baseline, in the same run, is the same lookup while the list has 1,000 numbers.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.importing import OPTIONS, finish, script
from tests.benchmarks.memory import PeakMemory
from tests.installation import Installation

ADD = """
import sys, time
from batchcalls.intake import do_not_call
from batchcalls.models import StoredList
from batchcalls.intake.uploads import ReadingOptions
with open(sys.argv[1], "rb") as stream:
    stored = do_not_call.add_list(stream, file_name="dnc.csv", reading=ReadingOptions())
while stored.status == "importing":
    time.sleep(0.2)
    stored.refresh_from_db(fields=["status", "reason"])
assert stored.status == "imported", stored.reason
"""

LOOK_UP = """
import random, statistics, time
from batchcalls.database import clock
from campaigns.models import Suppression
numbers = list(Suppression.objects.values_list("e164", flat=True)[:100_000])
random.seed(1)
times = []
for _ in range(300):
    asked = random.sample(numbers, 250) + [f"+1650{random.randrange(2_000_000, 10_000_000)}"
        for _ in range(250)]
    began = time.perf_counter()
    found = Suppression.objects.bans_among(asked, now=clock.now()).among(asked)
    times.append(time.perf_counter() - began)
    assert len(found) == 250
print(len(numbers), Suppression.objects.count(), statistics.median(times) * 1000)
"""


def write(path: Path, first: int, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("phone_number,reason\n")
        file.writelines(f"+1415{2_000_000 + n},state list\n" for n in range(first, first + count))


def main() -> None:
    numbers = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
        with Installation(folder, url, **OPTIONS) as here:
            worker = here.start_worker()
            time.sleep(5)
            few, many = folder / "few.csv", folder / "many.csv"
            write(few, 0, 1_000)
            write(many, 0, numbers)
            finish(script(here, ADD, few))
            _, _, before = finish(script(here, LOOK_UP)).split()
            with PeakMemory(worker.pid) as peak:
                began = time.monotonic()
                finish(script(here, ADD, many))
                seconds = time.monotonic() - began
            here.kill(worker)
            _, count, after = finish(script(here, LOOK_UP)).split()
            if int(count) != numbers:
                sys.exit(f"{count} numbers are on the list, not {numbers}.")
            print(f"taken in {numbers:,} numbers in {seconds:.1f} s, {numbers / seconds:,.0f} a")
            print(f"second; peak {peak.megabytes} MB a worker")
            ratio = float(after) / float(before)
            print(f"500 looked up in {float(after):.2f} ms; {ratio:.2f} x as long as among 1,000")


if __name__ == "__main__":
    main()
