"""Calls of ours that the provider reports although the database does not expect them.

The provider answered that it did not take the call, and took it; something on the way sent the
request twice; or the database is a backup. Each is attached to its recipient, who is not called
again, and raises the alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from batchcalls.batches import lifecycle, spending
from batchcalls.calling import giving_up, recording, turned_up
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.states import RECIPIENT_NOT_YET_PLACED, CallStatus
from batchcalls.voice.base import CallAccepted, VoiceEvent

#: Error code of the attempts, and of the pause when there are several.
CODE = "forgotten"
#: The account's batches pause when so many calls turn up that the database does not know.
MOST_FORGOTTEN = 3


def attach(account_id: int, events: Sequence[VoiceEvent], *, now: datetime) -> None:
    """Store unexpected calls in the caller's transaction, before their events are applied."""
    ours = {event.correlation_id: event for event in events if event.correlation_id}
    if not ours:
        return
    attempts = CallResult.objects.filter(call_id__in=ours)
    known = {call.call_id: call for call in attempts.filter(account=account_id)}
    others = [
        (call, _accepted(ours[call_id], now))
        for call_id, call in known.items()
        if call.provider_call_id not in {None, ours[call_id].provider_call_id}
    ]
    if others:
        turned_up.attach(others, now=now)
    new = [event for call_id, event in ours.items() if call_id not in known]
    if sum(_adopt(account_id, event, now=now) for event in new):
        _doubt_database(account_id, now=now)


def _accepted(event: VoiceEvent, now: datetime) -> CallAccepted:
    return CallAccepted(provider_call_id=event.provider_call_id, next_event_at=now)


def _adopt(account_id: int, event: VoiceEvent, *, now: datetime) -> bool:
    """Store the attempt of a call that nobody knows; return whether it was ours."""
    call_id, batch_id = event.correlation_id, event.batch_id
    if not (call_id and batch_id and event.to):
        return False
    if not Batch.objects.filter(pk=batch_id, account=account_id).exists():
        return False
    Batch.objects.lock([batch_id])
    row = recipient_of(batch_id, event.to)
    if row is None or row.calls.unanswered().exists():
        # The event is applied again later, when the attempt under way has its answer.
        return False
    call = CallResult.objects.create(
        call_id=call_id,
        batch_id=row.batch_id,
        recipient=row,
        account_id=account_id,
        attempt=(row.calls.aggregate(latest=Max("attempt"))["latest"] or 0) + 1,
        to_number=event.to,
        reserved=spending.most_of(row.batch.account, row),
        claimed_at=event.occurred_at,
        status=CallStatus.NOT_PLACED,
        ended_at=now,
        given_up_at=now,
        error_code=CODE,
    )
    Recipient.objects.filter(pk=row.pk).update(attempts=call.attempt)
    recording.record_accepted([(call, _accepted(event, now))], now=now)
    return True


def recipient_of(batch_id: UUID, number: str) -> Recipient | None:
    """Return the row that a call to the number belongs to: one that still waits, if any."""
    rows = Recipient.objects.filter(batch=batch_id, e164=number).order_by("row_number")
    waiting = rows.filter(status__in=RECIPIENT_NOT_YET_PLACED)
    return waiting.first() or rows.exclude(attempts=0).first()


def _doubt_database(account_id: int, *, now: datetime) -> None:
    """Pause the account's batches when several calls turned up within a short time."""
    recent = CallResult.objects.turned_up().filter(
        account=account_id,
        given_up_at__gt=giving_up.doubted_since(account_id, now=now),
        # No rule was checked before these.
        checks={},
    )
    if recent.count() >= MOST_FORGOTTEN:
        lifecycle.pause_account(
            account_id,
            code=CODE,
            message=(
                "The provider reports several calls that the database does not know. If it was "
                "restored from a backup, say so on the page Restored from a backup before you "
                "resume, or people are called twice."
            ),
        )
