"""Commands called in this process set how much is logged; other tests find it as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    log = logging.getLogger("batchcalls")
    level = log.level
    yield
    log.setLevel(level)
