"""Step three: what a launch would do, a test call, and the launch itself."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import pluralize
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.batch_page import report_context
from batchcalls.admin.pages import Done, OwnPages
from batchcalls.batches import lifecycle
from batchcalls.database import clock
from batchcalls.database.disks import StorageAway
from batchcalls.drafting import copying, edits
from batchcalls.intake import refusals
from batchcalls.intake.uploads import UploadError
from batchcalls.models import Batch, ListPart, StoredList
from batchcalls.states import BATCH_IMPORTING, BATCH_PREPARING, BatchStatus


class TestCallForm(forms.Form):
    number = forms.CharField(
        label="Number to call",
        max_length=50,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        help_text="A number of your own, with plus and country code.",
    )


class ReviewStep(OwnPages[Batch]):
    """The page from which a batch is launched."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page, and the page of a test call."""
        return [
            self.at("<uuid:pk>/review/", self.review_view, "review"),
            self.at("<uuid:pk>/test-call/", self.test_call_view, "test_call"),
            *super().get_urls(),
        ]

    def review_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show the progress of the check, then its report. Launch, or go back to make changes."""
        require(request.user, "batchcalls.view_batch")
        batch = get_object_or_404(Batch.objects.select_related("campaign", "account"), pk=pk)
        wrong_count = ""
        if request.method == "POST":
            try:
                answer, wrong_count = self._handle_review(request, batch)
            except (lifecycle.Conflict, UploadError) as error:
                self.message_user(request, str(error), messages.ERROR)
                return redirect("admin:batchcalls_batch_continue", pk)
            if answer is not None:
                return answer
        if batch.status not in BATCH_PREPARING:
            return redirect("admin:batchcalls_batch_change", pk)
        count = to_call(batch)
        return self.page(
            request,
            "wizard/review",
            "Review and launch",
            fragment="state",
            **report_context(batch),
            subtitle=batch.name,
            batch=batch,
            is_draft=batch.status == BatchStatus.DRAFT,
            is_checking=batch.status in BATCH_IMPORTING,
            is_ready=batch.status == BatchStatus.READY,
            problems=edits.problems(batch) if batch.status == BatchStatus.DRAFT else [],
            progress=ListPart.objects.filter(stored_list__batch=batch).progress(),
            waits_for=StoredList.objects.waiting().filter(batch=batch).reason(),
            refused=refusals.count_unlisted(batch) if batch.dry_run else 0,
            to_call=count,
            must_type=count > settings.CONFIRM_LAUNCH_ABOVE,
            wrong_count=wrong_count,
            typed=request.POST.get("count", ""),
            starts_later=batch.start_at and batch.start_at > clock.now(),
            step=3,
        )

    def _handle_review(self, request: HttpRequest, batch: Batch) -> tuple[HttpResponse | None, str]:
        """Handle the pressed button. Return a redirect, or the error in what was typed."""
        actor = actor_of(request)
        if "check" in request.POST:
            require(request.user, "batchcalls.change_batch")
            edits.submit(batch, actor=actor)
            return redirect("admin:batchcalls_batch_review", batch.pk), ""
        if "back" in request.POST:
            require(request.user, "batchcalls.change_batch")
            lifecycle.back_to_draft(batch, actor=actor)
            return redirect("admin:batchcalls_batch_columns", batch.pk), ""
        if "suppress" in request.POST:
            require(request.user, "campaigns.add_suppression")
            added = refusals.suppress_refused(batch, actor=actor)
            numbers = f"{added.new:,} number{pluralize(added.new)}"
            self.message_user(
                request, f"{numbers} added to the do-not-call list.", messages.SUCCESS
            )
            return redirect("admin:batchcalls_batch_review", batch.pk), ""
        if "launch" not in request.POST:
            return None, ""
        require(request.user, "batchcalls.launch_batch")
        count = to_call(batch)
        typed = request.POST.get("count", "").replace(",", "").replace(" ", "").strip()
        if count > settings.CONFIRM_LAUNCH_ABOVE and typed != str(count):
            return None, f"Type {count:,} to launch: that is how many people are called."
        edits.launch_ready(batch, actor=actor)
        self.message_user(request, f"{batch} was launched.", messages.SUCCESS)
        return redirect("admin:batchcalls_batch_change", batch.pk), ""

    def test_call_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Call one number with the data of the first row."""
        require(request.user, "batchcalls.launch_batch", "batchcalls.view_batch")
        batch = get_object_or_404(Batch, pk=pk)
        form = TestCallForm(request.POST or None)

        def call(number: str) -> Done | None:
            try:
                trial = copying.place_test_call(batch, number=number, actor=actor_of(request))
            except (UploadError, FileNotFoundError, StorageAway) as error:
                form.add_error("number", str(error))
                return None
            return Done("The test call is on its way.", self.url_of("change", trial.pk))

        return self.confirm(
            request,
            "wizard/test_call",
            call,
            title="Test call",
            label="Test call",
            subject=batch,
            button="Call now",
            back=self.url_of("continue", pk),
            form=form,
            subtitle=batch.name,
        )


def to_call(batch: Batch) -> int:
    """Return how many recipients a launch would call, now or later."""
    report = batch.dry_run
    return int(report["now"] + report["later"]["count"]) if report else 0
