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

from batchcalls.batches import lifecycle
from batchcalls.calling import taken_ids, turned_up
from batchcalls.calling.next_check import next_check
from batchcalls.database import clock
from batchcalls.database.bulk import update_each
from batchcalls.models import Batch, CallResult, Recipient
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
    ProviderThrottled,
    VoiceError,
)
from batchcalls.webhooks import outbox
from campaigns.vocabulary import Disposition

log = structlog.get_logger(__name__)

#: Seconds from a lost answer to the first question about the call.
FIRST_LOOKUP_SECONDS = 2.0
#: Time from giving up an attempt to the next question about its call.
LOOK_AGAIN_AFTER = timedelta(minutes=2)

Answer = CallAccepted | VoiceError

#: Why the recipient of a withdrawn attempt is not queued again: code and sentence.
_ENDED = ("batch_ended", "The batch ended before the call was placed.")
_STOPPED = ("call_stopped", "The call was stopped before it was placed.")


def record(answered: Sequence[tuple[CallResult, Answer]]) -> None:
    """Store the provider's answers."""
    now = clock.now()
    accepted = [(call, answer) for call, answer in answered if isinstance(answer, CallAccepted)]
    rejected = [(call, answer) for call, answer in answered if isinstance(answer, CallRejected)]
    unknown = [(call, answer) for call, answer in answered if isinstance(answer, OutcomeUnknown)]
    withdrawn = [
        Withdrawal(
            call=call,
            due_at=now + timedelta(seconds=_wait_seconds(answer)),
            code=answer.code,
            reason=str(answer),
            counts=not isinstance(answer, AccountRefused),
        )
        for call, answer in answered
        if isinstance(answer, NotPlaced)
    ]
    if accepted:
        unknown += record_accepted(accepted, now=now)
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


def _wait_seconds(answer: NotPlaced) -> float:
    """Return how long the recipient waits; 0 if the account is held, which a person can end."""
    is_held = isinstance(answer, ProviderThrottled) and answer.account_wide
    return 0.0 if is_held else answer.retry_after_seconds


def record_accepted(
    accepted: Sequence[tuple[CallResult, CallAccepted]], *, now: datetime
) -> list[tuple[CallResult, OutcomeUnknown]]:
    """Store the provider's ids: dialing → in call; return the calls whose id is another call's.

    An attempt that was marked unconfirmed in the meantime becomes confirmed. One that was given up
    is attached as a possible double dial. The returned calls are not changed.
    """
    accepted, taken = taken_ids.separate(accepted)
    if _confirm(accepted, now=now) < len(accepted):
        # In a transaction of its own, because it locks batches before calls.
        turned_up.attach(accepted, now=now)
    return taken


@transaction.atomic
def _confirm(accepted: Sequence[tuple[CallResult, CallAccepted]], *, now: datetime) -> int:
    noted = update_each(
        CallResult,
        ["provider_call_id", "sent_at", "placed_at", "next_check_at"],
        [
            (
                *(call.pk, answer.provider_call_id, call.sent_at, now),
                next_check(answer.next_event_at, now=now),
            )
            for call, answer in accepted
        ],
        where_in=("status", CALL_UNANSWERED),
        where_null="provider_call_id",
    )
    rows = CallResult.objects.filter(
        pk__in=[call.pk for call, _ in accepted], provider_call_id__isnull=False
    )
    rows.filter(status=CallStatus.UNKNOWN).update(
        status=CallStatus.QUEUED, error_code="", error_message=""
    )
    rows.filter(stop_requested__in=STOP_DUE, ended_at=None).update(next_check_at=now)
    Recipient.objects.filter(
        pk__in=[call.recipient_id for call, _ in accepted], status__in=RECIPIENT_AWAITING_RESULT
    ).update(status=RecipientStatus.IN_CALL, called=True, due_at=None, reason_code="", reason="")
    return noted


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
            *("error_code", "error_message", "next_check_at", "cost"),
        ],
        [
            (
                *(call.pk, CallStatus.FAILED, call.sent_at, now, Disposition.FAILED),
                *(error.code, str(error), None, 0),
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
    """An attempt that has no call, and when and why its recipient is due again.

    ``doubt``: the attempt may have been sent. It is given up and kept with this error code, as
    evidence. Without it, the attempt definitely was not sent, and is deleted.
    ``counts``: the provider answered "not now", so the next attempt has one more of ``tries``.
    ``reopens``: the caller reopens the batch, so the recipient is queued even if it has ended.
    """

    call: CallResult
    due_at: datetime
    code: str
    reason: str
    doubt: str = ""
    counts: bool = False
    reopens: bool = False


@transaction.atomic
def withdraw(withdrawals: Sequence[Withdrawal]) -> set[int]:
    """Delete or give up attempts and queue their recipients again; return the attempts' keys.

    Recipients are canceled instead when their batch has ended or a person stopped the call. They
    follow their call when an attempt that was given up has turned up. Attempts whose row is gone,
    or whose call turned out to exist, are left unchanged.
    """
    batches = Batch.objects.lock(withdrawal.call.batch_id for withdrawal in withdrawals)
    open_calls = _lock_unanswered([withdrawal.call for withdrawal in withdrawals])
    withdrawals = [one for one in withdrawals if one.call.pk in open_calls]
    to_stop = CallResult.objects.filter(pk__in=open_calls).exclude(stop_requested="")
    stopped = set(to_stop.values_list("pk", flat=True))
    given_up = [one for one in withdrawals if one.doubt]
    _give_up(given_up)
    kept = {one.call.pk for one in given_up}
    CallResult.objects.filter(pk__in=open_calls - kept).delete()
    followed = _recipients_of_calls_that_turned_up([one.call for one in withdrawals])
    grouped: dict[tuple[bool, bool], list[tuple[object, ...]]] = {}
    for one in withdrawals:
        is_over = batches[one.call.batch_id].status in BATCH_TERMINAL
        changes: tuple[object, ...]
        if one.call.recipient_id in followed:
            changes = (RecipientStatus.IN_CALL, "", "", None)
        elif not one.reopens and (is_over or one.call.pk in stopped):
            changes = (RecipientStatus.CANCELED, *(_ENDED if is_over else _STOPPED), None)
        else:
            changes = (RecipientStatus.QUEUED, one.code, one.reason, one.due_at)
        rows = grouped.setdefault((one.counts, bool(one.doubt)), [])
        rows.append((one.call.recipient_id, *changes, None, None))
    for (counts, is_kept), rows in grouped.items():
        recipients = Recipient.objects.filter(
            pk__in=[pk for pk, *_ in rows], status__in=RECIPIENT_AWAITING_RESULT
        )
        recipients.update(attempts=F("attempts") - int(not is_kept), tries=F("tries") + int(counts))
        update_each(
            Recipient,
            ["status", "reason_code", "reason", "due_at", "claim_token", "claimed_at"],
            rows,
            where_in=("status", RECIPIENT_AWAITING_RESULT),
        )
    return open_calls


def _give_up(given_up: Sequence[Withdrawal]) -> None:
    now = clock.now()
    update_each(
        CallResult,
        [
            *("status", "ended_at", "given_up_at", "error_code", "error_message"),
            *("lookups", "next_check_at"),
        ],
        [
            (
                *(one.call.pk, CallStatus.NOT_PLACED, now, now, one.doubt, one.reason),
                # The provider is asked some more, unless it could not tell before.
                *(0, None if one.reopens else now + LOOK_AGAIN_AFTER),
            )
            for one in given_up
        ],
    )


def _recipients_of_calls_that_turned_up(calls: Sequence[CallResult]) -> set[int]:
    """Return the recipients with a live call whose attempt had been given up."""
    later = [call.recipient_id for call in calls if call.attempt > 1]
    rows = CallResult.objects.turned_up().filter(recipient__in=later, ended_at=None)
    return set(rows.order_by().values_list("recipient_id", flat=True)) if later else set()


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
