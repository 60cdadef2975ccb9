"""What was sent to whom, each attempt with its answer, and sending it again."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from batchcalls.access.permissions import require
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.admin.readonly import NobodyWrites
from batchcalls.models import WebhookDelivery
from batchcalls.reporting.filters.webhooks import DeliveryFilter
from batchcalls.reporting.tables.webhooks import DeliveryTable, delivery_pill
from batchcalls.webhooks import outbox

VIEW, RESEND = "batchcalls.view_webhookdelivery", "batchcalls.resend_webhookdelivery"


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(NobodyWrites, admin.ModelAdmin[WebhookDelivery]):
    """The log of outgoing webhooks."""

    def get_urls(self) -> list[URLPattern]:
        """Add sending again."""
        resend = self.admin_site.admin_view(self.resend_view)
        return [
            path("<int:pk>/resend/", resend, name="batchcalls_webhookdelivery_resend"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one page of messages to every address."""
        require(request.user, VIEW)
        rows = WebhookDelivery.objects.select_related("batch", "call", "endpoint").defer("body")
        listing: Listing[WebhookDelivery] = listing_of(request, rows, DeliveryFilter)
        context = {
            **self.admin_site.each_context(request),
            "title": "Webhook deliveries",
            "opts": self.opts,
            "listing": listing,
            "table": DeliveryTable(listing.page.rows),
        }
        name = "admin/batchcalls/webhookdelivery/change_list.html"
        return TemplateResponse(request, name, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one message, and each attempt to send it; as a fragment when asked for again."""
        require(request.user, VIEW)
        rows = WebhookDelivery.objects.select_related("batch", "call", "endpoint")
        delivery = get_object_or_404(rows, pk=object_id if object_id.isdecimal() else None)
        context = {
            **self.admin_site.each_context(request),
            "title": delivery.get_event_type_display(),
            "opts": self.opts,
            "delivery": delivery,
            "state": delivery_pill(delivery),
            "tries": list(delivery.tries.order_by("-number", "-pk")),
            "payload": json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False),
            "is_live": delivery.next_attempt_at is not None,
        }
        part = "_live" if request.headers.get("X-Fragment") else ""
        name = f"admin/batchcalls/webhookdelivery/change_form{part}.html"
        return TemplateResponse(request, name, context)

    def resend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send a message once more, and go back to where that was asked for."""
        require(request.user, RESEND)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        delivery = get_object_or_404(WebhookDelivery.objects.select_related("endpoint"), pk=pk)
        try:
            outbox.resend(delivery)
        except outbox.CannotSend as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, "It is being sent again.", messages.SUCCESS)
        to_call = request.POST.get("back") == "call" and delivery.call_id
        if to_call and request.user.has_perm("batchcalls.view_callresult"):
            url = reverse("admin:batchcalls_callresult_change", args=[delivery.call_id])
            return redirect(f"{url}#webhooks")
        if request.user.has_perm(VIEW):
            return redirect("admin:batchcalls_webhookdelivery_change", pk)
        return redirect("admin:index")
