"""A carrier that loses answers and leaves calls out of its list, judged by its own ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import lying_lists
from tests.databases import NewDatabase

pytestmark = pytest.mark.processes


def test_nobody_is_dialed_a_third_time_and_the_account_pauses(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    """The short form of ``python -m tests.benchmarks.lying_lists``."""
    with new_database(tmp_path) as url:
        verdict = lying_lists.run(tmp_path, url, recipients=5)

    assert len(verdict.dialed) == 5
    assert max(verdict.dialed.values()) == 2
    assert verdict.pauses == ["list_doubted"]
    # The pause came before everyone was dialed a second time.
    assert verdict.rounds[0] < 10
    assert verdict.statuses == {"unconfirmed": 5}
    assert verdict.batch_status == "completed_partial"
    assert verdict.log["given_up"] == verdict.log["denied_twice"] == 5


def test_a_late_report_is_attached_and_alarms(tmp_path: Path, new_database: NewDatabase) -> None:
    with new_database(tmp_path) as url:
        verdict = lying_lists.run(tmp_path, url, recipients=1, webhook_delay_seconds=8)

    assert verdict.dialed.total() == 2
    # Two, if the second attempt was given up as well before its own report came.
    assert 1 <= verdict.log["possible_double_dial"] <= 2
    assert verdict.statuses == {"done": 1}
