"""Webhook messages, with each attempt and its response, and resending."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, reverse

from batchcalls.access import audit
from batchcalls.access.permissions import require
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.admin.pages import OwnPages, row_or_404
from batchcalls.admin.readonly import NobodyWrites
from batchcalls.models import WebhookDelivery
from batchcalls.reporting.filters.webhooks import DeliveryFilter
from batchcalls.reporting.tables.webhooks import DeliveryTable, delivery_pill
from batchcalls.webhooks import outbox

CHANGE = "batchcalls.change_webhookendpoint"
VIEW, RESEND = "batchcalls.view_webhookdelivery", "batchcalls.resend_webhookdelivery"


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(NobodyWrites, OwnPages[WebhookDelivery]):
    """The log of outgoing webhooks."""

    list_label = "Webhook deliveries"

    def get_urls(self) -> list[URLPattern]:
        """Add the page that resends a message."""
        return [
            self.at("<int:pk>/resend/", self.resend_view, "resend"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show one page of messages, to all endpoints."""
        require(request.user, VIEW)
        rows = WebhookDelivery.objects.select_related("batch", "call", "endpoint").defer("body")
        listing: Listing[WebhookDelivery] = listing_of(request, rows, DeliveryFilter)
        table = DeliveryTable(listing.page.rows, shows_addresses=request.user.has_perm(CHANGE))
        return self.list_page(request, listing, table)

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show a message and each attempt to send it, or only the fragment for a refresh."""
        require(request.user, VIEW)
        rows = WebhookDelivery.objects.select_related("batch", "call", "endpoint")
        delivery = row_or_404(rows, object_id)
        if delivery.call is not None:
            audit.viewed([delivery.call])
        return self.page(
            request,
            "webhookdelivery/change_form",
            delivery.get_event_type_display(),
            fragment="live",
            delivery=delivery,
            state=delivery_pill(delivery),
            tries=list(delivery.tries.order_by("-number", "-pk")),
            payload=json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False),
            is_live=delivery.next_attempt_at is not None,
        )

    def resend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send a message again, and redirect to the page that requested it."""
        require(request.user, RESEND)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        delivery = get_object_or_404(WebhookDelivery.objects.select_related("endpoint"), pk=pk)
        try:
            outbox.resend(delivery)
        except outbox.CannotSend as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, "It is being resent.", messages.SUCCESS)
        to_call = request.POST.get("back") == "call" and delivery.call_id
        if to_call and request.user.has_perm("batchcalls.view_callresult"):
            url = reverse("admin:batchcalls_callresult_change", args=[delivery.call_id])
            return redirect(f"{url}#webhooks")
        if request.user.has_perm(VIEW):
            return redirect("admin:batchcalls_webhookdelivery_change", pk)
        return redirect("admin:index")
