"""Placing calls: budget → claim and gate → place → record.

1. *Budget*: how many calls the account may start now (`pacing`).
2. *Claim*: one transaction picks due recipients, asks the gate about each, and writes the
   attempt down before anybody is dialled.
3. *Place*: outside any transaction, many at once, each request sent exactly once.
4. *Record*: what the provider answered, group by group.

A process that dies between claim and record leaves recipients that are `dialing`; `abandon_stale`
declares them unconfirmed and `reconcile` asks the provider. Nobody is dialled on a guess.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from batchcalls import call_requests, gate, lifecycle, pacing, results
from batchcalls.bulk import update_each
from batchcalls.lease import Lease, LeaseLost
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import (
    BATCH_CALLING,
    RECIPIENT_CLAIMABLE,
    CallStatus,
    RecipientStatus,
)
from batchcalls.voice.base import CallAccepted, CallRequest, VoiceProvider
from batchcalls.voice.errors import CallRejected, NotPlaced, OutcomeUnknown, VoiceError
from campaigns.models import Suppression
from campaigns.prompts import MissingVariable

log = structlog.get_logger(__name__)

#: How many recipients one transaction claims: few enough to be placed soon after.
CLAIM_SIZE = 256
#: How long after an answer was lost the provider is first asked about the call.
FIRST_LOOKUP_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One attempt that is written down and may be placed at its slot."""

    call: CallResult
    request: CallRequest
    slot: datetime


Answer = CallAccepted | VoiceError


def queue_due_chunks(account: VoiceAccount, *, now: datetime) -> int:
    """Queue the next chunk of each batch whose queue has run dry: pending → queued or deferred.

    Return how many rows that were.
    """
    batches = Batch.objects.calling().filter(account=account).order_by("pk")
    queued = Recipient.objects.filter(batch=OuterRef("pk"), status=RecipientStatus.QUEUED)
    return sum(_queue_next_chunk(batch, now=now) for batch in batches.filter(~Exists(queued)))


def _queue_next_chunk(batch: Batch, *, now: datetime) -> int:
    with transaction.atomic():
        locked = results.lock_batches([batch.pk])[batch.pk]
        if locked.status not in BATCH_CALLING:
            return 0
        rows = Recipient.objects.filter(batch=batch)
        chunk = list(
            rows.filter(row_number__gt=locked.queued_through, status=RecipientStatus.PENDING)
            .order_by("row_number")
            .values_list("pk", "row_number", "start_at")[: locked.chunk_size]
        )
        if not chunk:
            return 0
        if locked.queued_through:
            lifecycle.next_chunk(locked)
        Batch.objects.filter(pk=batch.pk).update(queued_through=chunk[-1][1])
        starts = {
            pk: start
            for pk, _, row_start in chunk
            if (start := max(filter(None, (row_start, batch.start_at)), default=now)) > now
        }
        update_each(
            Recipient,
            ["status", "due_at", "reason_code", "reason"],
            [
                (pk, RecipientStatus.DEFERRED, start, "start_time", "Scheduled for later.")
                for pk, start in starts.items()
            ],
        )
        Recipient.objects.filter(pk__in=[pk for pk, *_ in chunk if pk not in starts]).update(
            status=RecipientStatus.QUEUED, due_at=now
        )
    return len(chunk)


def place_due(
    provider: VoiceProvider,
    lease: Lease[VoiceAccount],
    *,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Claim, place and record one round of due recipients; return how many were claimed.

    Raises `LeaseLost` when another process has taken over the account.
    """
    claims = claim(lease, want=CLAIM_SIZE)
    if claims is None:
        return 0
    with ThreadPoolExecutor(max_workers=settings.PLACING_THREADS) as pool:
        for wave in _in_groups(claims.placeable, settings.PLACING_THREADS):
            placeable, halted = _still_wanted(wave, lease, stop=stop)
            if halted:
                results.withdraw(
                    [one.call for one in halted],
                    due_at=timezone.now(),
                    code="halted",
                    reason="Dialling was halted before this call was placed.",
                    again=False,
                )
            record(list(pool.map(lambda one: (one, _place(provider, one)), placeable)))
    return claims.handled


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What one claim yielded: attempts to place, and how many recipients it dealt with in all."""

    placeable: list[Claim]
    handled: int


def claim(lease: Lease[VoiceAccount], *, want: int) -> Claims | None:
    """Write down the next attempts of an account, in one transaction; None when none is due.

    Batches take turns: each of k running batches gets a k-th of what may start now, and what one
    does not use goes to the next. Raises `LeaseLost`.
    """
    now = timezone.now()
    with transaction.atomic():
        account = lease.lock()
        if not account.enabled:
            return None
        room = pacing.allowance(account, now=now, want=want)
        due_now = Recipient.objects.filter(batch=OuterRef("pk")).due(now)
        running = (
            Batch.objects.calling()
            .filter(Exists(due_now), account=account)
            .values_list("pk", flat=True)
        )
        batches = [
            batch
            for batch in results.lock_batches(running).values()
            if batch.status in BATCH_CALLING
        ]
        drawn: list[tuple[Batch, list[Recipient]]] = []
        for turn, batch in enumerate(batches):
            share = -(-room // (len(batches) - turn))
            due = list(_due(batch, now=now)[:share]) if share else []
            room -= len(due)
            drawn.append((batch, due))
        if not any(due for _, due in drawn):
            return None
        return _write_claims(account, drawn, now=now)


def _due(batch: Batch, *, now: datetime) -> Any:
    rows = Recipient.objects.filter(batch=batch).due(now).order_by("due_at", "pk")
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True, of=("self",))
    return rows


def _write_claims(
    account: VoiceAccount, drawn: list[tuple[Batch, list[Recipient]]], *, now: datetime
) -> Claims:
    suppressed = Suppression.objects.numbers_among([row.e164 for _, due in drawn for row in due])
    allowed: list[tuple[CallResult, CallRequest]] = []
    refused: list[tuple[int, gate.Refused]] = []
    for batch, due in drawn:
        for recipient in due:
            verdict = _attempt(account, batch, recipient, suppressed=suppressed, now=now)
            if isinstance(verdict, gate.Refused):
                refused.append((recipient.pk, verdict))
            else:
                allowed.append(verdict)
    update_each(
        Recipient,
        ["status", "reason_code", "reason", "due_at"],
        [(pk, no.status, no.code, no.message, no.due_at) for pk, no in refused],
        where_in=("status", RECIPIENT_CLAIMABLE),
    )
    claimed = Recipient.objects.filter(
        pk__in=[call.recipient_id for call, _ in allowed], status__in=RECIPIENT_CLAIMABLE
    ).update(
        status=RecipientStatus.DIALING,
        attempts=F("attempts") + 1,
        claim_token=uuid4(),
        claimed_at=now,
        due_at=None,
        reason_code="",
        reason="",
    )
    if claimed != len(allowed):
        # Rolls the whole claim back. Rows are locked, so only a foreign writer gets here.
        raise LeaseLost
    calls = CallResult.objects.bulk_create([call for call, _ in allowed])
    slots = pacing.take_slots(account, now=now, count=len(calls))
    placeable = [
        Claim(call=call, request=request, slot=slot)
        for call, (_, request), slot in zip(calls, allowed, slots, strict=True)
    ]
    return Claims(placeable=placeable, handled=len(allowed) + len(refused))


def _attempt(
    account: VoiceAccount,
    batch: Batch,
    recipient: Recipient,
    *,
    suppressed: set[str],
    now: datetime,
) -> tuple[CallResult, CallRequest] | gate.Refused:
    """Return the recipient's next attempt with its request, or why there is none."""
    try:
        verdict = gate.check(batch, recipient, suppressed=suppressed, now=now)
        if isinstance(verdict, gate.Refused):
            return verdict
        call = CallResult(
            batch=batch,
            recipient=recipient,
            account=account,
            attempt=recipient.attempts + 1,
            tries=recipient.tries,
            to_number=recipient.e164,
            from_number=_caller_id(account, batch, recipient),
            checks=verdict.checks,
            claimed_at=now,
        )
        return call, call_requests.build(batch, recipient, call)
    except MissingVariable as error:
        return gate.Refused(
            status=RecipientStatus.SKIPPED, code="missing_variable", message=str(error)
        )
    except ValueError as error:
        # Fails closed, and only for this recipient: the others are not kept waiting.
        log.exception("dispatch.cannot_tell", recipient_id=recipient.pk)
        return gate.Refused(
            status=RecipientStatus.SKIPPED,
            code="cannot_tell",
            message=f"It could not be told whether this call may be made: {error}",
        )


def _caller_id(account: VoiceAccount, batch: Batch, recipient: Recipient) -> str:
    own = recipient.call_settings.get("from") or batch.call_settings.get("from")
    if own or not account.caller_ids:
        return str(own or "")
    return str(account.caller_ids[recipient.row_number % len(account.caller_ids)])


def _still_wanted(
    wave: list[Claim], lease: Lease[VoiceAccount], *, stop: Callable[[], bool]
) -> tuple[list[Claim], list[Claim]]:
    """Split a group into what may still be dialled and what was halted since it was claimed.

    Raises `LeaseLost`: the new holder settles what we claimed, placing it now could dial twice.
    """
    lease.keep()
    if stop():
        return [], wave
    too_old = timezone.now() - timedelta(seconds=settings.STALE_CLAIM_SECONDS / 2)
    running = set(
        Batch.objects.calling()
        .filter(pk__in={one.call.batch_id for one in wave}, account__enabled=True)
        .values_list("pk", flat=True)
    )
    suppressed = Suppression.objects.numbers_among([one.call.to_number for one in wave])
    placeable: list[Claim] = []
    halted: list[Claim] = []
    for one in wave:
        wanted = one.call.batch_id in running and one.call.to_number not in suppressed
        (placeable if wanted and one.call.claimed_at > too_old else halted).append(one)
    return placeable, halted


def _place(provider: VoiceProvider, one: Claim) -> Answer:
    """Send one request, once, when its slot has come."""
    wait = (one.slot - timezone.now()).total_seconds()
    if wait > 0:
        time.sleep(wait)
    try:
        return provider.place(one.request)
    except VoiceError as error:
        return error
    except Exception as error:
        log.exception("dispatch.place_failed", call_id=str(one.call.call_id))
        return OutcomeUnknown(
            f"Placing the call ended in {type(error).__name__}; it may exist.", code="place_error"
        )


def record(answers: list[tuple[Claim, Answer]]) -> None:
    """Write down what the provider answered."""
    now = timezone.now()
    accepted = [(one.call, answer) for one, answer in answers if isinstance(answer, CallAccepted)]
    if accepted:
        results.record_accepted(accepted, now=now)
    rejected = [(one.call, answer) for one, answer in answers if isinstance(answer, CallRejected)]
    if rejected:
        results.record_rejected(rejected, now=now)
    for one, answer in answers:
        if isinstance(answer, NotPlaced):
            results.withdraw(
                [one.call],
                due_at=now + timedelta(seconds=answer.retry_after_seconds),
                code=answer.code,
                reason=str(answer),
                again=True,
            )
        elif isinstance(answer, OutcomeUnknown):
            results.record_unknown(
                [one.call],
                code=answer.code,
                reason=str(answer),
                ask_at=now + timedelta(seconds=FIRST_LOOKUP_SECONDS),
            )


def abandon_stale(*, now: datetime) -> int:
    """Declare claims unconfirmed whose process died before recording; return how many."""
    limit = now - timedelta(seconds=settings.STALE_CLAIM_SECONDS)
    stale = list(
        CallResult.objects.live().filter(
            status=CallStatus.QUEUED,
            provider_call_id=None,
            claimed_at__lt=limit,
        )[:1000]
    )
    if stale:
        results.record_unknown(
            stale,
            code="worker_died",
            reason="The worker died while placing this call; the provider is being asked.",
            ask_at=now,
        )
    return len(stale)


def _in_groups(claims: list[Claim], size: int) -> Iterator[list[Claim]]:
    for start in range(0, len(claims), size):
        yield claims[start : start + size]
