"""Apply provider events to calls and recipients; statuses only move forward.

Every function may run twice, late, out of order or concurrently. All code locks rows in the same
order: batches, then calls, then recipients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import structlog
from django.db import transaction
from django.db.models import CharField, Model, prefetch_related_objects

from batchcalls.batches import spending
from batchcalls.calling import call_requests, opting_out
from batchcalls.calling.recording import record_accepted
from batchcalls.database.bulk import insert_each, update_each
from batchcalls.models import Batch, CallEvent, CallResult, DayOfCalls, Recipient
from batchcalls.states import (
    BATCH_TERMINAL,
    CALL_FINAL,
    CALL_GIVEN_UP,
    RECIPIENT_AWAITING_RESULT,
    CallStatus,
    RecipientOutcome,
    RecipientStatus,
)
from batchcalls.voice.base import CallAccepted, CallDetails, VoiceEvent
from batchcalls.voice.prices import usable
from batchcalls.webhooks import outbox
from campaigns.vocabulary import AnsweredBy, RetryOutcome

log = structlog.get_logger(__name__)

KEPT_FIELDS = (
    "account_id",
    "call_id",
    "event_key",
    "status",
    "provider_status",
    "occurred_at",
    "received_at",
)
#: Details of a finished call. Each is stored in the column of the same name.
DETAILS = [one.name for one in fields(CallDetails)]
PROGRESS_FIELDS = ["status", "provider_status", "answered_by", "answered_at"]
PRICE_FIELDS = ["price", "currency", "cost"]
FINAL_FIELDS = [
    *PROGRESS_FIELDS,
    "ended_at",
    "next_check_at",
    "retry_outcome",
    "cost",
    *DETAILS,
]


@transaction.atomic
def apply(
    account_id: int, events: Sequence[VoiceEvent], *, now: datetime, keep: bool = True
) -> dict[str, CallResult]:
    """Update each event's call, and settle the recipients of calls that ended.

    A call's status only rises in rank, and the first final status stays. Late, repeated or
    out-of-order events therefore change nothing, except that a price may follow or
    rise. Each event is stored once; pass ``keep=False`` when it is already stored. Return the calls
    by event key, without events of unknown calls.
    """
    calls, batches = _calls_of(account_id, events, now=now)
    if keep:
        _keep(account_id, events, calls, now=now)
    moved: dict[int, CallResult] = {}
    ended: dict[int, CallResult] = {}
    repriced: dict[int, CallResult] = {}
    for event in events:
        call = calls.get(event.event_key)
        if call is None:
            log.info("event.of_unknown_call", account_id=account_id, key=event.event_key)
        elif _merge(call, event):
            (ended if call.status in CALL_FINAL else moved)[call.pk] = call
        elif _merge_price(call, event):
            repriced[call.pk] = call
    if late := [call for pk, call in repriced.items() if pk not in ended]:
        spending.reprice(account_id, late)
        _write(PRICE_FIELDS, late)
    if ended:
        spending.settle(account_id, list(ended.values()))
    _write(PROGRESS_FIELDS, [call for pk, call in moved.items() if pk not in ended])
    _write(FINAL_FIELDS, list(ended.values()))
    if ended:
        DayOfCalls.objects.forget(call.claimed_at for call in ended.values() if call.given_up_at)
        _settle(list(ended.values()), batches, now=now)
        outbox.calls_finished(list(ended.values()), now=now)
    return calls


def _calls_of(
    account_id: int, events: Sequence[VoiceEvent], *, now: datetime
) -> tuple[dict[str, CallResult], dict[object, Batch]]:
    """Lock and return the events' calls, by event key, and their batches.

    An event may arrive before the answer to placing its call, or when that answer was lost. It is
    then matched by our correlation id and confirms the call.
    """
    ids = {event.provider_call_id for event in events}
    ours = {event.correlation_id for event in events if event.correlation_id is not None}
    mine = CallResult.objects.filter(account=account_id)
    known = mine.filter(provider_call_id__in=ids)
    unconfirmed = mine.filter(call_id__in=ours, provider_call_id=None)
    batch_ids = set(known.order_by().values_list("batch_id", flat=True).distinct())
    if ours:
        batch_ids |= set(unconfirmed.order_by().values_list("batch_id", flat=True).distinct())
    batches = Batch.objects.lock(batch_ids)
    if ours:
        waiting = {call.call_id: call for call in unconfirmed.select_for_update(no_key=True)}
        confirmed = {
            event.correlation_id: (
                waiting[event.correlation_id],
                CallAccepted(provider_call_id=event.provider_call_id, next_event_at=now),
            )
            for event in events
            if event.correlation_id in waiting
        }
        if confirmed:
            record_accepted(list(confirmed.values()), now=now)
    rows = known.select_for_update(no_key=True, of=("self",)).order_by("pk")
    by_id = {str(call.provider_call_id): call for call in rows}
    calls = {
        event.event_key: by_id[event.provider_call_id]
        for event in events
        if event.provider_call_id in by_id
    }
    return calls, batches


def _keep(
    account_id: int,
    events: Sequence[VoiceEvent],
    calls: Mapping[str, CallResult],
    *,
    now: datetime,
) -> None:
    insert_each(
        CallEvent,
        KEPT_FIELDS,
        [
            (
                account_id,
                calls[event.event_key].pk,
                event.event_key,
                event.status,
                fit(CallEvent, "provider_status", event.raw_status),
                event.occurred_at,
                now,
            )
            for event in events
            if event.event_key in calls
        ],
        ignore_conflicts=True,
    )


def _merge(call: CallResult, event: VoiceEvent) -> bool:
    """Copy what is new in the event to the call; return whether anything changed."""
    changed = False
    if event.status == CallStatus.IN_PROGRESS and call.answered_at is None:
        call.answered_at = event.occurred_at
        changed = True
    if event.status.role.rank > CallStatus(call.status).role.rank:
        call.status = event.status
        call.provider_status = fit(CallResult, "provider_status", event.raw_status)
        call.answered_by = event.answered_by or call.answered_by
        changed = True
        if event.status in CALL_FINAL:
            _finish(call, event)
    return changed


def _merge_price(call: CallResult, event: VoiceEvent) -> bool:
    """Copy a price that is reported after the end of a call; return whether it is new.

    Of several, the highest stays: reports may come in any order, and a budget must not count less.
    """
    if event.details is None or {call.status, event.status} - (CALL_FINAL - CALL_GIVEN_UP):
        return False
    price, currency = (
        usable(event.details.price),
        fit(CallResult, "currency", event.details.currency),
    )
    is_known = call.price is not None and call.currency == currency
    if price is None or (is_known and price <= (call.price or 0)):
        return False
    if call.cost is None:  # it ended before costs were stored, and counts with its price
        call.cost = call.price
    call.price, call.currency = price, currency
    return True


def _finish(call: CallResult, event: VoiceEvent) -> None:
    call.ended_at = event.occurred_at
    call.next_check_at = None
    call.retry_outcome = _retry_outcome(call)
    if event.details is not None:
        for name in DETAILS:
            setattr(call, name, _kept(name, getattr(event.details, name)))


def _kept(name: str, value: Any) -> Any:
    """Return a detail in the form its column stores."""
    if isinstance(value, Decimal):
        return usable(value)
    if isinstance(value, str):
        return fit(CallResult, name, value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return [asdict(turn) for turn in value]
    return value


def fit(model: type[Model], field: str, text: str) -> str:
    """Cut a provider's text to the column's length, so a long value does not lose a result."""
    column = cast("CharField[str, str]", model._meta.get_field(field))
    return text[: column.max_length]


def _retry_outcome(call: CallResult) -> str:
    if call.status == CallStatus.COMPLETED:
        return RetryOutcome.VOICEMAIL if call.answered_by == AnsweredBy.VOICEMAIL else ""
    return call.status if call.status in RetryOutcome.values else ""


def _write(columns: list[str], calls: list[CallResult]) -> None:
    update_each(
        CallResult,
        columns,
        [(call.pk, *(getattr(call, name) for name in columns)) for call in calls],
    )


def _settle(calls: list[CallResult], batches: dict[object, Batch], *, now: datetime) -> None:
    """Give recipients of ended calls an outcome or another attempt."""
    opted_out = opting_out.take_in(calls, batches)
    may_retry = [
        call.recipient_id
        for call in calls
        if call.retry_outcome
        and batches[call.batch_id].status not in BATCH_TERMINAL
        and call.to_number not in opted_out
        # A call stopped by a person is never retried automatically, whatever its final status.
        and not call.stop_requested
        # Nor one that had been given up: the recipient may have been called twice already.
        and call.given_up_at is None
    ]
    # One query, and only for the recipients whose own settings matter.
    prefetch_related_objects(
        [call for call in calls if call.retry_outcome == RetryOutcome.VOICEMAIL], "recipient"
    )
    history = CallResult.objects.ended_by_outcome(may_retry) if may_retry else {}
    waits = {
        call.recipient_id: wait
        for call in calls
        if call.recipient_id in history
        and (wait := _wait_before_retry(call, batches[call.batch_id], history[call.recipient_id]))
        is not None
    }
    followed = _recipients_that_follow_another_call(calls)
    turned_up = [call for call in calls if call.has_turned_up]
    others = [
        call for call in calls if not call.has_turned_up and call.recipient_id not in followed
    ]
    for ended, statuses in (
        (others, RECIPIENT_AWAITING_RESULT),
        # A recipient who was canceled after the attempt had been given up was called after all.
        (turned_up, RECIPIENT_AWAITING_RESULT | {RecipientStatus.CANCELED}),
    ):
        update_each(
            Recipient,
            ["status", "outcome", "reason_code", "reason", "due_at", "tries"],
            [
                (call.recipient_id, *_verdict(call, waits.get(call.recipient_id), now=now), 0)
                for call in ended
            ],
            where_in=("status", statuses),
        )


def _recipients_that_follow_another_call(calls: list[CallResult]) -> set[int]:
    """Return the recipients whose stopped attempt ends while a call that turned up is live."""
    stopped = [call.recipient_id for call in calls if call.stop_requested and call.attempt > 1]
    if not stopped:
        return set()
    live = CallResult.objects.turned_up().filter(recipient__in=stopped, ended_at=None)
    return set(live.order_by().values_list("recipient_id", flat=True))


def _wait_before_retry(call: CallResult, batch: Batch, history: dict[str, int]) -> int | None:
    """Return the seconds before the next attempt, by the policy or the call setting ``retry``.

    The setting is the provider's own feature: one more call after a voicemail. We place that call
    instead, so that it also has a row, checks and a result.
    """
    wait = batch.retry_policy.next_attempt(RetryOutcome(call.retry_outcome), history)
    is_voicemail = call.retry_outcome == RetryOutcome.VOICEMAIL
    if wait is None and is_voicemail and not batch.retry_policy.is_used_up(history):
        setting = call_requests.retry_setting(batch, call.recipient)
        if setting and history[RetryOutcome.VOICEMAIL] == 1:
            return int(setting["wait"])
    return wait


def _verdict(
    call: CallResult, wait: int | None, *, now: datetime
) -> tuple[str, str, str, str, datetime | None]:
    """Return the recipient's status, outcome, reason code, reason and due time."""
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
