"""The filters of webhook endpoints and their messages, shared by pages and the API."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from batchcalls.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from batchcalls.reporting.filters.listing import ListFilter, search_field
from batchcalls.reporting.filters.several import BatchIdFilter, ChoicesFilter
from batchcalls.states import DeliveryStatus

Endpoints = QuerySet[WebhookEndpoint]
Deliveries = QuerySet[WebhookDelivery]

STATES = {"on": "On", "failing": "Failing", "off": "Switched off", "deleted": "Deleted"}


class EndpointFilter(ListFilter):
    q = django_filters.CharFilter(method="search", **search_field("Search", "Host or description"))
    state = django_filters.ChoiceFilter(
        label="State", method="of_state", choices=list(STATES.items()), empty_label="Any state"
    )

    class Meta:
        model = WebhookEndpoint
        fields: list[str] = []

    @property
    def qs(self) -> Any:
        """Leave out deleted endpoints unless they are asked for."""
        rows = super().qs
        return rows if self.data.get("state") == "deleted" else rows.filter(deleted_at=None)

    def search(self, rows: Endpoints, name: str, value: str) -> Endpoints:
        """Search by part of the host or of the description.

        The rest of the URL may hold a token, which a search could tell letter by letter.
        """
        host = re.escape(re.split(r"[/?#]", re.sub(r"^(\w+:)?//", "", value))[0])
        in_host = Q(url__iregex=rf"^https?://[^/?#]*{host}") if host else Q()
        return rows.filter(in_host | Q(description__icontains=value))

    def of_state(self, rows: Endpoints, name: str, value: str) -> Endpoints:
        """Filter by endpoints that are on, off, or on and failing."""
        if value == "failing":
            return rows.filter(enabled=True, failing_since__isnull=False)
        if value == "deleted":
            return rows.exclude(deleted_at=None)
        return rows.filter(enabled=value == "on")


class DeliveryFilter(ListFilter):
    """``call`` is our own id of the call."""

    status = ChoicesFilter(label="Status", choices=DeliveryStatus.choices, empty_label="Any status")
    event_type = ChoicesFilter(label="Event", choices=WebhookEvent.choices, empty_label="Any event")
    batch = BatchIdFilter()
    call = django_filters.CharFilter(
        label="Call ID",
        method="of_call",
        widget=forms.TextInput(attrs={"placeholder": "The whole ID", "autocomplete": "off"}),
    )

    class Meta:
        model = WebhookDelivery
        fields: list[str] = []

    def of_call(self, rows: Deliveries, name: str, value: Any) -> Deliveries:
        """Filter by the messages about one call."""
        try:
            return rows.filter(call__call_id=UUID(value.strip()))
        except ValueError:
            return rows.none()
