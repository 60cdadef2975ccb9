"""What calls cost, added up: a call's reservation until it ends, then its cost.

Sums of ended calls are kept by day and account, and for each batch with a budget. A cost enters
them in the transaction that ends its call, and a call ends once. Reservations are added up from the
calls that have not ended, which are few. `recount_day` and `recount_batch` derive the same sums
from the calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import DecimalField, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from batchcalls.batches import overcharging
from batchcalls.database import clock
from batchcalls.models import Batch, CallResult, DailySpending, Recipient, VoiceAccount
from batchcalls.states import BATCH_CALLING, CallStatus
from batchcalls.voice.prices import Prices
from campaigns.vocabulary import AnsweredBy

log = structlog.get_logger(__name__)

#: Minutes after which providers end a call that has no ``max_duration``.
LONGEST_MINUTES = 30
#: How often the sweep recounts a sum.
RECOUNT_AFTER = timedelta(hours=1)

NOTHING = Decimal(0)


def longest_seconds(*settings: dict[str, Any]) -> float:
    """Return how long a call may last by the first of these call settings that says so."""
    minutes = next((one["max_duration"] for one in settings if one.get("max_duration")), None)
    return float(minutes or LONGEST_MINUTES) * 60


def most_of(account: VoiceAccount, recipient: Recipient) -> Decimal:
    """Return the most that a call to a recipient can cost."""
    seconds = longest_seconds(recipient.call_settings, recipient.batch.call_settings)
    return account.prices.most(seconds)


def day_of(moment: datetime) -> date:
    """Return the day of a moment in the site's time zone (the setting TIME_ZONE)."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def start_of(day: date) -> datetime:
    """Return the first moment of a day in the site's time zone."""
    return datetime.combine(day, time(), tzinfo=timezone.get_default_timezone())


# Ended calls -------------------------------------------------------------------------------------


def settle(account_id: int, calls: Sequence[CallResult]) -> None:
    """Set the cost of calls that end now and add it up; the caller saves the calls.

    Call this in the transaction that ends the calls, with their batches locked.
    """
    account = VoiceAccount.objects.get(pk=account_id)
    for call in calls:
        call.cost = _cost(account.prices, call)
    add(account_id, calls)
    overcharging.note(account, calls)


def reprice(account_id: int, calls: Sequence[CallResult]) -> None:
    """Set the cost of ended calls anew whose price came later; the caller saves the calls."""
    account = VoiceAccount.objects.get(pk=account_id)
    costs = {call.pk: _cost(account.prices, call) or NOTHING for call in calls}
    _add(account_id, [(call, costs[call.pk] - (call.cost or NOTHING)) for call in calls])
    for call in calls:
        call.cost = costs[call.pk]
    overcharging.note(account, calls)


def _cost(prices: Prices, call: CallResult) -> Decimal | None:
    cost = prices.settled(
        call.price,
        call.currency,
        seconds=_connected_seconds(call),
        is_voicemail=call.answered_by == AnsweredBy.VOICEMAIL,
    )
    return call.reserved if cost is None else cost


def _connected_seconds(call: CallResult) -> float | None:
    if call.duration_seconds is not None:
        return call.duration_seconds
    if call.answered_at and call.ended_at:
        return max(0.0, (call.ended_at - call.answered_at).total_seconds())
    return None if call.status == CallStatus.COMPLETED else 0


def add(account_id: int, calls: Sequence[CallResult]) -> None:
    """Add the cost of calls that end in this transaction to the sums."""
    _add(account_id, [(call, call.cost) for call in calls if call.cost])


def _add(account_id: int, amounts: Iterable[tuple[CallResult, Decimal]]) -> None:
    by_day: defaultdict[date, Decimal] = defaultdict(Decimal)
    by_batch: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for call, amount in amounts:
        by_day[day_of(call.claimed_at)] += amount
        by_batch[call.batch_id] += amount
    for batch_id, cost in sorted(by_batch.items()):
        rows = Batch.objects.filter(pk=batch_id, budget__isnull=False)
        rows.update(spent=F("spent") + cost)
    # Last, and in order: several batches share these rows.
    for day, cost in sorted(by_day.items()):
        rows_of_day = DailySpending.objects.filter(account=account_id, day=day)
        if not rows_of_day.update(spent=F("spent") + cost):
            _create_day(account_id, day)
            rows_of_day.update(spent=F("spent") + cost)


def _create_day(account_id: int, day: date) -> None:
    DailySpending.objects.bulk_create(
        [DailySpending(account_id=account_id, day=day)], ignore_conflicts=True
    )


def has_any(account: VoiceAccount) -> bool:
    """Return whether calls through an account have cost anything, or a batch has a budget."""
    spent = DailySpending.objects.filter(account=account, spent__gt=0)
    limited = Batch.objects.filter(account=account, budget__isnull=False)
    return spent.exists() or limited.exists()


# Recounting --------------------------------------------------------------------------------------


def _cost_of(calls: QuerySet[CallResult]) -> Decimal:
    """Add up what ended calls cost. Calls older than the column have only a price."""
    ended = calls.counted().filter(ended_at__isnull=False).order_by()  # type: ignore[attr-defined]
    each = Coalesce("cost", "price", Value(NOTHING), output_field=DecimalField())
    return ended.aggregate(sum=Sum(each))["sum"] or NOTHING


@transaction.atomic
def recount_day(account_id: int, day: date) -> Decimal:
    """Derive an account's sum for a day from its calls, and store it."""
    _create_day(account_id, day)
    rows = DailySpending.objects.filter(account=account_id, day=day)
    kept = rows.select_for_update(no_key=True).get().spent
    calls = CallResult.objects.filter(
        account=account_id,
        claimed_at__gte=start_of(day),
        claimed_at__lt=start_of(day + timedelta(days=1)),
    )
    spent = _cost_of(calls)
    if spent != kept:
        log.error("spending.recounted", account_id=account_id, day=str(day), was=kept, now=spent)
    rows.update(spent=spent, counted_at=clock.now())
    return spent


@transaction.atomic
def recount_batch(batch_id: UUID) -> Decimal:
    """Derive a batch's sum from its calls, and store it."""
    kept = Batch.objects.lock([batch_id])[batch_id].spent
    spent = _cost_of(CallResult.objects.filter(batch=batch_id))
    if spent != kept:
        log.warning("spending.recounted", batch_id=str(batch_id), was=kept, now=spent)
    Batch.objects.filter(pk=batch_id).update(spent=spent, spent_counted_at=clock.now())
    return spent


def recount_due(*, now: datetime) -> None:
    """Recount the sums that budgets depend on: today's once an hour, past days of the month once.

    Days are older than their sums if a release without them counted the calls.
    """
    old, today = now - RECOUNT_AFTER, day_of(now)
    budgeted = Q(daily_budget__isnull=False) | Q(monthly_budget__isnull=False)
    for account_id in VoiceAccount.objects.filter(budgeted).values_list("pk", flat=True):
        days = DailySpending.objects.filter(account=account_id, counted_at__isnull=False)
        counted = set(days.filter(day__lt=today).values_list("day", flat=True))
        counted |= set(days.filter(day=today, counted_at__gt=old).values_list("day", flat=True))
        for number in range(1, today.day + 1):
            if (day := today.replace(day=number)) not in counted:
                recount_day(account_id, day)
    rows = Batch.objects.filter(status__in=BATCH_CALLING, budget__isnull=False)
    for batch_id in rows.exclude(spent_counted_at__gt=old).values_list("pk", flat=True):
        recount_batch(batch_id)
