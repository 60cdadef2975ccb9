"""How long after each stop requests still leave: stops × latencies of the carrier × hosts.

    python -m tests.benchmarks.stops [latency …]
    tests/with-postgres python -m tests.benchmarks.stops [latency …]

Prints the seconds from the commit of a stop to the last request at the carrier; negative when none
left after it. Exits 1 if any is longer than a second.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import django

HOSTS = (1, 4)
LONGEST_SECONDS = 1.0


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests import stops
    from tests.databases import new_database

    latencies = [float(word) for word in sys.argv[1:]] or [0.1, 8.0, 20.0]
    wrong = False
    print(f"{'latency':>7}  hosts  {'  '.join(f'{stop:>14}' for stop in stops.STOPS)}")
    for latency in latencies:
        for hosts in HOSTS:
            with tempfile.TemporaryDirectory() as name, new_database(Path(name)) as url:
                late = stops.run(
                    Path(name),
                    url,
                    latency_seconds=latency,
                    hosts=hosts,
                    # A quick carrier would finish the batches before they are stopped.
                    cps=40 if latency < 1 else None,
                )
            wrong = wrong or max(late.values()) > LONGEST_SECONDS
            figures = "  ".join(f"{late[stop]:14.2f}" for stop in stops.STOPS)
            print(f"{latency:7g}  {hosts:5}  {figures}", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
