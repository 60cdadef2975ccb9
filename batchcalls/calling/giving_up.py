"""Give up attempts of which the provider says that it has no such call.

A list of calls can be late, or leave calls out. An attempt that was given up therefore stays, is
asked about some more, and its recipient is placed a second time only once. When the list denies
several calls within a short time, the account's batches pause.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from batchcalls.batches import lifecycle
from batchcalls.batches.resumed import last_resumed
from batchcalls.calling import recording
from batchcalls.models import Batch, BatchEvent, CallResult, Recipient
from batchcalls.states import (
    BATCH_TERMINAL,
    CALL_IN_DOUBT,
    RecipientStatus,
)

log = structlog.get_logger(__name__)

#: Error codes of attempts whose worker died before the answer, and of the others.
WORKER_DIED, DENIED = "worker_died", "denied"
#: A list is doubted when it denies this many calls within this time, and they are more than one in
#: so many of the account's attempts: a network that loses requests also causes some.
MOST_DENIED = 3
DOUBT_WINDOW = timedelta(minutes=10)
ATTEMPTS_PER_DENIED = 10


def give_up(account_id: int, denied: Sequence[CallResult], *, now: datetime) -> None:
    """Give up lost attempts that the provider denies; their recipients are placed once more.

    A recipient of whom an earlier attempt was given up is left to a person instead.
    """
    with transaction.atomic():
        batches = Batch.objects.lock(call.batch_id for call in denied)
        earlier = _given_up_before(denied)
        again = {
            call.pk
            for call in denied
            if call.recipient_id in earlier
            and batches[call.batch_id].status not in BATCH_TERMINAL
            and not call.stop_requested
        }
        _leave_to_a_person([call for call in denied if call.pk in again])
        withdrawn = recording.withdraw(
            [_withdrawal(call, now) for call in denied if call.pk not in again]
        )
        _log(
            [call for call in denied if call.pk in withdrawn],
            "given_up",
            "was given up: its answer was lost, and the provider has no such call.",
        )
    _doubt_list(account_id, now=now)


def _given_up_before(calls: Sequence[CallResult]) -> set[int]:
    """Return the recipients of whom another attempt was given up."""
    later = [call.recipient_id for call in calls if call.attempt > 1]
    return set(
        CallResult.objects.given_up()
        .filter(recipient__in=later)
        .order_by()
        .values_list("recipient_id", flat=True)
        if later
        else ()
    )


def _withdrawal(call: CallResult, now: datetime) -> recording.Withdrawal:
    return recording.Withdrawal(
        call=call,
        due_at=now,
        code="not_placed",
        reason="The answer was lost, and the provider has no such call.",
        doubt=WORKER_DIED if call.error_code == WORKER_DIED else DENIED,
        counts=True,
    )


def _leave_to_a_person(calls: Sequence[CallResult]) -> None:
    """Stop asking about second attempts that are denied as well: two denials may be two calls."""
    reason = (
        "The answer was lost and the provider has no such call, for the second time. "
        "Find out whether the recipient was called, then say whether it was placed."
    )
    rows = CallResult.objects.filter(pk__in=[call.pk for call in calls], status__in=CALL_IN_DOUBT)
    left = set(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    rows.update(next_check_at=None, error_message=reason)
    calls = [call for call in calls if call.pk in left]
    Recipient.objects.filter(
        pk__in=[call.recipient_id for call in calls], status=RecipientStatus.UNCONFIRMED
    ).update(due_at=None, reason_code="denied_twice", reason=reason)
    _log(
        calls,
        "denied_twice",
        "is not placed again: its answer was lost, and the provider has no such call, for the "
        "second time. Someone has to confirm whether it was placed.",
    )


def _log(calls: Sequence[CallResult], code: str, what: str) -> None:
    BatchEvent.objects.bulk_create(
        BatchEvent(
            batch_id=call.batch_id,
            code=code,
            message=f"Attempt {call.attempt} to {call.to_number} (our ID {call.call_id}) {what}",
        )
        for call in calls
    )


def _doubt_list(account_id: int, *, now: datetime) -> None:
    """Pause the account's batches when its list of calls denies too many calls.

    What was denied before a person resumed a batch counts no more.
    """
    since = doubted_since(account_id, now=now)
    denied = CallResult.objects.given_up().filter(
        account=account_id, error_code=DENIED, given_up_at__gt=since
    )
    count = denied.count()
    if count < MOST_DENIED:
        return
    attempts = CallResult.objects.filter(account=account_id, claimed_at__gt=since)
    enough = count * ATTEMPTS_PER_DENIED
    if attempts.order_by()[:enough].count() == enough:
        return
    if Batch.objects.calling().filter(account=account_id).exists():
        minutes = DOUBT_WINDOW // timedelta(minutes=1)
        lifecycle.pause_account(
            account_id,
            code="list_doubted",
            message=(
                f"Within {minutes} minutes, the answers to {count} calls were lost, and the "
                "provider’s list has none of them. If the list leaves calls out, people are "
                "called twice. Look for the calls at the provider before you resume."
            ),
        )


def doubted_since(account_id: int, *, now: datetime) -> datetime:
    """Return the beginning of the window in which doubts add up: not before a person resumed."""
    since = now - DOUBT_WINDOW
    return last_resumed(batch__account=account_id, since=since) or since
