"""What happens when a budget is nearly or fully used up, or when a person changes it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.db import transaction

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.batches import halts, lifecycle, spending
from batchcalls.models import AccountEvent, AuditAction, Batch, BatchEvent, VoiceAccount
from batchcalls.models.spending import DAILY_BUDGET
from batchcalls.states import BATCH_TERMINAL
from batchcalls.voice.prices import at_most
from batchcalls.webhooks import outbox

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)

#: Reason codes of what a budget stopped, and of the warning before.
USED_UP, WARNING, CHANGED = "budget_used_up", "budget_warning", "budget_changed"


def pause_batch(batch_id: UUID, *, message: str) -> None:
    """Pause a batch whose budget is used up, unless it is paused or over already."""
    try:
        lifecycle.pause(Batch.objects.get(pk=batch_id), code=USED_UP, message=message)
    except lifecycle.Conflict:
        return
    log.warning("budget.used_up", batch_id=str(batch_id))


def pause_account(account: VoiceAccount, *, message: str) -> None:
    """Pause all batches of an account whose monthly budget is used up."""
    AccountEvent.objects.create(account=account, code=USED_UP, message=message)
    lifecycle.pause_account(account.pk, code=USED_UP, message=message)


@transaction.atomic
def hold(account: VoiceAccount, *, until: datetime, message: str) -> None:
    """Start no call of an account before the next day.

    The batches wait and keep their status: nobody has to resume each of them every morning.
    """
    rows = VoiceAccount.objects.filter(pk=account.pk)
    rows.update(held_until=until, held_code=DAILY_BUDGET, held_reason=message)
    AccountEvent.objects.create(account=account, code=USED_UP, message=message)
    halts.note(Batch.objects.calling().filter(account=account), None, code=USED_UP, message=message)
    log.warning("budget.daily_used_up", account_id=account.pk, until=until.isoformat())


@transaction.atomic
def warn_batch(batch: Batch, message: str) -> None:
    """Note and report once that a batch's budget is nearly used up."""
    Batch.objects.filter(pk=batch.pk).update(budget_warned=batch.budget)
    event = BatchEvent.objects.create(batch=batch, code=WARNING, message=message)
    outbox.batch_changed(event)


@transaction.atomic
def warn_account(account: VoiceAccount, period: str, *, about: str, message: str) -> None:
    """Note once in the account's log and its batches that its budget is nearly used up."""
    account.budget_warnings = {**account.budget_warnings, period: about}
    account.save(update_fields=["budget_warnings"])
    AccountEvent.objects.create(account=account, code=WARNING, message=message)
    halts.note(Batch.objects.calling().filter(account=account), None, code=WARNING, message=message)


@transaction.atomic
def change(batch: Batch, budget: Decimal | None, *, actor: User | None) -> None:
    """Set or remove the budget of a batch that is not over. Raise `Conflict`.

    A paused batch stays paused until a person resumes it.
    """
    current = Batch.objects.lock([batch.pk])[batch.pk]
    if current.status in BATCH_TERMINAL:
        raise lifecycle.Conflict("changed", current.status)
    Batch.objects.filter(pk=batch.pk).update(budget=budget)
    if budget is not None and current.budget is None:
        spending.recount_batch(batch.pk)
    currency = current.account.currency
    was = "none" if current.budget is None else at_most(current.budget, currency)
    now = "none" if budget is None else at_most(budget, currency)
    BatchEvent.objects.create(
        batch=batch, actor=actor, code=CHANGED, message=f"The budget was {was} and is now {now}."
    )
    audit.record(
        AuditAction.CHANGED,
        batch,
        before={"budget": current.budget},
        after={"budget": budget},
        actor=actor,
    )
    batch.budget = budget
    queue.ring(queue.DISPATCH_TICK, batch.account_id)


@transaction.atomic
def account_changed(account: VoiceAccount, *, actor: User | None) -> None:
    """Note an account's changed budgets, and end the hold of a daily one.

    The next sweep recounts what they cover.
    """
    budgets = {"daily": account.daily_budget, "monthly": account.monthly_budget}
    parts = [
        f"{name} {'none' if budget is None else at_most(budget, account.currency)}"
        for name, budget in budgets.items()
    ]
    AccountEvent.objects.create(
        account=account, actor=actor, code=CHANGED, message=f"Budgets: {', '.join(parts)}."
    )
    rows = VoiceAccount.objects.filter(pk=account.pk, held_code=DAILY_BUDGET)
    if rows.update(held_until=None, held_code="", held_reason=""):
        queue.ring(queue.DISPATCH_TICK, account.pk)
