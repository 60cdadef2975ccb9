"""Store outgoing webhooks as rows, in the same transaction as the change they report.

A change that is rolled back sends nothing; a committed change is always reported, whatever process
dies next. The body is fixed when the row is written, because the batch may have changed by the
time it is sent. With no listeners, a change costs one query and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.database.bulk import insert_each
from batchcalls.models import (
    AttemptKind,
    AuditAction,
    Batch,
    BatchEvent,
    CallResult,
    Recipient,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookFormat,
)
from batchcalls.states import BATCH_TERMINAL, CALL_FINAL, CALL_GIVEN_UP, DeliveryStatus
from batchcalls.webhooks import payloads

#: How long a message is retried after it was written or resent.
KEEP_TRYING = timedelta(hours=24)

_FIELDS = (
    "event_id",
    "event_type",
    "endpoint_id",
    "url",
    "format",
    "batch_id",
    "call_id",
    "body",
    "next_attempt_at",
    "give_up_at",
    "created_at",
)
_Row = tuple[Any, ...]


class CannotSend(Exception):
    """The message cannot be sent now; the exception text says why. Nothing was changed."""


# Events ------------------------------------------------------------------------------------------


def batch_changed(event: BatchEvent, batch: Batch | None = None) -> None:
    """Store the messages about a batch's new status; call this in the same transaction.

    ``batch`` is given if it is known as it is stored.
    """
    batch = batch or Batch.objects.defer("dry_run").get(pk=event.batch_id)
    endpoints = [
        endpoint
        for endpoint in WebhookEndpoint.objects.of_batches([batch.pk]).filter(on_batch_status=True)
        if _concerns(endpoint, batch)
    ]
    has_ended = event.to_status in BATCH_TERMINAL or event.returned_to_draft
    urls = {batch.status_webhook, batch.batch_webhook if has_ended else ""} - {""}
    if not endpoints and not urls:
        return
    totals = Recipient.objects.totals(batch.pk) if has_ended else None
    bodies: dict[str, str | None] = {}

    def body(form: str) -> str | None:
        if form not in bodies:
            compose = (
                payloads.bland_batch_status
                if form == WebhookFormat.BLAND
                else payloads.batch_status
            )
            bodies[form] = compose(batch, event, totals)
        return bodies[form]

    kind, what = WebhookEvent.BATCH_STATUS, f"batch.status {event.pk}"
    rows = [
        _row(kind, _id(batch.pk, what), text, event.at, endpoint=endpoint, batch_id=batch.pk)
        for endpoint in endpoints
        if (text := body(endpoint.format)) is not None
    ]
    rows += [
        _row(kind, _id(batch.pk, f"{what} {url}"), text, event.at, url=url, batch_id=batch.pk)
        for url in sorted(urls)
        if (text := body(WebhookFormat.BLAND)) is not None
    ]
    _write(rows)


def calls_finished(calls: Sequence[CallResult], *, now: datetime) -> None:
    """Store the messages about calls that got their result; call this in the same transaction.

    Each call is reported once per address, however often this runs.
    """
    endpoints = list(
        WebhookEndpoint.objects.of_batches({call.batch_id for call in calls}).filter(
            on_call_finished=True
        )
    )
    reported = calls if endpoints else [call for call in calls if call.webhook]
    if reported:
        _write(list(_reports(_loaded(reported), endpoints, now=now)))


def _loaded(calls: Iterable[CallResult]) -> list[CallResult]:
    """Reload calls with their recipients, sharing one instance of each batch."""
    rows = CallResult.objects.filter(pk__in=[call.pk for call in calls])
    loaded = list(rows.select_related("recipient").order_by("pk"))
    batches = Batch.objects.in_bulk({call.batch_id for call in loaded})
    for call in loaded:
        call.batch = call.recipient.batch = batches[call.batch_id]
    return loaded


def _reports(
    calls: Iterable[CallResult], endpoints: Sequence[WebhookEndpoint], *, now: datetime
) -> Iterator[_Row]:
    event = WebhookEvent.CALL_FINISHED
    for call in calls:
        bodies: dict[str, str] = {}
        targets: list[tuple[WebhookEndpoint | None, str, str]] = [
            (endpoint, "", endpoint.format)
            for endpoint in endpoints
            if _concerns(endpoint, call.batch)
        ]
        if call.webhook:
            targets.append((None, call.webhook, WebhookFormat.BLAND))
        for endpoint, url, form in targets:
            if form not in bodies:
                bodies[form] = _report(call, form, now=now)
            yield _row(
                event,
                _id(call.call_id, f"{event} {url}".strip()),
                bodies[form],
                now,
                endpoint=endpoint,
                url=url,
                batch_id=call.batch_id,
                call_id=call.pk,
            )


def _report(call: CallResult, form: str, *, now: datetime) -> str:
    if form == WebhookFormat.BLAND:
        return payloads.bland_post_call(call)
    return payloads.call_finished(call, at=call.ended_at or now)


def _concerns(endpoint: WebhookEndpoint, batch: Batch) -> bool:
    if endpoint.batch_id:
        return endpoint.batch_id == batch.pk
    return endpoint.campaign_id in {None, batch.campaign_id}


def _id(whose: UUID, what: str) -> str:
    """Return an id that is always the same for the same event and address."""
    return f"msg_{uuid5(whose, what).hex}"


def _row(
    event: WebhookEvent,
    event_id: str,
    body: str,
    at: datetime,
    *,
    endpoint: WebhookEndpoint | None = None,
    url: str = "",
    batch_id: UUID | None = None,
    call_id: int | None = None,
) -> _Row:
    form = endpoint.format if endpoint else WebhookFormat.BLAND
    whose = endpoint.pk if endpoint else None
    return (
        *(event_id, event.value, whose, url, str(form), batch_id, call_id, body),
        *(at, at + KEEP_TRYING, at),
    )


def _write(rows: Sequence[_Row]) -> None:
    if rows:
        insert_each(WebhookDelivery, _FIELDS, rows, ignore_conflicts=True)
        queue.ring_once(queue.DELIVER_WEBHOOKS)


# By hand -----------------------------------------------------------------------------------------


def _require_enabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.deleted_at is not None:
        raise CannotSend("The endpoint was deleted. Nothing more is sent to it.")
    if not endpoint.enabled:
        raise CannotSend("The endpoint is switched off. Switch it on first.")


@transaction.atomic
def send_test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Send an endpoint a test message. Raise `CannotSend` when it is switched off."""
    _require_enabled(endpoint)
    now = clock.now()
    compose: Callable[..., str] = (
        payloads.bland_test if endpoint.format == WebhookFormat.BLAND else payloads.test
    )
    delivery = WebhookDelivery.objects.create(
        event_id=_id(endpoint.pk, f"test {now.isoformat()}"),
        event_type=WebhookEvent.TEST,
        endpoint=endpoint,
        format=endpoint.format,
        body=compose(endpoint, at=now),
        next_attempt_at=now,
        give_up_at=now + KEEP_TRYING,
        created_at=now,
    )
    # A person who requests a test wants to see it arrive now, not after the endpoint's rest.
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(resting_until=None)
    audit.record(AuditAction.TESTED, endpoint)
    queue.ring_once(queue.DELIVER_WEBHOOKS)
    return delivery


@transaction.atomic
def resend(delivery: WebhookDelivery) -> None:
    """Send a message again, whatever its status: the same bytes under the same id.

    Raise `CannotSend` while it is being sent, or when its endpoint is switched off.
    """
    if delivery.endpoint is not None:
        _require_enabled(delivery.endpoint)
    now = clock.now()
    if delivery.endpoint_id:
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(resting_until=None)
    idle = WebhookDelivery.objects.exclude(lease_until__gte=now)
    changed = idle.filter(pk=delivery.pk).update(
        status=DeliveryStatus.PENDING,
        next_kind=AttemptKind.RESEND,
        next_attempt_at=now,
        give_up_at=now + KEEP_TRYING,
        failures=0,
        ended_at=None,
    )
    if not changed:
        raise CannotSend("It is being sent right now.")
    audit.record(AuditAction.SENT_AGAIN, delivery)
    queue.ring_once(queue.DELIVER_WEBHOOKS)


@transaction.atomic
def report(call: CallResult, url: str) -> WebhookDelivery:
    """Report a finished call to an address in the Bland API's format, once per address.

    The caller validates ``url`` (`targets.require`). Raise `CannotSend` when
    the call has not ended, or was already reported to that address; use `resend` then.
    """
    if call.status not in CALL_FINAL - CALL_GIVEN_UP:
        raise CannotSend("The call is not over yet; there is nothing to report.")
    now = clock.now()
    call = _loaded([call])[0]
    delivery, created = WebhookDelivery.objects.get_or_create(
        event_id=_id(call.call_id, f"{WebhookEvent.CALL_FINISHED} {url}"),
        endpoint=None,
        defaults={
            "event_type": WebhookEvent.CALL_FINISHED,
            "url": url,
            "format": WebhookFormat.BLAND,
            "batch_id": call.batch_id,
            "call": call,
            "body": payloads.bland_post_call(call),
            "next_attempt_at": now,
            "give_up_at": now + KEEP_TRYING,
            "created_at": now,
        },
    )
    if not created:
        raise CannotSend("This call was reported to this address before. Resend that message.")
    audit.record(AuditAction.EXPORTED, delivery, note=f"Reported to {url}", number=call.to_number)
    queue.ring_once(queue.DELIVER_WEBHOOKS)
    return delivery
