"""Why a batch with people left to call is calling nobody: the same everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from batchcalls.calling import caller_ids, pacing
from batchcalls.calling.verdicts import BUDGET_RESERVED
from batchcalls.database import clock
from batchcalls.models import Batch, CallResult, EmergencyStop, Recipient, VoiceAccount
from batchcalls.reporting.worker_state import worker_state
from batchcalls.states import (
    BATCH_CALLING,
    RECIPIENT_CLAIMABLE,
    RECIPIENT_RETRYING,
    RecipientStatus,
)

#: A batch that called nobody for this long is waiting. Until then, it is only between two calls.
PATIENCE = timedelta(seconds=10)
#: Codes of waits that end by themselves, as intended.
PLANNED = frozenset({"start_time", "calling_hours", "retry_time", "capped"})
EMERGENCY_STOP = "emergency_stop"
#: Times this close are shown with seconds.
SOON = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Why a batch waits, as a code and a sentence, and until when, if that is known."""

    code: str
    message: str
    until: datetime | None = None

    @property
    def is_planned(self) -> bool:
        """Whether nothing is wrong, and calls continue at a time that rules or people chose."""
        return self.code in PLANNED


def waiting_of(batches: Iterable[Batch], *, now: datetime | None = None) -> dict[UUID, Waiting]:
    """Return why batches wait. Batches that call people, or have no one left to call, are left out.

    Of several reasons, this is the one that a person would have to end first.
    """
    return {pk: found[0] for pk, found in reasons_of(batches, now=now).items() if found}


def reasons_of(
    batches: Iterable[Batch], *, now: datetime | None = None
) -> dict[UUID, list[Waiting]]:
    """Return all reasons for which batches wait, in the order in which a person has to end them.

    Batches that call people have none. Those that are not calling, or have nobody in line, are left
    out.
    """
    now = now or clock.now()
    calling = [batch.pk for batch in batches if batch.status in BATCH_CALLING]
    rows = _with_next_recipient(calling) if calling else []
    if not rows:
        return {}
    stop = EmergencyStop.objects.in_force().first()
    heads = Recipient.objects.in_bulk([row.first for row in rows if row.first])
    found = {
        row.pk: [
            *halts_of(row.account, stop, now=now),
            *_scheduled(row, heads.get(row.first), now=now),
        ]
        for row in rows
    }
    silent = [row for row in rows if not found[row.pk] and _is_silent(row, now=now)]
    if silent:
        limits = _Limits.of({row.account for row in silent}, now=now)
        found |= {row.pk: [limits.reason(row, now=now)] for row in silent}
    return found


def held_message(account: VoiceAccount, *, now: datetime) -> str:
    """Return a sentence about the account's hold; blank without one."""
    if account.held_until is None or not account.is_held(now):
        return ""
    why = "the provider asked for it"
    if account.is_out_of_budget(now):
        why = "the daily budget is used up"
    return f"Held until {_clock(account.held_until, now)}: {why}."


def _with_next_recipient(batch_ids: list[UUID]) -> list[Any]:
    """Return the batches with recipients in line, and the first one that has a due time.

    Each is the first entry of an index, so the length of the batch does not matter.
    """
    recipients = Recipient.objects.filter(batch=OuterRef("pk"))
    due = recipients.filter(status__in=RECIPIENT_CLAIMABLE, due_at__isnull=False)
    pending = recipients.filter(
        status=RecipientStatus.PENDING, row_number__lte=OuterRef("ready_through")
    )
    rows = Batch.objects.filter(pk__in=batch_ids, status__in=BATCH_CALLING).annotate(
        first=Subquery(due.order_by("due_at", "pk").values("pk")[:1]), has_pending=Exists(pending)
    )
    return [row for row in rows.select_related("account") if row.first or row.has_pending]


def halts_of(
    account: VoiceAccount, stop: EmergencyStop | None, *, now: datetime
) -> Iterator[Waiting]:
    """Yield what halts all calls, or those of an account."""
    if stop is not None:
        yield Waiting(code=EMERGENCY_STOP, message=f"All calling is stopped: {stop.reason}")
    if not account.enabled:
        message = f"The voice account {account} is switched off."
        yield Waiting(code="account_off", message=message)
    if message := held_message(account, now=now):
        yield Waiting(code="account_held", message=message, until=account.held_until)
    if message := account.database_problem(now):
        yield Waiting(code="database_slow", message=message)


def _scheduled(batch: Any, head: Recipient | None, *, now: datetime) -> Iterator[Waiting]:
    """Yield why no recipient is due, if that is so."""
    if batch.has_pending or head is None or head.due_at is None or head.due_at <= now:
        return
    known: datetime | None = head.due_at
    until = _clock(head.due_at, now)
    if head.status in RECIPIENT_RETRYING:
        code, message = "retry_time", f"The next retry is due at {until}."
    elif head.reason_code == "start_time":
        code, message = "start_time", f"Calls start at {until}."
    elif head.reason_code == "capped":
        code, message = "capped", f"The next number may be called again at {until}."
    elif head.reason_code.startswith("budget"):
        code, message = "budget", head.reason
        if head.reason_code == BUDGET_RESERVED:  # until live calls end, at a time no one knows
            known = None
    elif head.reason_code in caller_ids.CODES:
        code, message = "caller_id", f"{head.reason} The next attempt is due at {until}."
    elif head.status == RecipientStatus.DEFERRED:
        code, message = "calling_hours", f"Outside calling hours until {until}."
    else:
        code, message = "retry_time", f"The next attempt is due at {until}: {head.reason}"
    yield Waiting(code=code, message=message, until=known)


def _is_silent(batch: Batch, *, now: datetime) -> bool:
    last = max(filter(None, (batch.served_at, batch.launched_at)), default=None)
    return last is None or last <= now - PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    """What limits the batches of some accounts: workers, lines in use, and other batches."""

    workers: dict[str, Any]
    lines: Counter[int]
    lines_of_batch: dict[UUID, int]
    served: set[int]

    @classmethod
    def of(cls, accounts: set[VoiceAccount], *, now: datetime) -> Self:
        lines_of_batch = CallResult.objects.filter(account__in=accounts).lines_held()
        lines: Counter[int] = Counter()
        busy = Batch.objects.filter(pk__in=list(lines_of_batch)).order_by()
        for pk, account_id in busy.values_list("pk", "account"):
            lines[account_id] += lines_of_batch[pk]
        served = Batch.objects.calling().filter(account__in=accounts, served_at__gt=now - PATIENCE)
        return cls(
            workers=worker_state(now),
            lines=lines,
            lines_of_batch=lines_of_batch,
            served=set(served.order_by().values_list("account", flat=True)),
        )

    def reason(self, batch: Batch, *, now: datetime) -> Waiting:
        """Return why a batch with due recipients has called nobody for a while."""
        account = batch.account
        # `sendbatch` works without a worker, but it holds the account's lease.
        has_lease = account.lease_until is not None and account.lease_until > now
        if not self.workers["ok"] and not has_lease:
            return Waiting(code="no_worker", message=self.workers["detail"])
        for code, row, owner in (
            ("account_rate", account, f"The account {account}"),
            ("batch_rate", batch, "This batch"),
        ):
            slot = pacing.first_slot(row, now=now)
            if row.cps and slot > now:
                message = f"{owner} is limited to {_rate(row.cps)}; next call at "
                return Waiting(code=code, message=f"{message}{_clock(slot, now)}.", until=slot)
        if self.lines[account.pk] >= account.concurrency:
            message = _in_use(account.concurrency, f"the account {account}")
            return Waiting(code="account_lines", message=message)
        if batch.concurrency is not None and self.lines_of_batch.get(batch.pk, 0) >= (
            batch.concurrency
        ):
            message = _in_use(batch.concurrency, "this batch")
            return Waiting(code="batch_lines", message=message)
        if account.pk in self.served:
            message = f"Other batches of the account {account} have their turn."
            return Waiting(code="other_batches", message=message)
        return Waiting(
            code="worker_busy", message="All workers are busy. Calling continues when one is free."
        )


def _in_use(lines: int, owner: str) -> str:
    if lines == 1:
        return f"The only line of {owner} is in use."
    return f"All {lines:,} lines of {owner} are in use."


def _rate(cps: float) -> str:
    if cps >= 1:
        return f"{cps:g} call{'' if cps == 1 else 's'} per second"
    return f"1 call every {1 / cps:.3g} seconds"


def _clock(moment: datetime, now: datetime) -> str:
    """Return a time with its zone, with the date or the seconds only where they matter."""
    local = timezone.localtime(moment)
    if local.date() != timezone.localtime(now).date():
        return f"{local:%Y-%m-%d %H:%M %Z}"
    return f"{local:%H:%M:%S %Z}" if moment - now < SOON else f"{local:%H:%M %Z}"
