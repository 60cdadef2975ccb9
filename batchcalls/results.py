"""What came of a call: evidence goes in, the call and its recipient move on, never back.

Everything here may run twice, late, out of order and side by side. Rows are locked in one order
everywhere: batches, then calls, then recipients.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import cast

import structlog
from django.db import transaction
from django.db.models import CharField, F

from batchcalls.bulk import update_each
from batchcalls.models import Batch, CallEvent, CallResult, Recipient
from batchcalls.states import (
    BATCH_TERMINAL,
    CALL_FINAL,
    CALL_RANK,
    RECIPIENT_IN_FLIGHT,
    CallStatus,
    RecipientOutcome,
    RecipientStatus,
)
from batchcalls.voice.base import CallAccepted, VoiceEvent
from batchcalls.voice.errors import CallRejected
from campaigns.models import Suppression, SuppressionSource
from campaigns.vocabulary import AnsweredBy, Disposition, RetryOutcome

log = structlog.get_logger(__name__)

#: Statuses of a recipient whose attempt can still turn out one way or the other.
AWAITING_RESULT = RECIPIENT_IN_FLIGHT | {RecipientStatus.UNCONFIRMED}

PROGRESS_FIELDS = ["status", "provider_status", "answered_by", "answered_at"]
FINAL_FIELDS = [
    *PROGRESS_FIELDS,
    "ended_at",
    "next_check_at",
    "retry_outcome",
    "duration_seconds",
    "transcript",
    "summary",
    "disposition",
    "variables",
    "extracted",
    "recording_url",
    "price",
    "currency",
    "error_code",
    "error_message",
]


def lock_batches(batch_ids: Iterable[object]) -> dict[object, Batch]:
    """Lock batches for the rest of the transaction, so that none is paused or ended meanwhile."""
    rows = Batch.objects.select_for_update(no_key=True).filter(pk__in=set(batch_ids))
    return {batch.pk: batch for batch in rows.order_by("pk")}


# After placing -----------------------------------------------------------------------------------


@transaction.atomic
def record_accepted(accepted: Sequence[tuple[CallResult, CallAccepted]], *, now: datetime) -> None:
    """Note the provider's ids: dialing → in call.

    An attempt that was declared unconfirmed meanwhile is confirmed by this.
    """
    update_each(
        CallResult,
        ["provider_call_id", "placed_at", "next_check_at"],
        [
            (call.pk, answer.provider_call_id, now, answer.next_event_at)
            for call, answer in accepted
        ],
        where_null="provider_call_id",
    )
    pks = [call.pk for call, _ in accepted]
    CallResult.objects.filter(pk__in=pks, status=CallStatus.UNKNOWN).update(
        status=CallStatus.QUEUED
    )
    Recipient.objects.filter(
        pk__in=[call.recipient_id for call, _ in accepted], status__in=AWAITING_RESULT
    ).update(status=RecipientStatus.IN_CALL, called=True, due_at=None, reason_code="", reason="")


@transaction.atomic
def record_unknown(
    calls: Collection[CallResult], *, code: str, reason: str, ask_at: datetime
) -> None:
    """Note that nobody knows whether these calls exist: dialing → unconfirmed."""
    CallResult.objects.filter(
        pk__in=[call.pk for call in calls], status=CallStatus.QUEUED, provider_call_id=None
    ).update(status=CallStatus.UNKNOWN, error_code=code, error_message=reason, next_check_at=ask_at)
    Recipient.objects.filter(
        pk__in=[call.recipient_id for call in calls], status=RecipientStatus.DIALING
    ).update(status=RecipientStatus.UNCONFIRMED, reason_code=code, reason=reason, due_at=ask_at)


@transaction.atomic
def record_rejected(rejected: Sequence[tuple[CallResult, CallRejected]], *, now: datetime) -> None:
    """Note a definite, permanent no: the attempt and its recipient have failed."""
    update_each(
        CallResult,
        ["status", "ended_at", "disposition", "error_code", "error_message", "next_check_at"],
        [
            (call.pk, CallStatus.FAILED, now, Disposition.FAILED, error.code, str(error), None)
            for call, error in rejected
        ],
        where_in=("status", {CallStatus.QUEUED, CallStatus.UNKNOWN}),
    )
    update_each(
        Recipient,
        ["status", "reason_code", "reason", "due_at"],
        [
            (call.recipient_id, RecipientStatus.FAILED, error.code, str(error), None)
            for call, error in rejected
        ],
        where_in=("status", AWAITING_RESULT),
    )


@transaction.atomic
def withdraw(
    calls: Sequence[CallResult], *, due_at: datetime, code: str, reason: str, again: bool
) -> None:
    """Take attempts back that definitely were not placed: their recipients are queued again.

    ``again`` counts the provider's "not now" for the attempt that comes next. Recipients of a
    batch that has ended meanwhile are canceled instead.
    """
    batches = lock_batches(call.batch_id for call in calls)
    CallResult.objects.filter(pk__in=[call.pk for call in calls]).delete()
    for batch in batches.values():
        over = batch.status in BATCH_TERMINAL
        Recipient.objects.filter(
            pk__in=[call.recipient_id for call in calls if call.batch_id == batch.pk],
            status__in=AWAITING_RESULT,
        ).update(
            status=RecipientStatus.CANCELED if over else RecipientStatus.QUEUED,
            attempts=F("attempts") - 1,
            tries=F("tries") + int(again),
            reason_code="batch_ended" if over else code,
            reason="The batch ended before the call was placed." if over else reason,
            due_at=None if over else due_at,
            claim_token=None,
            claimed_at=None,
        )


# Events ------------------------------------------------------------------------------------------


@transaction.atomic
def apply(account_id: int, events: Sequence[VoiceEvent], *, now: datetime) -> None:
    """Keep each event once and move its call on; settle the recipients of calls that ended.

    A call's status only rises in rank, and the first final status is the last: events that are
    late, repeated or reversed change nothing. Events of unknown calls are logged and left.
    """
    ids = {event.provider_call_id for event in events}
    known = CallResult.objects.filter(account=account_id, provider_call_id__in=ids)
    batches = lock_batches(known.order_by().values_list("batch_id", flat=True).distinct())
    calls = {
        str(call.provider_call_id): call
        for call in known.select_for_update(no_key=True, of=("self",)).order_by("pk")
    }
    CallEvent.objects.bulk_create(
        [
            CallEvent(
                account_id=account_id,
                call=calls[event.provider_call_id],
                event_key=event.event_key,
                status=event.status,
                provider_status=event.raw_status,
                occurred_at=event.occurred_at,
                received_at=now,
            )
            for event in events
            if event.provider_call_id in calls
        ],
        ignore_conflicts=True,
    )
    moved: dict[int, CallResult] = {}
    ended: dict[int, CallResult] = {}
    for event in events:
        call = calls.get(event.provider_call_id)
        if call is None:
            log.warning("event.of_unknown_call", account_id=account_id, key=event.event_key)
        elif _merge(call, event):
            (ended if call.status in CALL_FINAL else moved)[call.pk] = call
    _write(PROGRESS_FIELDS, [call for pk, call in moved.items() if pk not in ended])
    _write(FINAL_FIELDS, list(ended.values()))
    if ended:
        _settle(list(ended.values()), batches, now=now)


def _merge(call: CallResult, event: VoiceEvent) -> bool:
    """Take from the event what the call does not know yet; return whether anything changed."""
    changed = False
    if event.status == CallStatus.IN_PROGRESS and call.answered_at is None:
        call.answered_at = event.occurred_at
        changed = True
    if CALL_RANK[event.status] > CALL_RANK[CallStatus(call.status)]:
        call.status = event.status
        call.provider_status = _fit("provider_status", event.raw_status)
        call.answered_by = event.answered_by or call.answered_by
        changed = True
        if event.status in CALL_FINAL:
            _finish(call, event)
    return changed


def _finish(call: CallResult, event: VoiceEvent) -> None:
    call.ended_at = event.occurred_at
    call.next_check_at = None
    call.retry_outcome = _retry_outcome(call)
    if (details := event.details) is None:
        return
    call.duration_seconds = details.duration_seconds
    call.transcript = [asdict(turn) for turn in details.transcript]
    call.summary = details.summary
    call.disposition = _fit("disposition", details.disposition)
    call.variables = dict(details.variables)
    call.extracted = dict(details.extracted)
    call.recording_url = _fit("recording_url", details.recording_url)
    call.price = details.price
    call.currency = details.currency
    call.error_code = _fit("error_code", details.error_code)
    call.error_message = details.error_message


def _fit(field: str, text: str) -> str:
    """Cut a provider's text to what the column takes: one long word must not lose a result."""
    column = cast("CharField[str, str]", CallResult._meta.get_field(field))
    return text[: column.max_length]


def _retry_outcome(call: CallResult) -> str:
    if call.status == CallStatus.COMPLETED:
        return RetryOutcome.VOICEMAIL if call.answered_by == AnsweredBy.VOICEMAIL else ""
    return call.status if call.status in RetryOutcome.values else ""


def _write(fields: list[str], calls: list[CallResult]) -> None:
    update_each(
        CallResult,
        fields,
        [(call.pk, *(getattr(call, name) for name in fields)) for call in calls],
    )


def _settle(calls: list[CallResult], batches: dict[object, Batch], *, now: datetime) -> None:
    """Give the recipients of ended calls their outcome, or another attempt."""
    opted_out = {call.to_number for call in calls if call.disposition == Disposition.DO_NOT_CONTACT}
    if opted_out:
        Suppression.objects.bulk_create(
            [
                Suppression(
                    e164=number,
                    reason="Asked not to be called again.",
                    source=SuppressionSource.CALL,
                )
                for number in sorted(opted_out)
            ],
            ignore_conflicts=True,
        )
    may_retry = [
        call.recipient_id
        for call in calls
        if call.retry_outcome
        and batches[call.batch_id].status not in BATCH_TERMINAL
        and call.to_number not in opted_out
    ]
    history = CallResult.objects.ended_by_outcome(may_retry) if may_retry else {}
    update_each(
        Recipient,
        ["status", "outcome", "reason_code", "reason", "due_at", "tries"],
        [
            (
                call.recipient_id,
                *_verdict(call, batches[call.batch_id], history.get(call.recipient_id), now=now),
                0,
            )
            for call in calls
        ],
        where_in=("status", AWAITING_RESULT),
    )


def _verdict(
    call: CallResult, batch: Batch, history: dict[str, int] | None, *, now: datetime
) -> tuple[str, str, str, str, datetime | None]:
    """Return status, outcome, reason code, reason and due time of an ended call's recipient."""
    if history is not None:
        wait = batch.retry_policy.next_attempt(RetryOutcome(call.retry_outcome), history)
        if wait is not None:
            reason = f"Attempt {call.attempt} ended {call.get_status_display().lower()}."
            return (
                RecipientStatus.RETRY_WAIT,
                "",
                f"retry_after_{call.retry_outcome}",
                reason,
                now + timedelta(seconds=wait),
            )
    match call.status:
        case CallStatus.COMPLETED if call.answered_by == AnsweredBy.VOICEMAIL:
            return RecipientStatus.DONE, RecipientOutcome.VOICEMAIL, "", "", None
        case CallStatus.COMPLETED:
            return RecipientStatus.DONE, RecipientOutcome.REACHED, "", "", None
        case CallStatus.NO_ANSWER | CallStatus.BUSY:
            return RecipientStatus.DONE, RecipientOutcome.NOT_REACHED, "", "", None
        case CallStatus.CANCELED:
            return RecipientStatus.CANCELED, "", "call_canceled", "The call was canceled.", None
    reason = call.error_message or "The provider could not complete the call."
    return RecipientStatus.FAILED, "", call.error_code or "call_failed", reason, None
