"""Attach calls that had been given up but exist, raise the alarm, and stop further attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction

from batchcalls.calling.next_check import next_check
from batchcalls.database.bulk import update_each
from batchcalls.models import Batch, BatchEvent, CallResult, DayOfCalls, Recipient
from batchcalls.states import (
    CALL_GIVEN_UP,
    RECIPIENT_NOT_YET_PLACED,
    STOP_DUE,
    CallStatus,
    RecipientStatus,
    StopRequest,
)
from batchcalls.voice.base import CallAccepted

log = structlog.get_logger(__name__)

#: The code of the alarm in a batch's log.
POSSIBLE_DOUBLE_DIAL = "possible_double_dial"


@transaction.atomic
def attach(accepted: Sequence[tuple[CallResult, CallAccepted]], *, now: datetime) -> None:
    """Store the provider's ids of calls whose attempts were given up, were deleted or have an id.

    1. An attempt that was given up becomes a call again, and its recipient follows that call.
    2. Other open attempts at the recipient are withdrawn if they have not begun.
    3. Each call that nobody expected is an alarm. An id that is known already changes nothing.
    """
    Batch.objects.lock(call.batch_id for call, _ in accepted)
    rows = CallResult.objects.select_for_update(no_key=True).order_by("pk")
    known = rows.in_bulk([call.pk for call, _ in accepted])
    back: list[tuple[CallResult, CallAccepted]] = []
    beyond: list[tuple[CallResult, CallAccepted]] = []
    for call, answer in accepted:
        row = known.get(call.pk, call)
        if call.pk in known and row.status in CALL_GIVEN_UP:
            back.append((row, answer))
        elif call.pk not in known or row.provider_call_id != answer.provider_call_id:
            beyond.append((row, answer))
    update_each(
        CallResult,
        [
            *("provider_call_id", "placed_at", "next_check_at", "status", "ended_at"),
            *("error_code", "error_message"),
        ],
        [
            (
                *(call.pk, answer.provider_call_id, now),
                next_check(
                    now if call.stop_requested in STOP_DUE else answer.next_event_at, now=now
                ),
                *(CallStatus.QUEUED, None, "", ""),
            )
            for call, answer in back
        ],
    )
    DayOfCalls.objects.forget(call.claimed_at for call, _ in back)
    _follow({call.recipient_id for call, _ in back}, now=now)
    for call, answer in back:
        _alarm(call, answer.provider_call_id, "No further attempt will be made.")
    for call, answer in beyond:
        if call.provider_call_id is None:
            _alarm(call, answer.provider_call_id)
        elif not _is_in_log(call, answer.provider_call_id):
            _alarm_second(call, answer.provider_call_id)


def _follow(recipients: set[int], *, now: datetime) -> None:
    """Have recipients follow the calls that turned up, and stop their other attempts."""
    calls = CallResult.objects.filter(recipient__in=recipients, ended_at=None)
    others = calls.filter(given_up_at=None, stop_requested="")
    others.exclude(provider_call_id=None).update(next_check_at=now)
    others.update(stop_requested=StopRequest.WITHDRAW)
    rows = Recipient.objects.filter(pk__in=recipients)
    rows.update(called=True)
    rows.filter(status__in=RECIPIENT_NOT_YET_PLACED).update(
        status=RecipientStatus.IN_CALL, due_at=None, reason_code="", reason=""
    )


def _alarm(call: CallResult, provider_call_id: str, then: str = "") -> None:
    """Log that a recipient may have been called twice, with the ids of each attempt."""
    log.error(
        "call.possible_double_dial", call_id=str(call.call_id), provider_call_id=provider_call_id
    )
    others = (
        CallResult.objects.counted()
        .filter(recipient=call.recipient_id)
        .exclude(pk=call.pk)
        .order_by("attempt")
    )
    also = "".join(
        f" Attempt {other.attempt} was made as well ({_ids(other, other.provider_call_id)})."
        for other in others
    )
    twice = "may have been called twice" if also else "was called once"
    BatchEvent.objects.create(
        batch_id=call.batch_id,
        code=POSSIBLE_DOUBLE_DIAL,
        message=(
            f"{call.to_number} {twice}: attempt {call.attempt} had been given up, but the "
            f"provider has a call for it ({_ids(call, provider_call_id)}).{also} {then}"
        ).strip(),
    )


def _alarm_second(call: CallResult, provider_call_id: str) -> None:
    """Log that the provider has a second call for one attempt."""
    log.error(
        "call.possible_double_dial", call_id=str(call.call_id), provider_call_id=provider_call_id
    )
    BatchEvent.objects.create(
        batch_id=call.batch_id,
        code=POSSIBLE_DOUBLE_DIAL,
        message=(
            f"{call.to_number} may have been called twice: the provider has another call for "
            f"attempt {call.attempt}, {provider_call_id} ({_ids(call, call.provider_call_id)})."
        ),
    )


def _is_in_log(call: CallResult, provider_call_id: str) -> bool:
    alarms = BatchEvent.objects.filter(batch=call.batch_id, code=POSSIBLE_DOUBLE_DIAL)
    return alarms.filter(message__contains=provider_call_id).exists()


def _ids(call: CallResult, provider_call_id: str | None) -> str:
    theirs = f"provider’s ID {provider_call_id}" if provider_call_id else "no provider’s ID yet"
    return f"our ID {call.call_id}, {theirs}"
