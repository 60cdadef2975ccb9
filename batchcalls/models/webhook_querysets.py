"""Querysets of webhook endpoints and messages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

ModelT = TypeVar("ModelT", bound=Model)


class WebhookEndpointQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Webhook endpoints."""

    def present(self) -> WebhookEndpointQuerySet[ModelT]:
        """Leave out deleted endpoints, of which only the log of their messages remains."""
        return self.filter(deleted_at=None)

    def of_batches(self, ids: Collection[object]) -> WebhookEndpointQuerySet[ModelT]:
        """Return the enabled endpoints for these batches, including endpoints of any campaign."""
        return self.filter(Q(batch=None) | Q(batch__in=ids), enabled=True)

    def failing(self) -> WebhookEndpointQuerySet[ModelT]:
        """Return the endpoints that are failing, or were switched off because they failed."""
        failing = Q(enabled=True, failing_since__isnull=False)
        return self.present().filter(failing | (Q(enabled=False) & ~Q(disabled_reason="")))


class WebhookDeliveryQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Messages."""

    def waiting(self) -> WebhookDeliveryQuerySet[ModelT]:
        """Return the messages that are still to be sent."""
        return self.filter(next_attempt_at__isnull=False)

    def free(self, now: datetime) -> WebhookDeliveryQuerySet[ModelT]:
        """Return the waiting messages that no process is sending."""
        return self.waiting().filter(Q(lease_until=None) | Q(lease_until__lt=now))

    def rested(self, now: datetime) -> WebhookDeliveryQuerySet[ModelT]:
        """Leave out messages to endpoints that get none for a while because they failed."""
        rested = Q(endpoint=None) | Q(endpoint__resting_until=None)
        return self.filter(rested | Q(endpoint__resting_until__lte=now))

    def due(self, now: datetime) -> WebhookDeliveryQuerySet[ModelT]:
        """Return the messages to send now, longest waiting first.

        A batch's status waits until the previous one was tried once at the same address.
        """
        before = self.model._default_manager.filter(
            batch=OuterRef("batch"),
            event_type="batch.status",
            attempts=0,
            next_attempt_at__isnull=False,
            pk__lt=OuterRef("pk"),
        ).filter(
            Q(endpoint=OuterRef("endpoint")) | Q(endpoint=None, url=OuterRef("url")),
        )
        return (
            self.free(now)
            .rested(now)
            .filter(next_attempt_at__lte=now)
            .exclude(Q(event_type="batch.status") & Exists(before))
            .order_by("next_attempt_at", "pk")
        )

    def leased_until(self, moment: datetime) -> WebhookDeliveryQuerySet[ModelT]:
        """Return the messages that a process has leased until ``moment`` or longer."""
        return self.waiting().filter(lease_until__gte=moment)
