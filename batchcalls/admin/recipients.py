"""Recipients: the page of one row, with its verdict and its attempts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from batchcalls.access.permissions import require
from batchcalls.admin.readonly import NobodyWrites
from batchcalls.models import Recipient
from batchcalls.reporting import explaining


@admin.register(Recipient)
class RecipientAdmin(NobodyWrites, admin.ModelAdmin[Recipient]):
    """Rows are listed on the page of their batch; here is each one's own."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the batches: their rows are listed there."""
        require(request.user, "batchcalls.view_recipient")
        return redirect("admin:batchcalls_batch_changelist")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a row: what stood in it, what was made of it, what has become of it."""
        require(request.user, "batchcalls.view_recipient")
        rows = Recipient.objects.select_related("batch__account", "batch__campaign")
        recipient = get_object_or_404(rows, pk=object_id if object_id.isdecimal() else None)
        context = {
            **self.admin_site.each_context(request),
            "title": recipient.e164 or recipient.raw_number or "No number",
            "subtitle": f"Row {recipient.row_number:,} of {recipient.batch}",
            "opts": self.opts,
            "recipient": recipient,
            "batch": recipient.batch,
            "verdicts": explaining.why_not(recipient),
            "calls": list(recipient.calls.order_by("attempt")),
        }
        return TemplateResponse(request, "admin/batchcalls/recipient/change_form.html", context)
