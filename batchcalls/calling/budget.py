"""Keep calls within the budgets of their batch and account: a rule of the gate.

The most that a call can cost is reserved with its claim, so that the calls together never exceed a
budget, however long each takes. Claims of an account come one after the other, because each locks
the account's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Q, Sum

from batchcalls.batches.spending import NOTHING, day_of, longest_seconds, start_of
from batchcalls.calling.pacing import Room
from batchcalls.models import Batch, CallResult, DailySpending, Recipient, VoiceAccount
from batchcalls.states import CALL_IN_DOUBT, CALL_LIVE
from batchcalls.voice.prices import Prices, at_most
from campaigns.times_in_words import moment_in_words

#: When a recipient is due again for whom there is no room until live calls end.
WAIT = timedelta(seconds=5)


class Period(StrEnum):
    """What a budget is for: one batch, or an account's day or calendar month."""

    BATCH = "batch"
    DAY = "day"
    MONTH = "month"


@dataclass(slots=True, kw_only=True)
class Budget:
    """A budget, what its ended calls cost, and what is reserved for the others.

    ``stuck`` is the part of ``reserved`` that only a person can settle: for unconfirmed calls about
    which the provider is not asked any more. ``until`` is when the period ends.
    """

    period: Period
    limit: Decimal
    spent: Decimal
    reserved: Decimal
    stuck: Decimal
    currency: str
    until: datetime | None = None

    @property
    def left(self) -> Decimal:
        """What is neither spent nor reserved; below 0 if the budget was lowered."""
        return self.limit - self.spent - self.reserved

    def is_worth_waiting(self) -> bool:
        """Return whether calls that end may leave some of what is reserved for them."""
        return self.reserved > self.stuck

    @property
    def end_in_words(self) -> str:
        """When the period ends: “at 2026-11-28 00:00 UTC”; blank for a batch’s budget."""
        return f"at {moment_in_words(self.until)}" if self.until else ""

    def written(self, amount: Decimal) -> str:
        """Format an amount in the budget's currency."""
        return at_most(amount, self.currency)

    def __str__(self) -> str:
        return f"{self.written(self.spent + self.reserved)} of {self.written(self.limit)} used"

    def in_full(self) -> str:
        """Return the figures as a sentence without its end."""
        text = f"{self.written(self.spent)} of {self.written(self.limit)} spent"
        if self.reserved:
            text += f", {self.written(self.reserved)} reserved for calls that have not ended"
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A call that does not fit into a budget. Without ``waits``, no call that ends makes room."""

    budget: Budget
    waits: bool
    message: str


@dataclass(slots=True, kw_only=True)
class Purse:
    """The budgets of an account and its batches during one claim, which reserves from them.

    ``used_up`` collects the budgets that stop calling, by batch; those of the account by None.
    """

    prices: Prices = field(default_factory=Prices)
    account_name: str = ""
    of_account: Sequence[Budget] = ()
    of_batches: dict[UUID, Budget] = field(default_factory=dict)
    used_up: dict[UUID | None, Shortage] = field(default_factory=dict)
    _most: dict[float, Decimal] = field(default_factory=dict)

    def budgets(self, batch: Batch) -> list[Budget]:
        """Return the budgets that hold for a batch."""
        own = self.of_batches.get(batch.pk)
        return [*([own] if own else []), *self.of_account]

    def most(self, batch: Batch, recipient: Recipient | None = None) -> Decimal:
        """Return the most that the next call can cost."""
        own = [recipient.call_settings] if recipient else []
        seconds = longest_seconds(*own, batch.call_settings)
        if seconds not in self._most:
            self._most[seconds] = self.prices.most(seconds)
        return self._most[seconds]

    def narrow(self, room: Room, batches: Sequence[Batch]) -> bool:
        """Leave room for only as many calls as probably fit; return whether that is less.

        One is always tried: the rule itself then says what is wrong.
        """
        before = room.account, dict(room.batches)
        for batch in batches:
            if most := self.most(batch):
                fitting = [
                    max(1, int(budget.left // most)) if budget.left > 0 else 1
                    for budget in self.budgets(batch)
                ]
                room.batches[batch.pk] = min([room.batches[batch.pk], *fitting])
        return before != (room.account, room.batches)

    def check(self, batch: Batch, recipient: Recipient) -> str | Shortage:
        """Return how much of the budgets is used, or which of them is too small for the call.

        Blank without budgets.
        """
        most = self.most(batch, recipient)
        budgets = self.budgets(batch)
        for budget in budgets:
            if not self.prices.are_set:
                return self._used_up(batch, budget, self._without_price())
            if most <= budget.left:
                continue
            if budget.is_worth_waiting():
                message = (
                    f"{_named(budget)}: {budget.in_full()}. The next call may cost up to "
                    f"{budget.written(most)}, so it waits until live calls end."
                )
                return Shortage(budget=budget, waits=True, message=message)
            return self._used_up(batch, budget, self._exceeded(budget, most))
        if not budgets:
            return ""
        figures = "; ".join(f"{_named(budget)}: {budget}" for budget in budgets)
        return f"{figures}; {budgets[0].written(most)} reserved for this call"

    def final(self) -> dict[UUID | None, Shortage]:
        """Return the budgets that stop calling, after the last check of a claim.

        Not those of which a smaller call still got a part: it must be placed first.
        """
        return {
            key: shortage
            for key, shortage in self.used_up.items()
            if not shortage.budget.is_worth_waiting()
        }

    def reserve(self, batch: Batch, most: Decimal | None) -> None:
        """Take the most that a call can cost from its budgets."""
        for budget in self.budgets(batch):
            budget.reserved += most or NOTHING

    def _used_up(self, batch: Batch, budget: Budget, message: str) -> Shortage:
        shortage = Shortage(budget=budget, waits=False, message=message)
        self.used_up[batch.pk if budget.period is Period.BATCH else None] = shortage
        return shortage

    def _without_price(self) -> str:
        return (
            f"There is a budget, but the voice account {self.account_name} has no prices, so costs "
            "are not known. Set its prices, then resume."
        )

    def _exceeded(self, budget: Budget, most: Decimal) -> str:
        figures = (
            f"is used up: {budget.in_full()}, and the next call may cost up to "
            f"{budget.written(most)}."
        )
        match budget.period:
            case Period.BATCH if most > budget.limit and not budget.spent:
                return too_small(budget.limit, most, budget.currency) + " Then resume."
            case Period.BATCH:
                return f"The batch’s budget {figures} Raise the budget, then resume."
            case Period.DAY:
                return (
                    f"The daily budget of the voice account {self.account_name} {figures} Calls "
                    f"start again {budget.end_in_words}, or when you raise it on the account’s "
                    "page."
                )
            case Period.MONTH:
                return (
                    f"The monthly budget of the voice account {self.account_name} {figures} Raise "
                    "it on the account’s page or wait until the next month, which begins "
                    f"{budget.end_in_words}, then resume."
                )


def too_small(limit: Decimal, most: Decimal, currency: str) -> str:
    """Return why a batch’s budget allows no call at all, and what to do."""
    return (
        f"The batch’s budget of {at_most(limit, currency)} is too small for one call, which may "
        f"cost up to {at_most(most, currency)}. Raise the budget, or shorten calls with the "
        "call setting max_duration."
    )


def open_purse(account: VoiceAccount, batches: Sequence[Batch], *, now: datetime) -> Purse:
    """Read the budgets of an account and its batches; without budgets, read nothing.

    Reservations are read before sums, so that a call that ends in between counts twice, not never.
    """
    limited = [batch for batch in batches if batch.budget is not None]
    reserved = _reserved(account, limited, _starts(account, now))
    return Purse(
        prices=account.prices,
        account_name=account.name,
        of_batches={batch.pk: _of_batch(account, batch, reserved) for batch in limited},
        of_account=_of_account(account, reserved, now=now),
    )


def of_batch(batch: Batch) -> Budget | None:
    """Return the current budget of a batch; None if it has none."""
    if batch.budget is None:
        return None
    return _of_batch(batch.account, batch, _reserved(batch.account, [batch], {}))


def of_account(account: VoiceAccount, *, now: datetime) -> list[Budget]:
    """Return the budgets of an account as they stand at a time."""
    return _of_account(account, _reserved(account, [], _starts(account, now)), now=now)


#: What is reserved for calls of a batch or period, and the part of it that is stuck.
Reserved = dict[UUID | Period, tuple[Decimal, Decimal]]


def _starts(account: VoiceAccount, now: datetime) -> dict[Period, datetime]:
    """Return when the periods began for which an account has a budget."""
    today = day_of(now)
    limits = {Period.DAY: account.daily_budget, Period.MONTH: account.monthly_budget}
    days = {Period.DAY: today, Period.MONTH: today.replace(day=1)}
    return {period: start_of(days[period]) for period in days if limits[period] is not None}


def _of_batch(account: VoiceAccount, batch: Batch, reserved: Reserved) -> Budget:
    whole, stuck = reserved.get(batch.pk, (NOTHING, NOTHING))
    return Budget(
        period=Period.BATCH,
        limit=batch.budget or NOTHING,
        spent=batch.spent,
        reserved=whole,
        stuck=stuck,
        currency=account.currency,
    )


def _of_account(account: VoiceAccount, reserved: Reserved, *, now: datetime) -> list[Budget]:
    limits = {Period.DAY: account.daily_budget, Period.MONTH: account.monthly_budget}
    found = []
    for period, start in _starts(account, now).items():
        first = day_of(start)
        days = DailySpending.objects.filter(account=account, day__gte=first)
        whole, stuck = reserved.get(period, (NOTHING, NOTHING))
        next_month = (first + timedelta(days=31)).replace(day=1)
        end = first + timedelta(days=1) if period is Period.DAY else next_month
        found.append(
            Budget(
                period=period,
                limit=limits[period] or NOTHING,
                spent=days.aggregate(sum=Sum("spent"))["sum"] or NOTHING,
                reserved=whole,
                stuck=stuck,
                currency=account.currency,
                until=start_of(end),
            )
        )
    return found


def _reserved(
    account: VoiceAccount, batches: Sequence[Batch], starts: Mapping[Period, datetime]
) -> Reserved:
    """Add up what is reserved for calls that have not ended, in one pass over them."""
    if not batches and not starts:
        return {}
    # Naming the statuses lets every database use the index of calls that have not ended.
    calls = CallResult.objects.filter(
        account=account, ended_at=None, status__in=CALL_LIVE | CALL_IN_DOUBT
    )
    if not starts:
        calls = calls.filter(batch__in=batches)
    is_stuck = Q(status__in=CALL_IN_DOUBT, next_check_at=None)
    sums = {"whole": Sum("reserved"), "whole_stuck": Sum("reserved", filter=is_stuck)}
    for period, start in starts.items():
        is_of = Q(claimed_at__gte=start)
        sums[period] = Sum("reserved", filter=is_of)
        sums[f"{period}_stuck"] = Sum("reserved", filter=is_of & is_stuck)
    found: Reserved = dict.fromkeys(starts, (NOTHING, NOTHING))
    rows: Any = calls.order_by().values("batch").annotate(**sums)
    for row in rows:
        found[row["batch"]] = (row["whole"] or NOTHING, row["whole_stuck"] or NOTHING)
        for period in starts:
            whole, stuck = found[period]
            more, more_stuck = row[period] or NOTHING, row[f"{period}_stuck"] or NOTHING
            found[period] = (whole + more, stuck + more_stuck)
    return found


def _named(budget: Budget) -> str:
    return {Period.BATCH: "batch", Period.DAY: "today", Period.MONTH: "this month"}[budget.period]
