"""The columns of the lists of webhook endpoints and their messages."""

from __future__ import annotations

from typing import Any

import django_tables2
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.models import WebhookDelivery, WebhookEndpoint
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable
from batchcalls.states import DeliveryStatus


def state_pill(endpoint: WebhookEndpoint) -> SafeString | str:
    """Show the state of an endpoint."""
    if endpoint.deleted_at is not None:
        return formatting.pill("deleted", "Deleted", "")
    if not endpoint.enabled:
        return formatting.pill("off", "Switched off", "danger" if endpoint.disabled_reason else "")
    if endpoint.is_failing:
        return formatting.pill("failing", "Failing", "warning")
    return formatting.pill("on", "On", "success")


def delivery_pill(delivery: WebhookDelivery) -> SafeString | str:
    """Show the status of a message. A pending message with failures is shown as retrying."""
    if delivery.status == DeliveryStatus.PENDING and delivery.failures:
        return formatting.pill("retrying", "Retrying", "warning")
    tone = DeliveryStatus(delivery.status).role.tone
    return formatting.pill(delivery.status, delivery.get_status_display(), tone)


def scope_words(endpoint: WebhookEndpoint) -> str:
    """Return whose events an endpoint receives. A deleted one belongs to no campaign any more."""
    if endpoint.deleted_at and not endpoint.batch:
        return ""
    if endpoint.batch:
        return f"Batch {endpoint.batch}"
    return f"Campaign {endpoint.campaign}" if endpoint.campaign else "Every batch"


class EndpointTable(ListTable):
    """Endpoints, newest first."""

    caption = "Webhook endpoints"

    state = django_tables2.Column(empty_values=())
    url = django_tables2.Column("Address")
    scope = django_tables2.Column("Scope", empty_values=())
    events = django_tables2.Column(empty_values=())
    format = django_tables2.Column()
    last_delivered_at = django_tables2.Column("Last delivered", empty_values=())

    class Meta(ListTable.Meta):
        pass

    def __init__(self, *args: Any, shows_addresses: bool, **kwargs: Any) -> None:
        self.shows_addresses = shows_addresses
        super().__init__(*args, **kwargs)

    def render_state(self, record: WebhookEndpoint) -> SafeString | str:
        """Show the state, with its reason below."""
        shown = state_pill(record)
        if not record.disabled_reason:
            return shown
        return format_html(
            '<span>{}<span class="under">{}</span></span>', shown, record.disabled_reason
        )

    def render_url(self, record: WebhookEndpoint) -> SafeString:
        """Link to the endpoint, with the URL below its description."""
        url = reverse("admin:batchcalls_webhookendpoint_change", args=[record.pk])
        address = record.url if self.shows_addresses else record.masked_url
        under = address if record.description or self.shows_addresses else ""
        return format_html(
            '<span><a class="strong webhook-url" href="{}">{}</a>'
            '<span class="under webhook-url">{}</span></span>',
            url,
            record,
            under,
        )

    def render_scope(self, record: WebhookEndpoint) -> str:
        """Return whose events the endpoint receives."""
        return scope_words(record)

    def render_events(self, record: WebhookEndpoint) -> str:
        """Return the names of the events."""
        return ", ".join(record.events)

    def render_last_delivered_at(self, record: WebhookEndpoint) -> SafeString | str:
        """Show when a message was last delivered."""
        return formatting.ago(record.last_delivered_at, "Never")


class DeliveryTable(ListTable):
    """Messages, newest first."""

    caption = "Webhook deliveries"

    status = django_tables2.Column()
    event_type = django_tables2.Column("Event")
    about = django_tables2.Column(empty_values=())
    target = django_tables2.Column("To", empty_values=())
    answer = django_tables2.Column("Last response", empty_values=())
    attempts = django_tables2.Column(attrs={"td": {"class": "num"}, "th": {"class": "num"}})
    created_at = django_tables2.Column("When", attrs={"td": {"class": "nowrap"}})

    class Meta(ListTable.Meta):
        pass

    def __init__(
        self, *args: Any, shows_addresses: bool, shows_target: bool = True, **kwargs: Any
    ) -> None:
        self.shows_addresses = shows_addresses
        super().__init__(*args, exclude=() if shows_target else ("target",), **kwargs)

    def render_status(self, record: WebhookDelivery) -> SafeString | str:
        """Show the status of the message."""
        return delivery_pill(record)

    def render_event_type(self, record: WebhookDelivery) -> SafeString:
        """Link to the message."""
        url = reverse("admin:batchcalls_webhookdelivery_change", args=[record.pk])
        return format_html('<a class="strong" href="{}">{}</a>', url, record.event_type)

    def render_about(self, record: WebhookDelivery) -> str:
        """Return the subject of the message."""
        if record.call:
            return str(record.call.to_number)
        return str(record.batch) if record.batch else "–"

    def render_target(self, record: WebhookDelivery) -> SafeString:
        """Show the target URL."""
        target = record.target if self.shows_addresses else record.masked_target
        return format_html('<span class="webhook-url">{}</span>', target)

    def render_answer(self, record: WebhookDelivery) -> str:
        """Show the last response, or why there was none."""
        return " ".join(filter(None, [str(record.last_status or ""), record.last_error])) or "–"

    def render_created_at(self, record: WebhookDelivery) -> SafeString | str:
        """Show when the event occurred."""
        return formatting.ago(record.created_at)
