"""Notice when a provider charges more than the account's prices, so that budgets still hold.

Calls that were placed before can exceed a budget by what they were charged too much; the next ones
reserve it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

import structlog
from django.db import transaction

from batchcalls.models import AccountEvent, CallResult, VoiceAccount
from batchcalls.voice.prices import money

log = structlog.get_logger(__name__)

OVERCHARGED = "overcharged"
#: The most that the column can store.
_MOST = Decimal("99999999.99")


def note(account: VoiceAccount, calls: Sequence[CallResult]) -> None:
    """Store the highest charge of ended calls that exceeds the prices by more than any before."""
    prices = account.prices
    charged = [
        (prices.times_charged(call.price, call.currency, call.duration_seconds or 0), call)
        for call in calls
        if call.price is not None
    ]
    times, call = max(charged, key=lambda one: one[0], default=(Decimal(1), None))
    if call is not None and times > prices.overcharge:
        # Afterwards, because a claim locks the account before the batches that are locked now.
        transaction.on_commit(partial(_raise, account, min(times, _MOST), call))


def forget(account: VoiceAccount) -> None:
    """Trust an account's prices again, because a person changed them."""
    account.overcharge = Decimal(1)
    account.save(update_fields=["overcharge"])


@transaction.atomic
def _raise(account: VoiceAccount, times: Decimal, call: CallResult) -> None:
    rows = VoiceAccount.objects.filter(pk=account.pk, overcharge__lt=times)
    if not rows.update(overcharge=times):
        return
    message = (
        f"The provider charged {money(call.price or Decimal(0), call.currency)} for call "
        f"{call.call_id}, which is {times.normalize():f} times the account’s prices. Budgets now "
        "reserve that much more for each call. Correct the prices."
    )
    AccountEvent.objects.create(account=account, code=OVERCHARGED, message=message)
    log.warning("prices.overcharged", account_id=account.pk, times=str(times))
