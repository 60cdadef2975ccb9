"""Fixtures of the tests of sending."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from batchcalls import chunks, lifecycle
from batchcalls.importing import runner
from batchcalls.models import Batch


@pytest.fixture
def launched(make_batch: Any) -> Callable[..., Batch]:
    def launch(*numbers: str, **fields: Any) -> Batch:
        batch = make_batch(*numbers, **fields)
        lifecycle.submit(batch, launch=True)
        runner.run_batch(batch.pk, seconds=30)
        chunks.queue_due(batch.account, now=timezone.now())
        batch.refresh_from_db()
        return batch

    return launch
