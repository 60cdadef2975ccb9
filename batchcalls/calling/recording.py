"""Record the provider's answers to placing calls, and withdraw attempts that were not placed.

Every function may run late or concurrently: another process may already have settled the same
calls. All code locks rows in the same order: batches, then calls, then recipients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.database.bulk import update_each
from batchcalls.models import Batch, BatchEvent, CallResult, Recipient
from batchcalls.states import (
    BATCH_TERMINAL,
    CALL_UNANSWERED,
    RECIPIENT_AWAITING_RESULT,
    STOP_DUE,
    CallStatus,
    RecipientStatus,
)
from batchcalls.voice.base import CallAccepted
from batchcalls.voice.errors import (
    AccountRefused,
    CallRejected,
    NotPlaced,
    OutcomeUnknown,
    VoiceError,
)
from batchcalls.webhooks import outbox
from campaigns.vocabulary import Disposition

log = structlog.get_logger(__name__)

#: Seconds from a lost answer to the first question about the call.
FIRST_LOOKUP_SECONDS = 2.0

Answer = CallAccepted | VoiceError

#: Why the recipient of a withdrawn attempt is not queued again: code and sentence.
_ENDED = ("batch_ended", "The batch ended before the call was placed.")
_STOPPED = ("call_stopped", "The call was stopped before it was placed.")


def record(answered: Sequence[tuple[CallResult, Answer]]) -> None:
    """Store the provider's answers."""
    now = timezone.now()
    accepted = [(call, answer) for call, answer in answered if isinstance(answer, CallAccepted)]
    rejected = [(call, answer) for call, answer in answered if isinstance(answer, CallRejected)]
    unknown = [(call, answer) for call, answer in answered if isinstance(answer, OutcomeUnknown)]
    withdrawn = [
        Withdrawal(
            call=call,
            due_at=now + timedelta(seconds=answer.retry_after_seconds),
            code=answer.code,
            reason=str(answer),
            counts=not isinstance(answer, AccountRefused),
        )
        for call, answer in answered
        if isinstance(answer, NotPlaced)
    ]
    if accepted:
        record_accepted(accepted, now=now)
    if rejected:
        record_rejected(rejected, now=now)
    if unknown:
        record_unknown(unknown, ask_at=now + timedelta(seconds=FIRST_LOOKUP_SECONDS))
    if withdrawn:
        withdraw(withdrawn)
    refusals = [(call, answer) for call, answer in answered if isinstance(answer, AccountRefused)]
    if refusals:
        call, refusal = refusals[0]
        lifecycle.pause_account(call.account_id, code=refusal.code, message=str(refusal))


@transaction.atomic
def record_accepted(accepted: Sequence[tuple[CallResult, CallAccepted]], *, now: datetime) -> None:
    """Store the provider's ids: dialing → in call.

    An attempt that was marked unconfirmed in the meantime becomes confirmed. If it was withdrawn
    in the meantime, its row is gone and the batch's log gets an entry instead.
    """
    noted = update_each(
        CallResult,
        ["provider_call_id", "sent_at", "placed_at", "next_check_at"],
        [
            (call.pk, answer.provider_call_id, call.sent_at, now, answer.next_event_at)
            for call, answer in accepted
        ],
        where_null="provider_call_id",
    )
    if noted < len(accepted):
        accepted = _without_taken_back(accepted)
    rows = CallResult.objects.filter(pk__in=[call.pk for call, _ in accepted])
    rows.filter(status=CallStatus.UNKNOWN).update(
        status=CallStatus.QUEUED, error_code="", error_message=""
    )
    rows.filter(stop_requested__in=STOP_DUE, ended_at=None).update(next_check_at=now)
    Recipient.objects.filter(
        pk__in=[call.recipient_id for call, _ in accepted], status__in=RECIPIENT_AWAITING_RESULT
    ).update(status=RecipientStatus.IN_CALL, called=True, due_at=None, reason_code="", reason="")


def _without_taken_back(
    accepted: Sequence[tuple[CallResult, CallAccepted]],
) -> list[tuple[CallResult, CallAccepted]]:
    """Return the calls that still have a row; log calls without a row or with another id."""
    ids = dict(
        CallResult.objects.filter(pk__in=[call.pk for call, _ in accepted]).values_list(
            "pk", "provider_call_id"
        )
    )
    for call, answer in accepted:
        if ids.get(call.pk) != answer.provider_call_id:
            log.error("results.call_beyond_account", call_id=str(call.call_id))
            BatchEvent.objects.create(
                batch_id=call.batch_id,
                code="call_beyond_account",
                message=(
                    f"{call.to_number} was called by attempt {call.attempt} after it had been "
                    f"given up; the provider's id of that call is {answer.provider_call_id}."
                ),
            )
    return [one for one in accepted if one[0].pk in ids]


@transaction.atomic
def record_unknown(
    unknown: Sequence[tuple[CallResult, OutcomeUnknown]], *, ask_at: datetime
) -> None:
    """Record that it is unknown whether these calls exist: dialing → unconfirmed."""
    open_calls = _lock_unanswered([call for call, _ in unknown], {CallStatus.QUEUED})
    lost = [(call, error) for call, error in unknown if call.pk in open_calls]
    update_each(
        CallResult,
        ["status", "sent_at", "error_code", "error_message", "next_check_at"],
        [
            (call.pk, CallStatus.UNKNOWN, call.sent_at, error.code, str(error), ask_at)
            for call, error in lost
        ],
    )
    update_each(
        Recipient,
        ["status", "reason_code", "reason", "due_at"],
        [
            (call.recipient_id, RecipientStatus.UNCONFIRMED, error.code, str(error), ask_at)
            for call, error in lost
        ],
        where_in=("status", {RecipientStatus.DIALING}),
    )


@transaction.atomic
def record_rejected(rejected: Sequence[tuple[CallResult, CallRejected]], *, now: datetime) -> None:
    """Record permanent rejections: the attempts and their recipients have failed."""
    open_calls = _lock_unanswered([call for call, _ in rejected])
    failed = [(call, error) for call, error in rejected if call.pk in open_calls]
    update_each(
        CallResult,
        [
            *("status", "sent_at", "ended_at", "disposition"),
            *("error_code", "error_message", "next_check_at"),
        ],
        [
            (
                *(call.pk, CallStatus.FAILED, call.sent_at, now, Disposition.FAILED),
                *(error.code, str(error), None),
            )
            for call, error in failed
        ],
    )
    update_each(
        Recipient,
        ["status", "reason_code", "reason", "due_at"],
        [
            (call.recipient_id, RecipientStatus.FAILED, error.code, str(error), None)
            for call, error in failed
        ],
        where_in=("status", RECIPIENT_AWAITING_RESULT),
    )
    if failed:
        outbox.calls_finished([call for call, _ in failed], now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """An attempt that definitely was not placed, and when and why its recipient is due again.

    ``counts``: the provider answered "not now", so the next attempt has one more of ``tries``.
    ``reopens``: the caller reopens the batch, so the recipient is queued even if it has ended.
    """

    call: CallResult
    due_at: datetime
    code: str
    reason: str
    counts: bool = False
    reopens: bool = False


@transaction.atomic
def withdraw(withdrawals: Sequence[Withdrawal]) -> None:
    """Delete attempts that were not placed, and queue their recipients again.

    Recipients are canceled instead when their batch has ended or a person stopped the call.
    Attempts whose row is gone, or whose call turned out to exist, are left unchanged.
    """
    batches = Batch.objects.lock(withdrawal.call.batch_id for withdrawal in withdrawals)
    open_calls = _lock_unanswered([withdrawal.call for withdrawal in withdrawals])
    to_stop = CallResult.objects.filter(pk__in=open_calls).exclude(stop_requested="")
    stopped = set(to_stop.values_list("pk", flat=True))
    CallResult.objects.filter(pk__in=open_calls).delete()
    counted: dict[bool, list[tuple[object, ...]]] = {False: [], True: []}
    for withdrawal in withdrawals:
        if withdrawal.call.pk not in open_calls:
            continue
        is_over = batches[withdrawal.call.batch_id].status in BATCH_TERMINAL
        if not withdrawal.reopens and (is_over or withdrawal.call.pk in stopped):
            explanation = _ENDED if is_over else _STOPPED
            changes: tuple[object, ...] = (RecipientStatus.CANCELED, *explanation, None)
        else:
            changes = (
                RecipientStatus.QUEUED,
                withdrawal.code,
                withdrawal.reason,
                withdrawal.due_at,
            )
        counted[withdrawal.counts].append((withdrawal.call.recipient_id, *changes, None, None))
    for counts, rows in counted.items():
        if rows:
            recipients = Recipient.objects.filter(
                pk__in=[pk for pk, *_ in rows], status__in=RECIPIENT_AWAITING_RESULT
            )
            recipients.update(attempts=F("attempts") - 1, tries=F("tries") + int(counts))
            update_each(
                Recipient,
                ["status", "reason_code", "reason", "due_at", "claim_token", "claimed_at"],
                rows,
                where_in=("status", RECIPIENT_AWAITING_RESULT),
            )


def _lock_unanswered(
    calls: Sequence[CallResult],
    statuses: frozenset[CallStatus] | set[CallStatus] = CALL_UNANSWERED,
) -> set[int]:
    """Lock the attempts that still exist and have no provider id; return their keys.

    After a long delay, another process may already have settled some of them.
    """
    rows = CallResult.objects.select_for_update(no_key=True).filter(
        pk__in=[call.pk for call in calls], status__in=statuses, provider_call_id=None
    )
    return set(rows.order_by("pk").values_list("pk", flat=True))
