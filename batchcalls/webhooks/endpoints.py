"""Add, change, switch off and on, and delete webhook endpoints, and rotate their secrets."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Coalesce

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.models import (
    AuditAction,
    Batch,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookFormat,
)
from batchcalls.models.webhook import new_salt
from batchcalls.states import DeliveryStatus
from batchcalls.webhooks import signing, targets
from campaigns.models import Campaign

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)

#: Events that an endpoint can subscribe to. Test messages are sent on request only.
EVENTS = (WebhookEvent.BATCH_STATUS.value, WebhookEvent.CALL_FINISHED.value)
SWITCHED_OFF = "The endpoint was switched off."


@transaction.atomic
def create(
    *,
    url: str,
    events: Collection[str] = EVENTS,
    description: str = "",
    campaign: Campaign | None = None,
    batch: Batch | None = None,
    format: str = WebhookFormat.STANDARD,
    actor: User | None = None,
) -> WebhookEndpoint:
    """Add an endpoint for a campaign, for a batch or, without either, for the installation.

    `signing.secret_of` returns its secret. ``warnings`` of the endpoint say what may be wrong with
    its address. Raise `ValidationError`, by field.
    """
    endpoint = WebhookEndpoint(campaign=campaign, batch=batch, created_by=actor)
    _save(endpoint, url=url, events=events, description=description, format=format)
    audit.added(endpoint, actor=actor)
    log.info("webhook.endpoint_added", endpoint=str(endpoint.pk), actor=actor and actor.pk)
    return endpoint


def change(
    endpoint: WebhookEndpoint, *, events: Collection[str] | None = None, **fields: Any
) -> None:
    """Change ``url``, ``description``, ``format``, ``campaign``, ``batch`` or the events.

    Waiting messages go to the new address. Raise `ValidationError` without saving anything.
    """
    with audit.changing(endpoint):
        _save(endpoint, events=events, **fields)


def _save(
    endpoint: WebhookEndpoint, *, events: Collection[str] | None = None, **fields: Any
) -> None:
    changed = list(fields)
    for name, value in fields.items():
        setattr(endpoint, name, value)
    if events is not None:
        changed += ["on_batch_status", "on_call_finished"]
        if unknown := sorted(set(events) - set(EVENTS)):
            raise ValidationError(
                {"events": f"{unknown[0]} is not an event. Events are {', '.join(EVENTS)}."}
            )
        endpoint.on_batch_status = WebhookEvent.BATCH_STATUS in events
        endpoint.on_call_finished = WebhookEvent.CALL_FINISHED in events
    endpoint.full_clean()
    if "url" in fields:
        try:
            endpoint.warnings = list(filter(None, [targets.require(endpoint.url)]))
        except ValidationError as error:
            raise ValidationError({"url": error.messages}) from None
    # Do not overwrite what others write meanwhile, such as a new secret.
    endpoint.save(update_fields=None if endpoint._state.adding else changed)


@transaction.atomic
def disable(endpoint: WebhookEndpoint, *, reason: str = "") -> None:
    """Switch an endpoint off: it gets no new messages, and waiting ones are given up.

    ``reason`` says why the system switched it off; it is blank when a person did. Calling this
    twice changes nothing.
    """
    now = clock.now()
    with audit.changing(endpoint, AuditAction.SWITCHED_OFF, note=reason):
        changed = WebhookEndpoint.objects.filter(pk=endpoint.pk, enabled=True).update(
            enabled=False, disabled_at=now, disabled_reason=reason[:300]
        )
    if changed:
        give_up_waiting_of(endpoint)
        log.warning("webhook.endpoint_disabled", endpoint=str(endpoint.pk), reason=reason)
    endpoint.refresh_from_db()


def give_up_waiting_of(endpoint: WebhookEndpoint) -> None:
    """Give up the waiting messages of a switched-off endpoint; they can be resent by hand."""
    WebhookDelivery.objects.waiting().filter(endpoint=endpoint.pk).update(
        status=DeliveryStatus.DEAD,
        next_attempt_at=None,
        ended_at=clock.now(),
        last_error=SWITCHED_OFF,
        lease_token=None,
        lease_until=None,
    )


def enable(endpoint: WebhookEndpoint) -> None:
    """Switch an endpoint on and reset its failures; given-up messages stay given up."""
    with audit.changing(endpoint, AuditAction.SWITCHED_ON):
        WebhookEndpoint.objects.present().filter(pk=endpoint.pk, enabled=False).update(
            enabled=True,
            disabled_at=None,
            disabled_reason="",
            consecutive_failures=0,
            failing_since=None,
            resting_until=None,
        )
    endpoint.refresh_from_db()


@transaction.atomic
def delete(endpoint: WebhookEndpoint, *, actor: User | None = None) -> None:
    """Delete an endpoint: it gets no more messages, and waiting ones are given up.

    Its row stays as the heading of what was sent to it. Its secrets are gone, and its campaign or
    batch no longer depends on it. Calling this twice changes nothing.
    """
    # Lock it before its messages, as `deliver.record` does.
    locked = WebhookEndpoint.objects.present().select_for_update().filter(pk=endpoint.pk)
    if locked.order_by().first() is None:
        return
    with audit.deleting(endpoint, actor=actor):
        now = clock.now()
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
            enabled=False,
            disabled_at=Coalesce("disabled_at", now),
            deleted_at=now,
            campaign=None,
            salt=new_salt(),
            former_salt="",
        )
        give_up_waiting_of(endpoint)
    endpoint.refresh_from_db()


@transaction.atomic
def rotate_secret(endpoint: WebhookEndpoint) -> str:
    """Give an endpoint a new secret and return it; the former one also signs for 24 hours."""
    locked = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).order_by()
    endpoint.salt = locked.values_list("salt", flat=True).get()
    endpoint.former_salt, endpoint.salt = endpoint.salt, new_salt()
    endpoint.rotated_at = clock.now()
    with audit.changing(endpoint, AuditAction.SECRET_ROTATED):
        endpoint.save(update_fields=["salt", "former_salt", "rotated_at"])
    log.info("webhook.secret_rotated", endpoint=str(endpoint.pk))
    return signing.secret_of(endpoint)
