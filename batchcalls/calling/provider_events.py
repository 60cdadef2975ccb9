"""Webhooks from voice providers: verified, stored once, answered, and applied in groups.

Storing is one insert, so the provider gets its answer in milliseconds, however much work an event
causes. The process that holds the account's lease applies the events. A webhook about an unknown
call is retried for a day.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from batchcalls import queue
from batchcalls.calling import forgotten, results
from batchcalls.database import clock
from batchcalls.database.bulk import insert_each, update_each
from batchcalls.models import CallEvent, VoiceAccount
from batchcalls.voice.base import VoiceEvent, VoiceProvider
from batchcalls.voice.errors import OptionsInvalid, WebhookRefused, WebhookUnreadable
from campaigns.pseudonyms import is_pseudonym

log = structlog.get_logger(__name__)

#: Webhooks applied per transaction.
APPLY_SIZE = 200
GIVE_UP_AFTER = timedelta(days=1)
#: Fields of a webhook that are set when it arrives.
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
#: Shortest time between two rings for an account that no worker holds.
RING_SECONDS = 1.0
_rung_at: dict[int, float] = {}
#: How long an account is cached: webhooks arrive in bursts for the same account.
REMEMBER_SECONDS = 1.0
_accounts: dict[int, tuple[float, VoiceAccount, VoiceProvider]] = {}


@csrf_exempt
@require_POST
def receive(request: HttpRequest, account_id: int) -> HttpResponse:
    """Store one webhook from a voice account's provider and answer in milliseconds.

    204: stored now or earlier. 400: not in the provider's documented format. 403: not verified
    as the provider's. 404: unknown account. 413: too large. Refused webhooks are not stored.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > settings.MAX_WEBHOOK_BYTES:
        return _refuse(413, f"The limit is {settings.MAX_WEBHOOK_BYTES:,} bytes.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        account, provider = _account(account_id)
        payload = provider.read_webhook(headers, request.body)
        event = provider.event_of(payload)
    except VoiceAccount.DoesNotExist:
        return _refuse(404, "Unknown voice account.")
    except (WebhookRefused, OptionsInvalid) as error:
        log.warning("webhook.refused", account_id=account_id, why=str(error))
        return _refuse(403, "The webhook is not certainly the provider's.")
    except WebhookUnreadable as error:
        log.warning("webhook.unreadable", account_id=account_id, why=str(error))
        return _refuse(400, str(error))
    keep(account.pk, event, payload, now=clock.now())
    _wake_a_worker(account)
    return HttpResponse(status=204)


def _account(account_id: int) -> tuple[VoiceAccount, VoiceProvider]:
    """Return an account and its adapter, at most a second old.

    Raise `VoiceAccount.DoesNotExist` or `OptionsInvalid`.
    """
    now = time.monotonic()
    cached = _accounts.get(account_id)
    if cached is None or now - cached[0] > REMEMBER_SECONDS:
        account = VoiceAccount.objects.get(pk=account_id)
        cached = _accounts[account_id] = (now, account, account.voice_provider())
    return cached[1], cached[2]


def _refuse(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(f"{sentence}\n", status=status, content_type="text/plain")


def _wake_a_worker(account: VoiceAccount) -> None:
    """Ring for a worker unless one holds the account's lease and will look anyway."""
    if account.lease_until is not None and account.lease_until > clock.now():
        return
    now = time.monotonic()
    if now - _rung_at.get(account.pk, -RING_SECONDS) >= RING_SECONDS:
        _rung_at[account.pk] = now
        queue.ring(queue.DISPATCH_TICK, account.pk)


def keep(account_id: int, event: VoiceEvent, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Store a verified webhook; do nothing if it is already stored."""
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
    """Apply the webhooks that are due; return their batches.

    If the group fails, each webhook is applied separately, so that a bad one does not block the
    others.
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
    forgotten.attach(account_id, list(events.values()), now=now)
    calls = results.apply(account_id, list(events.values()), now=now, keep=False)
    matched = {row: call for row, event in events.items() if (call := calls.get(event.event_key))}
    update_each(
        CallEvent,
        ["call_id", "apply_at"],
        [
            (row.pk, matched[row].pk, None)
            if row in matched
            else (row.pk, None, _again_at(row, now))
            for row in events
        ],
    )
    erased = [row.pk for row, call in matched.items() if is_pseudonym(call.to_number)]
    if erased:
        CallEvent.objects.filter(pk__in=erased).update(payload={})
    return {call.batch_id for call in matched.values()}


def _read(provider: VoiceProvider, row: CallEvent) -> VoiceEvent | None:
    try:
        return provider.event_of(row.payload)
    except WebhookUnreadable:
        log.exception("inbox.unreadable", event_key=row.event_key)
        return None


def _again_at(row: CallEvent, now: datetime) -> datetime | None:
    """Return when to retry: after the webhook's age has doubled; None once it is a day old."""
    age = max(now - row.received_at, timedelta(seconds=1))
    return now + age if age < GIVE_UP_AFTER else None
