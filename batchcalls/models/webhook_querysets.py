"""Sets of outgoing webhooks: who may listen, what is due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

ModelT = TypeVar("ModelT", bound=Model)


class WebhookEndpointQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Addresses that are told of events."""

    def of_batches(self, ids: Collection[object]) -> WebhookEndpointQuerySet[ModelT]:
        """Return those switched on for batches; whether for their campaigns is not looked at."""
        return self.filter(Q(batch=None) | Q(batch__in=ids), enabled=True)

    def failing(self) -> WebhookEndpointQuerySet[ModelT]:
        """Return those that take nothing now, or took so little that they were switched off."""
        failing = Q(enabled=True, failing_since__isnull=False)
        return self.filter(failing | (Q(enabled=False) & ~Q(disabled_reason="")))


class WebhookDeliveryQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Messages."""

    def waiting(self) -> WebhookDeliveryQuerySet[ModelT]:
        """Return those that are still to be sent."""
        return self.filter(next_attempt_at__isnull=False)

    def free(self, now: datetime) -> WebhookDeliveryQuerySet[ModelT]:
        """Return the waiting ones that no process is sending."""
        return self.waiting().filter(Q(lease_until=None) | Q(lease_until__lt=now))

    def due(self, now: datetime) -> WebhookDeliveryQuerySet[ModelT]:
        """Return those to be sent now, the longest waiting first.

        A batch's status waits until the one before it was tried once, at the same address.
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
        rested = Q(endpoint=None) | Q(endpoint__resting_until=None)
        rested |= Q(endpoint__resting_until__lte=now)
        return (
            self.free(now)
            .filter(rested, next_attempt_at__lte=now)
            .exclude(Q(event_type="batch.status") & Exists(before))
            .order_by("next_attempt_at", "pk")
        )

    def leased_until(self, moment: datetime) -> WebhookDeliveryQuerySet[ModelT]:
        """Return those that a process has taken till then, or longer."""
        return self.waiting().filter(lease_until__gte=moment)
