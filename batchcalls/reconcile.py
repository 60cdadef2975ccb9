"""Asking the provider: for news of live calls, and whether a call of unknown outcome exists."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from batchcalls import call_requests, results
from batchcalls.bulk import update_each
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import CallStatus, RecipientStatus
from batchcalls.voice.base import (
    CallAbsent,
    CallAccepted,
    CallFound,
    CallReference,
    CannotTell,
    Lookup,
    VoiceEvent,
    VoiceProvider,
)

log = structlog.get_logger(__name__)

CHECK_SIZE = 500
ASK_AGAIN_AFTER = timedelta(seconds=30)
#: Seconds before each further question about a call of unknown outcome; then a person decides.
LOOKUP_WAITS = (5, 15, 60, 180, 600)


def check_due(account: VoiceAccount, provider: VoiceProvider, *, now: datetime) -> int:
    """Ask about every call of the account whose time has come; return how many there were."""
    due = list(
        CallResult.objects.to_check(now)
        .filter(account=account)
        .select_related("recipient")[:CHECK_SIZE]
    )
    # One copy of each batch, not one for every call of it.
    batches = Batch.objects.in_bulk({call.batch_id for call in due})
    for call in due:
        call.batch = batches[call.batch_id]
    lost = [call for call in due if call.status == CallStatus.UNKNOWN]
    if lost:
        _look_up(provider, lost, now=now)
    live = [call for call in due if call.status != CallStatus.UNKNOWN]
    if live:
        _pull(account, provider, live, now=now)
    return len(due)


def _pull(
    account: VoiceAccount, provider: VoiceProvider, calls: list[CallResult], *, now: datetime
) -> None:
    """Fetch what became known of live calls since they were last asked about."""
    events: list[VoiceEvent] = []
    asked: list[tuple[int, datetime | None, datetime | None]] = []
    for call in calls:
        try:
            reference = CallReference(
                provider_call_id=str(call.provider_call_id),
                request=call_requests.build(call.batch, call.recipient, call),
            )
            pulled = provider.pull(reference, after=call.checked_at, until=now)
        except Exception:
            # One call that cannot be asked about must not keep the others waiting.
            log.exception("reconcile.pull_failed", call_id=str(call.call_id))
            asked.append((call.pk, call.checked_at, now + ASK_AGAIN_AFTER))
            continue
        events += pulled.events
        asked.append((call.pk, now, pulled.next_event_at))
    # One transaction: what was fetched is applied, or it is fetched again.
    with transaction.atomic():
        results.apply(account.pk, events, now=now)
        update_each(CallResult, ["checked_at", "next_check_at"], asked)


def _look_up(provider: VoiceProvider, calls: list[CallResult], *, now: datetime) -> None:
    """Find out about calls whose answer was lost. Only a definite no is ever dialled again."""
    found: list[tuple[CallResult, CallAccepted]] = []
    absent: list[CallResult] = []
    for call in calls:
        answer = _find(provider, call)
        log.info("reconcile.asked", call_id=str(call.call_id), answer=type(answer).__name__)
        match answer:
            case CallFound():
                accepted = CallAccepted(
                    provider_call_id=answer.provider_call_id, next_event_at=answer.next_event_at
                )
                found.append((call, accepted))
            case CallAbsent():
                absent.append(call)
            case CannotTell():
                _ask_again_later(call, answer.reason, now=now)
    if found:
        results.record_accepted(found, now=now)
    if absent:
        results.withdraw(
            absent,
            due_at=now,
            code="not_placed",
            reason="The provider has no such call; it is placed anew.",
            again=True,
        )


def _find(provider: VoiceProvider, call: CallResult) -> Lookup:
    try:
        request = call_requests.build(call.batch, call.recipient, call)
        return provider.find(request, sent_at=call.claimed_at)
    except Exception as error:
        log.exception("reconcile.find_failed", call_id=str(call.call_id))
        return CannotTell(f"asking ended in {type(error).__name__}.")


@transaction.atomic
def _ask_again_later(call: CallResult, reason: str, *, now: datetime) -> None:
    """Put the question off; after the last one the recipient stays unconfirmed."""
    waits = LOOKUP_WAITS[call.lookups :]
    ask_at = now + timedelta(seconds=waits[0]) if waits else None
    CallResult.objects.filter(pk=call.pk, status=CallStatus.UNKNOWN).update(
        lookups=call.lookups + 1, next_check_at=ask_at
    )
    Recipient.objects.filter(pk=call.recipient_id, status=RecipientStatus.UNCONFIRMED).update(
        due_at=ask_at,
        reason=f"It is not known whether this call was placed: {reason}",
    )
