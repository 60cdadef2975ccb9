"""The queue of calls in which a person may have opted out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.admin.pages import Done, act, row_or_404
from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.batches import reviewing
from batchcalls.models import OptOutDecision, OptOutReview
from batchcalls.reporting.filters.opt_outs import OptOutReviewFilter
from batchcalls.reporting.tables.opt_outs import DecidedTable

PERMISSION = "batchcalls.decide_optoutreview"


class DecisionForm(forms.Form):
    """What a person decided about a call."""

    decision = forms.TypedChoiceField(choices=OptOutDecision.choices, coerce=OptOutDecision)


@admin.register(OptOutReview)
class OptOutReviewAdmin(ReadOnlyAdmin[OptOutReview]):
    """Each review is decided by one click on the list."""

    list_label = "Review opt-outs"

    def get_urls(self) -> list[URLPattern]:
        """Add the decision."""
        return [self.at("<int:pk>/decide/", self.decide_view, "decide"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the pending reviews, oldest first, or the decided ones, latest first."""
        require(request.user, "batchcalls.view_optoutreview")
        rows = OptOutReview.objects.select_related("call__batch__campaign", "decided_by")
        ascending = request.GET.get("state") != "decided"
        listing: Listing[OptOutReview] = listing_of(
            request, rows, OptOutReviewFilter, ascending=ascending
        )
        return self.list_page(
            request,
            listing,
            DecidedTable(listing.page.rows),
            may_decide=request.user.has_perm(PERMISSION),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Redirect to the number's page, which shows its reviews."""
        require(request.user, "batchcalls.view_optoutreview")
        review = row_or_404(OptOutReview.objects.all(), object_id)
        return redirect("admin:campaigns_suppression_number", review.e164)

    def history_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Redirect to the number's page, which shows its history."""
        return self.change_view(request, object_id)

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record a decision. Takes POST only."""
        require(request.user, PERMISSION)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        review = row_or_404(OptOutReview.objects.select_related("call"), pk)

        def decide(decision: OptOutDecision) -> Done | str:
            reviewing.decide(review, decision, actor=actor_of(request))
            if decision == OptOutDecision.OPTED_OUT:
                return f"{review.e164} is on the do-not-call list."
            if OptOutReview.objects.pending().filter(e164=review.e164).exists():
                return f"Decided. {review.e164} stays held: another of its calls is under review."
            return f"{review.e164} may be called again."

        answer = act(
            request,
            decide,
            back=self.url_of("changelist"),
            form=DecisionForm(request.POST),
            refusals=(reviewing.AlreadyDecided,),
            refusal_tone=messages.WARNING,
        )
        return answer or redirect(self.url_of("changelist"))
