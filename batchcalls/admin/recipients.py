"""Recipients: the page of one row, with its verdict and its attempts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from batchcalls.access.permissions import require
from batchcalls.admin.pages import OwnPages, row_or_404
from batchcalls.admin.readonly import NobodyWrites
from batchcalls.models import Recipient
from batchcalls.reporting import explaining
from batchcalls.reporting.original_row import original_row


@admin.register(Recipient)
class RecipientAdmin(NobodyWrites, OwnPages[Recipient]):
    """Each row has its own page. The rows are listed on the page of their batch."""

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect to the batches, whose pages list the rows."""
        require(request.user, "batchcalls.view_recipient")
        return redirect("admin:batchcalls_batch_changelist")

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show a row: its original values, how they were read, and its result."""
        require(request.user, "batchcalls.view_recipient")
        rows = Recipient.objects.select_related("batch__account", "batch__campaign")
        recipient = row_or_404(rows, object_id)
        decisions = explaining.decisions_about(recipient)
        calls = [decision.call for decision in decisions if decision.call]
        return self.page(
            request,
            "recipient/change_form",
            recipient.e164 or recipient.raw_number or "No number",
            subtitle=f"Row {recipient.row_number:,} of {recipient.batch}",
            recipient=recipient,
            batch=recipient.batch,
            # The latest first: what decides now, then how it came about.
            decisions=decisions[::-1],
            original=original_row(recipient),
            **explaining.turned_up(calls),
        )
