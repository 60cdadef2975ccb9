"""Fixtures of the tests of calling: a live call, and the carrier of Bland accounts."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.states import BatchStatus
from tests.voice.bland_account import carrier, carrier_process

__all__ = ["carrier", "carrier_process"]


@pytest.fixture
def live_call(make_batch: Any, account: Any) -> CallResult:
    batch: Batch = make_batch("+12025550190")
    now = timezone.now()
    Batch.objects.update(status=BatchStatus.IN_PROGRESS, row_count=1)
    recipient = Recipient.objects.create(
        batch=batch, row_number=2, e164="+12025550190", status="in_call", attempts=1, called=True
    )
    return CallResult.objects.create(
        batch=batch,
        recipient=recipient,
        account=account,
        attempt=1,
        to_number=recipient.e164,
        provider_call_id="p-1",
        claimed_at=now,
    )
