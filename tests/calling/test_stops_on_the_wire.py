"""Every stop holds at once, however slow the carrier is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import stops
from tests.databases import NewDatabase

#: From the commit of a stop to the last request at the carrier.
LONGEST_SECONDS = 1.0


@pytest.mark.processes
def test_no_request_leaves_later_than_a_second_after_a_stop(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    """The short form of ``python -m tests.benchmarks.stops``."""
    with new_database(tmp_path) as url:
        late = stops.run(tmp_path, url, latency_seconds=4, hosts=1, threads=32)

    assert {stop: seconds for stop, seconds in late.items() if seconds > LONGEST_SECONDS} == {}
