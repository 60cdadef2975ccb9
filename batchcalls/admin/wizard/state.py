"""What a step of the wizard asks while somebody types: can this batch still be changed?"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.pages import OwnPages, refresh
from batchcalls.models import Batch, BatchEvent
from batchcalls.states import BATCH_PREPARING


class StepState(OwnPages[Batch]):
    """Adds the URLs that steps one and two ask."""

    def get_urls(self) -> list[URLPattern]:
        """Add a URL for drafts, and one for a batch that is not stored yet."""
        return [
            self.at("first-state/", self.step_state_view, "first_state"),
            self.at("<uuid:pk>/step-state/", self.step_state_view, "step_state"),
            *super().get_urls(),
        ]

    def step_state_view(self, request: HttpRequest, pk: UUID | None = None) -> HttpResponse:
        """Say whether the batch was launched or canceled meanwhile, and by whom."""
        require(request.user, "batchcalls.add_batch" if pk is None else "batchcalls.change_batch")
        batch = get_object_or_404(Batch, pk=pk) if pk else None
        context = {**self.admin_site.each_context(request), "batch": batch}
        context["left"] = left(batch) if batch else None
        return refresh(request, "admin/batchcalls/wizard/state.html", context)


def left(batch: Batch) -> BatchEvent | None:
    """Return the event by which a batch stopped being prepared, or None while it is."""
    if batch.status in BATCH_PREPARING:
        return None
    events = BatchEvent.objects.filter(batch=batch, to_status=batch.status)
    return events.select_related("actor").order_by("-at", "-pk").first()
