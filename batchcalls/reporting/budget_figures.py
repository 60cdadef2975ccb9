"""Budgets as bars: what is spent, what is reserved for calls that have not ended, what is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from batchcalls.calling import budget
from batchcalls.calling.budget import Budget, Period
from batchcalls.database import clock
from batchcalls.models import Batch, VoiceAccount
from batchcalls.voice.prices import money

_LABELS = {Period.BATCH: "Budget", Period.DAY: "Today", Period.MONTH: "This month"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetBar:
    """A budget with its figures in words, and its parts in percent of the bar."""

    label: str
    words: str
    spent: int
    reserved: int
    limit: Decimal
    is_near: bool


def of_batch(batch: Batch) -> list[BudgetBar]:
    """Return the bar of a batch's budget; none if it has no budget."""
    found = budget.of_batch(batch)
    return _bars([found] if found else [], batch.account.budget_warning_percent)


def of_account(account: VoiceAccount) -> list[BudgetBar]:
    """Return the bars of an account's budgets."""
    found = budget.of_account(account, now=clock.now())
    return _bars(found, account.budget_warning_percent)


def _bars(budgets: Iterable[Budget], warning_percent: int) -> list[BudgetBar]:
    bars = []
    for one in budgets:
        spent = min(100, int(one.spent * 100 / one.limit))
        used = min(100, int((one.spent + one.reserved) * 100 / one.limit))
        parts = [f"{one.written(one.spent)} of {one.written(one.limit)} spent"]
        if one.reserved:
            parts.append(f"{one.written(one.reserved)} reserved")
        # Rounded down, because the others are rounded up.
        left = money(max(one.left, Decimal(0)), one.currency, rounding=ROUND_DOWN)
        parts.append(f"{left} left")
        bars.append(
            BudgetBar(
                label=_LABELS[one.period],
                words=", ".join(parts),
                spent=spent,
                reserved=used - spent,
                limit=one.limit,
                is_near=one.spent * 100 >= one.limit * warning_percent,
            )
        )
    return bars
