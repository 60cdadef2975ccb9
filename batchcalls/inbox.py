"""Webhooks: stored as they come, applied in groups by whoever holds the account's lease.

Storing is one insert, so that the provider gets its answer in milliseconds however much work an
event makes. A webhook of a call that is not known yet is tried again for a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction

from batchcalls import results
from batchcalls.bulk import insert_each, update_each
from batchcalls.models import CallEvent
from batchcalls.voice.base import VoiceEvent, VoiceProvider
from batchcalls.voice.errors import WebhookUnreadable

log = structlog.get_logger(__name__)

#: How many webhooks one transaction applies.
APPLY_SIZE = 200
GIVE_UP_AFTER = timedelta(days=1)


#: What is known of a webhook when it arrives.
KEPT_FIELDS = (
    "account_id",
    "event_key",
    "status",
    "provider_status",
    "occurred_at",
    "received_at",
    "payload",
    "apply_at",
)


def keep(account_id: int, event: VoiceEvent, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Store a webhook that was verified; one that is stored already changes nothing."""
    insert_each(
        CallEvent,
        KEPT_FIELDS,
        [
            (
                account_id,
                event.event_key,
                event.status,
                results.fit(CallEvent, "provider_status", event.raw_status),
                event.occurred_at,
                now,
                payload,
                now,
            )
        ],
        ignore_conflicts=True,
    )


def apply_due(account_id: int, provider: VoiceProvider, *, now: datetime) -> set[UUID]:
    """Apply the webhooks whose time has come; return the batches that they concern.

    One that cannot be applied must not keep the others waiting: then each is applied by itself.
    """
    stored = list(CallEvent.objects.to_apply(now).filter(account=account_id)[:APPLY_SIZE])
    events = {row: event for row in stored if (event := _read(provider, row)) is not None}
    given_up = [row.pk for row in stored if row not in events]
    if given_up:
        CallEvent.objects.filter(pk__in=given_up).update(apply_at=None)
    try:
        return _apply(account_id, events, now=now) if events else set()
    except (DatabaseError, ValueError):
        log.exception("inbox.group_failed", account_id=account_id)
    touched: set[UUID] = set()
    for row, event in events.items():
        try:
            touched |= _apply(account_id, {row: event}, now=now)
        except (DatabaseError, ValueError):
            log.exception("inbox.event_failed", event_key=row.event_key)
            CallEvent.objects.filter(pk=row.pk).update(apply_at=_again_at(row, now))
    return touched


@transaction.atomic
def _apply(account_id: int, events: Mapping[CallEvent, VoiceEvent], *, now: datetime) -> set[UUID]:
    calls = results.apply(account_id, list(events.values()), now=now, keep=False)
    known = {row: call for row, event in events.items() if (call := calls.get(event.event_key))}
    update_each(
        CallEvent,
        ["call_id", "apply_at"],
        [
            (row.pk, known[row].pk, None) if row in known else (row.pk, None, _again_at(row, now))
            for row in events
        ],
    )
    return {call.batch_id for call in known.values()}


def _read(provider: VoiceProvider, row: CallEvent) -> VoiceEvent | None:
    try:
        return provider.event_of(row.payload)
    except WebhookUnreadable:
        log.exception("inbox.unreadable", event_key=row.event_key)
        return None


def _again_at(row: CallEvent, now: datetime) -> datetime | None:
    """Wait as long again as the webhook is old, and give up after a day."""
    age = max(now - row.received_at, timedelta(seconds=1))
    return now + age if age < GIVE_UP_AFTER else None
