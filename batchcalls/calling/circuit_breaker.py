"""Pause calling when too many of the recent calls failed.

First each batch is judged by its own calls, because one bad list should not stop the others; then
the account by the calls of the batches that are left. Calls that nobody answered did not fail. What
failed before a person resumed counts no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db.models import Count, Max, QuerySet

from batchcalls.batches import lifecycle
from batchcalls.batches.resumed import last_resumed
from batchcalls.models import Batch, BatchEvent, CallResult, VoiceAccount
from batchcalls.states import CALL_FINAL, CALL_GIVEN_UP, CallStatus

log = structlog.get_logger(__name__)

#: The reason code of pauses.
TOO_MANY_FAILURES = "too_many_failures"
_FAILED = CallStatus.FAILED
_ENDED = CALL_FINAL - CALL_GIVEN_UP - {CallStatus.CANCELED}


class Outcome(NamedTuple):
    """How many of some calls failed."""

    failed: int = 0
    ended: int = 0

    def is_too_bad(self, percent: int | None, *, at_least: int) -> bool:
        """Return whether the share of failures reaches a limit, None for no limit."""
        is_enough = percent is not None and self.ended >= at_least
        return is_enough and self.failed * 100 >= self.ended * (percent or 0)


def check(account_id: int, *, now: datetime) -> None:
    """Pause the batches of an account whose recent calls failed too often."""
    account = VoiceAccount.objects.get(pk=account_id)
    own = dict(
        Batch.objects.calling()
        .filter(account=account)
        .order_by()
        .values_list("pk", "breaker_percent")
    )
    usual, at_least = account.failures_allowed, account.breaker_calls
    limits = {pk: usual if percent is None else percent or None for pk, percent in own.items()}
    if not any(limits.values()):
        return
    since = now - timedelta(minutes=account.breaker_minutes)
    outcomes = _outcomes(account, limits, since=since)
    for batch_id, outcome in list(outcomes.items()):
        limit = limits[batch_id]
        if not outcome.is_too_bad(limit, at_least=at_least):
            continue
        begun = last_resumed(batch=batch_id, since=since) or since
        seen = _sum(_outcomes(account, {batch_id: limit}, since=begun))
        if seen.is_too_bad(limit, at_least=at_least):
            failed = _failed_of(account, {batch_id: limit}, since=begun)
            _pause(batch_id, _message(account, seen, limit, failed))
            del outcomes[batch_id]
    # A batch with a limit of its own is not judged by the account's.
    together = {pk: outcome for pk, outcome in outcomes.items() if own[pk] is None}
    if _sum(together).is_too_bad(usual, at_least=at_least):
        begun = _window(account, since=since)
        outcome = _sum(_outcomes(account, together, since=begun))
        if outcome.is_too_bad(usual, at_least=at_least):
            message = _message(account, outcome, usual, _failed_of(account, together, since=begun))
            lifecycle.pause_account(account.pk, code=TOO_MANY_FAILURES, message=message)


def _window(account: VoiceAccount, *, since: datetime) -> datetime:
    """Return when the account's window begins: not before it was paused or resumed.

    After a pause, batches that are launched anew are judged by their own calls.
    """
    pauses = BatchEvent.objects.filter(batch__account=account, code=TOO_MANY_FAILURES, at__gt=since)
    paused: datetime | None = pauses.aggregate(at=Max("at"))["at"]
    resumed = last_resumed(batch__account=account, since=since)
    return max(filter(None, (since, paused, resumed)))


def _ended_since(account: VoiceAccount, since: datetime) -> QuerySet[CallResult]:
    calls = CallResult.objects.filter(account=account, claimed_at__gt=since)
    return calls.filter(ended_at__isnull=False).order_by()


def _outcomes(
    account: VoiceAccount, batches: Mapping[UUID, object], *, since: datetime
) -> dict[UUID, Outcome]:
    """Count the calls since a time that have ended, by batch, from an index alone."""
    failed: Counter[UUID] = Counter()
    ended: Counter[UUID] = Counter()
    rows = _ended_since(account, since).values_list("batch", "status")
    for batch_id, status, count in rows.annotate(n=Count("*")):
        if batch_id in batches and status in _ENDED:
            ended[batch_id] += count
            failed[batch_id] += count if status == _FAILED else 0
    return {pk: Outcome(failed[pk], count) for pk, count in ended.items()}


def _sum(outcomes: Mapping[UUID, Outcome]) -> Outcome:
    return Outcome(
        sum(one.failed for one in outcomes.values()), sum(one.ended for one in outcomes.values())
    )


def _failed_of(
    account: VoiceAccount, batches: Mapping[UUID, object], *, since: datetime
) -> QuerySet[CallResult]:
    return _ended_since(account, since).filter(status=_FAILED, batch__in=list(batches))


def _pause(batch_id: UUID, message: str) -> None:
    log.warning("breaker.batch_paused", batch_id=str(batch_id), message=message)
    with suppress(lifecycle.Conflict):
        lifecycle.pause(Batch.objects.get(pk=batch_id), code=TOO_MANY_FAILURES, message=message)


def _message(
    account: VoiceAccount, outcome: Outcome, limit: int | None, failed: QuerySet[CallResult]
) -> str:
    """Say how many calls failed, mostly why, and what to do."""
    percent = outcome.failed * 100 // outcome.ended
    reasons = failed.exclude(error_message="").values_list("error_message")
    common = reasons.annotate(n=Count("*")).order_by("-n", "error_message").first()
    why = f" Most common reason: {common[0]}" if common else ""
    return (
        f"{outcome.failed:,} of the last {outcome.ended:,} calls through {account} failed "
        f"({percent}%) within {account.breaker_minutes} minutes; the limit is {limit}%.{why} "
        "Find the cause, then resume: failures so far will not count again."
    )
