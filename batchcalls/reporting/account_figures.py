"""The current use of voice accounts, counted from rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from batchcalls.models import Batch, CallResult, VoiceAccount

BATCHES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Live calls, batches that may call, and the newest batches."""

    live: int
    calling: int
    newest: list[Batch]


def live_calls(accounts: Iterable[VoiceAccount]) -> dict[int, int]:
    """Count the live calls of accounts in one query. Accounts without live calls are left out."""
    rows = CallResult.objects.live().filter(account__in=[one.pk for one in accounts])
    return dict(rows.order_by().values_list("account").annotate(n=Count("pk")))


def use_of(account: VoiceAccount) -> Use:
    """Return the current use of an account."""
    batches = Batch.objects.filter(account=account)
    return Use(
        live=live_calls([account]).get(account.pk, 0),
        calling=batches.calling().count(),
        newest=list(batches.filter(test_of=None).order_by("-created_at", "-pk")[:BATCHES_SHOWN]),
    )
