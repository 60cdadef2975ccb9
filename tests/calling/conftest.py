"""Fixtures of the tests of calling: a live call, and the carrier of Bland accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from batchcalls.database.lease import Lease
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus
from tests.calling.placing import lease_of
from tests.calling.spending_rows import MINUTE, NUMBERS, PRICES
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


@pytest.fixture
def priced(account: VoiceAccount) -> VoiceAccount:
    VoiceAccount.objects.filter(pk=account.pk).update(**PRICES)
    account.refresh_from_db()
    return account


@pytest.fixture
def lease(priced: VoiceAccount) -> Lease[VoiceAccount]:
    return lease_of(priced)


@pytest.fixture
def launch(launched: Any, priced: VoiceAccount) -> Any:
    def with_budget(count: int, amount: str | None = None, **fields: Any) -> Batch:
        first = fields.pop("first", 0)
        batch: Batch = launched(
            *NUMBERS[first : first + count],
            budget=None if amount is None else Decimal(amount),
            **{"call_settings": MINUTE, "account": priced, **fields},
        )
        return batch

    return with_budget
