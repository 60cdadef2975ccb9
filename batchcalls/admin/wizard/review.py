"""Step three: what a launch would do, a test call, and the launch itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import pluralize
from django.urls import URLPattern
from django.utils import timezone
from django.utils.formats import date_format

from batchcalls.access.permissions import require
from batchcalls.access.sessions import is_fragment
from batchcalls.admin.actor import actor_of
from batchcalls.admin.batch_page import report_context
from batchcalls.admin.pages import Done, OwnPages
from batchcalls.admin.wizard.state import left
from batchcalls.batches import lifecycle
from batchcalls.database import clock
from batchcalls.database.disks import StorageAway
from batchcalls.drafting import copying, edits
from batchcalls.intake import dry_run, refusals
from batchcalls.intake.uploads import UploadError
from batchcalls.models import Batch, EmergencyStop, ListPart, StoredList
from batchcalls.states import BATCH_IMPORTING, BATCH_PREPARING, BatchStatus

#: The report of a dry run is offered for renewal after this long.
STALE_AFTER = timedelta(minutes=10)


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
        # A refresh keeps the error on the page by sending the same count again.
        typed = (request.POST if request.method == "POST" else request.GET).get("count")
        if "launch" in request.POST:
            typed = typed or ""
        wrong_count = wrong_count_of(batch, typed)
        if request.method == "POST":
            try:
                answer = self._handle_review(request, batch, wrong_count)
            except (lifecycle.Conflict, UploadError) as error:
                self.message_user(request, str(error), messages.ERROR)
                return redirect("admin:batchcalls_batch_continue", pk)
            if answer is not None:
                return answer
        if batch.status not in BATCH_PREPARING and not is_fragment(request):
            return redirect("admin:batchcalls_batch_change", pk)
        now = clock.now()
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
            to_call=to_call(batch),
            must_type=must_type(batch),
            wrong_count=wrong_count,
            typed=typed or "",
            starts=start_in_words(batch, now=now) if batch.status == BatchStatus.READY else "",
            is_stale=is_stale(batch, now=now),
            left=left(batch),
            step=3,
        )

    def _handle_review(
        self, request: HttpRequest, batch: Batch, wrong_count: str
    ) -> HttpResponse | None:
        """Handle the pressed button. Return a redirect, or None to show the page again."""
        actor, pressed, step = actor_of(request), request.POST, "review"
        if "check" in pressed:
            require(request.user, "batchcalls.change_batch")
            edits.submit(batch, actor=actor)
        elif "update" in pressed:
            require(request.user, "batchcalls.change_batch")
            dry_run.store(batch)
        elif "back" in pressed:
            require(request.user, "batchcalls.change_batch")
            lifecycle.back_to_draft(batch, actor=actor)
            step = "columns"
        elif "suppress" in pressed:
            require(request.user, "campaigns.add_suppression")
            added = refusals.suppress_refused(batch, actor=actor)
            numbers = f"{added.new:,} number{pluralize(added.new)}"
            self.message_user(
                request, f"{numbers} added to the do-not-call list.", messages.SUCCESS
            )
        elif "launch" in pressed:
            require(request.user, "batchcalls.launch_batch")
            if wrong_count:
                return None
            edits.launch_ready(batch, actor=actor)
            self.message_user(request, f"{batch} was launched.", messages.SUCCESS)
            step = "change"
        else:
            return None
        return redirect(f"admin:batchcalls_batch_{step}", batch.pk)

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
            return Done("The test call was started.", self.url_of("change", trial.pk))

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


def must_type(batch: Batch) -> bool:
    """Return whether a launch asks for the number of recipients."""
    return to_call(batch) > int(settings.CONFIRM_LAUNCH_ABOVE)


def wrong_count_of(batch: Batch, typed: str | None) -> str:
    """Return what is wrong with the number that was typed to launch a batch, or a blank.

    ``typed`` is None where nothing was asked.
    """
    if typed is None or not must_type(batch):
        return ""
    count = to_call(batch)
    if typed.replace(",", "").replace(" ", "") == str(count):
        return ""
    if not typed.strip():
        return f"Type {count:,} to launch."
    return f"“{typed.strip()[:20]}” is not the number of people to call. Type {count:,} to launch."


def is_stale(batch: Batch, *, now: datetime) -> bool:
    """Return whether the report is so old that calling hours may have opened or closed since."""
    report = batch.dry_run
    return bool(report) and datetime.fromisoformat(report["computed_at"]) < now - STALE_AFTER


def start_in_words(batch: Batch, *, now: datetime) -> str:
    """Return when calls start if the batch is launched now, in one sentence.

    What holds up every call comes before what the list and the schedule say.
    """
    if EmergencyStop.objects.in_force().exists():
        return "Calls start when someone resumes calling: all calling is stopped."
    if not batch.account.enabled:
        return "Calls start when the voice account is switched on: it is switched off."
    report = batch.dry_run
    times = [batch.start_at]
    if report and not report["now"] and report["later"]["first_at"]:
        times.append(datetime.fromisoformat(report["later"]["first_at"]))
    first = max((time for time in times if time and time > now), default=None)
    if first is None:
        return "Calls start right away, within calling hours."
    return f"Calls start on {date_format(timezone.localtime(first), 'M j, Y, H:i T')}."
