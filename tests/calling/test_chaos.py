"""Workers die and the network fails: nobody is called twice, nobody is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import chaos
from tests.databases import NewDatabase
from tests.installation import need_redis

KILLS = 5


@pytest.mark.processes
def test_killed_workers_and_a_failing_network_call_nobody_twice_and_forget_nobody(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    """The short form of ``python -m tests.benchmarks.chaos``."""
    need_redis()
    with new_database(tmp_path) as url:
        verdict = chaos.run(tmp_path, url, recipients=300, kills=KILLS, workers=2, cps=60)

    assert verdict.wrong == []
    assert verdict.kills >= KILLS
    assert verdict.answers["reset-after"] + verdict.answers["500-after"] > 0
    assert verdict.webhooks["webhooks_badly_signed"] == verdict.webhooks["webhooks_answered_403"]
