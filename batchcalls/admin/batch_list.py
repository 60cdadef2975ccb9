"""The list of batches, and the redirect to the current step of a draft."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.admin.pages import OwnPages
from batchcalls.models import Batch
from batchcalls.reporting.batch_figures import totals_of
from batchcalls.reporting.filters.batches import BatchFilter
from batchcalls.reporting.tables.batches import BatchTable
from batchcalls.reporting.waiting import waiting_of
from batchcalls.states import BATCH_ACTIVE, BatchStatus

ORDER = ("created_at", "pk")
SIZE = 25


class BatchListPage(OwnPages[Batch]):
    """Replaces the stock list of batches."""

    list_label = "Batch Calls"

    def get_urls(self) -> list[URLPattern]:
        """Add the redirect to a draft's current step."""
        return [
            self.at("<uuid:pk>/continue/", self.continue_view, "continue"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show one page of batches, or only its fragment for an automatic refresh."""
        require(request.user, "batchcalls.view_batch")
        rows = Batch.objects.select_related("campaign")
        if not request.GET.get("tests"):
            rows = rows.filter(test_of=None)
        listing: Listing[Batch] = listing_of(request, rows, BatchFilter, order=ORDER, size=SIZE)
        totals, waiting = totals_of(listing.page.rows), waiting_of(listing.page.rows)
        for batch in listing.page.rows:
            batch.waiting = waiting.get(batch.pk)  # type: ignore[attr-defined]
            batch.totals = totals[batch.pk]  # type: ignore[attr-defined]
        return self.list_page(
            request,
            listing,
            BatchTable(listing.page.rows, user=request.user),
            fragment="rows",
            is_live=any(batch.status in BATCH_ACTIVE for batch in listing.page.rows),
            can_create=self.has_add_permission(request),
        )

    def continue_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Redirect to the step at which work on a draft stopped."""
        require(request.user, "batchcalls.view_batch")
        batch = get_object_or_404(Batch, pk=pk)
        if batch.status != BatchStatus.DRAFT or batch.awaits_correction:
            return redirect("admin:batchcalls_batch_review", pk)
        step = "columns" if batch.lists.exists() else "upload"
        return redirect(f"admin:batchcalls_batch_{step}", pk)
