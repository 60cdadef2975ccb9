"""Fixtures of the tests of sending."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from batchcalls import chunks, lifecycle, webhook_endpoints
from batchcalls.importing import runner
from batchcalls.models import Batch, WebhookEndpoint
from tests.batchcalls.receiver import NOW, Receiver, receiving


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


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    with receiving() as running:
        yield running


@pytest.fixture
def endpoint(receiver: Receiver) -> WebhookEndpoint:
    return webhook_endpoints.create(url=receiver.url())


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that the test moves; it begins at NOW and goes on."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller
