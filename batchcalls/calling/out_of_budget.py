"""Stop calling when a budget is used up, and warn before, as a claim found it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from batchcalls.batches import budgets
from batchcalls.calling.budget import Budget, Period, Purse
from batchcalls.models import Batch, VoiceAccount


def act(account: VoiceAccount, batches: Sequence[Batch], purse: Purse, *, now: datetime) -> None:
    """Pause, hold and warn after a claim was committed.

    If the process dies before, the next claim finds the same.
    """
    if not purse.of_account and not purse.of_batches:
        return
    _warn(account, batches, purse, now=now)
    for batch_id, shortage in purse.final().items():
        if batch_id is not None:
            budgets.pause_batch(batch_id, message=shortage.message)
        elif shortage.budget.period is Period.DAY and shortage.budget.until is not None:
            budgets.hold(account, until=shortage.budget.until, message=shortage.message)
        else:
            budgets.pause_account(account, message=shortage.message)


def _warn(account: VoiceAccount, batches: Sequence[Batch], purse: Purse, *, now: datetime) -> None:
    percent = account.budget_warning_percent
    for batch in batches:
        budget = purse.of_batches.get(batch.pk)
        if budget and _is_near(budget, percent) and batch.budget_warned != budget.limit:
            budgets.warn_batch(batch, f"The batch’s budget is nearly used up: {_figures(budget)}")
    for budget in purse.of_account:
        # Once in each period, and again when the budget was changed.
        about = f"{budget.until:%Y-%m-%d} {budget.limit}"
        if _is_near(budget, percent) and account.budget_warnings.get(budget.period) != about:
            name = {Period.DAY: "daily", Period.MONTH: "monthly"}[budget.period]
            budgets.warn_account(
                account,
                budget.period,
                about=about,
                message=f"The {name} budget of {account} is nearly used up: {_figures(budget)}",
            )


def _is_near(budget: Budget, percent: int) -> bool:
    return budget.spent * 100 >= budget.limit * percent


def _figures(budget: Budget) -> str:
    share = int(budget.spent * 100 / budget.limit)
    return f"{budget.written(budget.spent)} of {budget.written(budget.limit)} spent ({share}%)."
