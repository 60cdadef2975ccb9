"""Calls of at most a minute at 0.10 a minute: claimed, accepted and ended by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone

from batchcalls.batches import spending
from batchcalls.calling import claiming, recording, results
from batchcalls.database.lease import Lease
from batchcalls.models import Batch, CallResult, DailySpending, Recipient, VoiceAccount
from batchcalls.states import CallStatus
from batchcalls.voice.base import CallAccepted, CallDetails, VoiceEvent
from campaigns.vocabulary import AnsweredBy

#: A call of at most a minute costs at most 0.10.
PRICES = {"price_per_minute": Decimal("0.10"), "price_per_attempt": Decimal(0)}
MINUTE = {"max_duration": 1}
NUMBERS = [f"+120255501{number:02}" for number in range(90)]


def take(lease: Lease[VoiceAccount], want: int = 128) -> list[CallResult]:
    return [one.call for one in claiming.claim(lease, want=want).placeable]


def accept(calls: list[CallResult]) -> None:
    answers = [
        (call, CallAccepted(provider_call_id=f"P-{call.pk}", next_event_at=timezone.now()))
        for call in calls
    ]
    recording.record_accepted(answers, now=timezone.now())


def end(
    calls: list[CallResult],
    status: CallStatus = CallStatus.COMPLETED,
    *,
    key: str = "end",
    **details: Any,
) -> None:
    events = [ended(call, status, key=key, **details) for call in calls]
    results.apply(calls[0].account_id, events, now=timezone.now())


def ended(
    call: CallResult, status: CallStatus = CallStatus.COMPLETED, *, key: str, **details: Any
) -> VoiceEvent:
    return VoiceEvent(
        provider_call_id=f"P-{call.pk}",
        event_key=f"{key}-{call.pk}",
        status=status,
        raw_status=status,
        occurred_at=timezone.now(),
        answered_by=AnsweredBy.HUMAN if status == CallStatus.COMPLETED else "",
        details=CallDetails(**{"duration_seconds": 60, **details}),
    )


def ledger(account: VoiceAccount) -> Decimal:
    """Count what budgets count, from the rows alone."""
    calls = CallResult.objects.counted().filter(account=account)
    return sum(
        ((call.cost if call.ended_at else call.reserved) or Decimal(0) for call in calls),
        Decimal(0),
    )


def assert_sums_are_those_of_the_rows(account: VoiceAccount) -> None:
    days = DailySpending.objects.filter(account=account)
    kept = {row.day: row.spent for row in days}
    assert kept == {day: spending.recount_day(account.pk, day) for day in kept}
    for batch in Batch.objects.filter(account=account, budget__isnull=False):
        assert batch.spent == spending.recount_batch(batch.pk)


def try_again() -> None:
    """Have everybody who waits be due now."""
    Recipient.objects.exclude(due_at=None).update(due_at=timezone.now())
