"""What every test of doors asks with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doors.nasty import Faults


@pytest.fixture
def faults() -> Iterator[Faults]:
    """Collect errors of ours; fail at the end with all of them."""
    faults = Faults()
    yield faults
    assert faults.sent
    assert not faults.found, "\n".join(faults.found)
