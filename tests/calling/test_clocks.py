"""Clocks are checked, not trusted: nobody is dialed twice because a clock is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import clocks
from tests.databases import NewDatabase

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("minutes", [15, -15])
def test_a_host_with_a_wrong_clock_dials_nobody_twice_when_answers_are_lost(
    tmp_path: Path, new_database: NewDatabase, minutes: int
) -> None:
    """The short form of ``python -m tests.benchmarks.clocks``."""
    with new_database(tmp_path) as url:
        assert clocks.whole_host_off(tmp_path, url, minutes=minutes, recipients=60) == []


@pytest.mark.parametrize("minutes", [5, -5])
def test_a_worker_whose_clock_differs_from_the_database_s_does_not_dial(
    tmp_path: Path, new_database: NewDatabase, minutes: int
) -> None:
    """The same, with one of two workers."""
    with new_database(tmp_path) as url:
        if url.startswith("sqlite"):
            pytest.skip("SQLite has no clock of its own.")
        assert clocks.one_worker_off(tmp_path, url, minutes=minutes, recipients=60) == []
