"""Who is told of what: endpoints are added, changed, switched off and on, and get new secrets."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from batchcalls.models import (
    Batch,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookFormat,
)
from batchcalls.models.webhook import new_salt
from batchcalls.states import DeliveryStatus
from batchcalls.webhooks import signing
from campaigns.models import Campaign

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)

#: What an endpoint can be told of; a test comes when somebody asks for it.
EVENTS = (WebhookEvent.BATCH_STATUS.value, WebhookEvent.CALL_FINISHED.value)
SWITCHED_OFF = "The endpoint was switched off."


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
    """Add an endpoint: of a campaign, of a batch, or, without either, of the installation.

    Raise `ValidationError`, by field. Its secret is `signing.secret_of`.
    """
    endpoint = WebhookEndpoint(campaign=campaign, batch=batch, created_by=actor)
    change(endpoint, url=url, events=events, description=description, format=format)
    log.info("webhook.endpoint_added", endpoint=str(endpoint.pk), actor=actor and actor.pk)
    return endpoint


def change(
    endpoint: WebhookEndpoint, *, events: Collection[str] | None = None, **fields: Any
) -> None:
    """Change ``url``, ``description``, ``format``, ``campaign``, ``batch`` or the events.

    Raise `ValidationError`; then nothing is changed. Messages that wait go to the new address.
    """
    changed = list(fields)
    for name, value in fields.items():
        setattr(endpoint, name, value)
    if events is not None:
        changed += ["on_batch_status", "on_call_finished"]
        if unknown := sorted(set(events) - set(EVENTS)):
            raise ValidationError(
                {"events": f"{unknown[0]} is no event. Events are {', '.join(EVENTS)}."}
            )
        endpoint.on_batch_status = WebhookEvent.BATCH_STATUS in events
        endpoint.on_call_finished = WebhookEvent.CALL_FINISHED in events
    endpoint.full_clean()
    # What workers and others write meanwhile, such as a new secret, stays as it is.
    endpoint.save(update_fields=None if endpoint._state.adding else changed)


@transaction.atomic
def disable(endpoint: WebhookEndpoint, *, reason: str = "") -> None:
    """Switch an endpoint off; nothing more is written for it, and what waits is given up.

    ``reason`` says why the system did so, and is blank when a person did. Doing it twice changes
    nothing.
    """
    now = timezone.now()
    changed = WebhookEndpoint.objects.filter(pk=endpoint.pk, enabled=True).update(
        enabled=False, disabled_at=now, disabled_reason=reason[:300]
    )
    if changed:
        give_up_waiting_of(endpoint)
        log.warning("webhook.endpoint_disabled", endpoint=str(endpoint.pk), reason=reason)
    endpoint.refresh_from_db()


def give_up_waiting_of(endpoint: WebhookEndpoint) -> None:
    """Give up what waits for an endpoint that is switched off; it can be sent again by hand."""
    WebhookDelivery.objects.waiting().filter(endpoint=endpoint.pk).update(
        status=DeliveryStatus.DEAD,
        next_attempt_at=None,
        ended_at=timezone.now(),
        last_error=SWITCHED_OFF,
        lease_token=None,
        lease_until=None,
    )


def enable(endpoint: WebhookEndpoint) -> None:
    """Switch an endpoint on, as if it had never failed. What was given up stays so."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk, enabled=False).update(
        enabled=True,
        disabled_at=None,
        disabled_reason="",
        consecutive_failures=0,
        failing_since=None,
        resting_until=None,
    )
    endpoint.refresh_from_db()


@transaction.atomic
def delete(endpoint: WebhookEndpoint) -> None:
    """Delete an endpoint with everything that was, or is still to be, sent to it."""
    # Locked before its messages, as whoever records what was answered does.
    WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).order_by().first()
    endpoint.delete()


@transaction.atomic
def rotate_secret(endpoint: WebhookEndpoint) -> str:
    """Give an endpoint a new secret and return it; the former one signs along for 24 hours."""
    locked = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).order_by()
    endpoint.salt = locked.values_list("salt", flat=True).get()
    endpoint.former_salt, endpoint.salt = endpoint.salt, new_salt()
    endpoint.rotated_at = timezone.now()
    endpoint.save(update_fields=["salt", "former_salt", "rotated_at"])
    log.info("webhook.secret_rotated", endpoint=str(endpoint.pk))
    return signing.secret_of(endpoint)
