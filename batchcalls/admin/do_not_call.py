"""The do-not-call list, and the page of each number."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.urls import URLPattern, reverse

from batchcalls.access.permissions import require
from batchcalls.admin import number_data, number_page
from batchcalls.admin.actor import actor_of
from batchcalls.admin.do_not_call_forms import AddNumbersForm, ReasonForm, RemoveForm
from batchcalls.admin.listing import Listing, listing_of, without_place
from batchcalls.admin.pages import Done, OwnPages, row_or_404
from batchcalls.batches import suppressing
from batchcalls.database import clock, disks
from batchcalls.intake import do_not_call
from batchcalls.intake.suppressions import SuppressionResource
from batchcalls.reporting import suppression_traces
from batchcalls.reporting.filters.do_not_call import DoNotCallFilter
from batchcalls.reporting.filters.listing import ListFilter
from batchcalls.reporting.tables.do_not_call import DoNotCallTable, RemovedTable
from campaigns.admin.small_tables import SmallTableAdmin
from campaigns.models import Suppression

ORDER = ("created_at", "pk")


@admin.register(Suppression)
class DoNotCallAdmin(OwnPages[Suppression], SmallTableAdmin):
    """Removes numbers one at a time, each on a page that explains what it means."""

    list_label = "Do-not-call"
    resource_classes = [SuppressionResource]

    def get_urls(self) -> list[URLPattern]:
        """Add the page of removed numbers, and the page of each number with its proof."""
        urls: list[URLPattern] = super().get_urls()
        return [
            self.at("removed/", self.removed_view, "removed"),
            self.at("number/<str:number>/", number_page.number_view, "number"),
            self.at("number/<str:number>/proof.<str:form>", number_page.proof_view, "proof"),
            self.at("number/<str:number>/archive/", number_data.archive_view, "archive"),
            self.at("number/<str:number>/erase/", number_data.erase_view, "erase"),
            *urls,
        ]

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Suppression]:
        """Export the numbers that the page shows, under the same filters."""
        rows: QuerySet[Suppression] = self._narrowed(request).qs
        return rows.order_by("e164")

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show one page of the list."""
        require(request.user, "campaigns.view_suppression")
        rows = Suppression.objects.select_related("created_by", "campaign")
        listing: Listing[Suppression] = listing_of(request, rows, DoNotCallFilter, order=ORDER)
        asked = listing.filter.asked_number if not listing.page.rows else ""
        return self.list_page(
            request,
            listing,
            DoNotCallTable(listing.page.rows),
            query=without_place(request.GET),
            # There may be a reason on record even for a number that is not listed.
            asked=asked,
            removal=suppression_traces.last_removal(asked) if asked else None,
            has_import_permission=self.has_import_permission(request),
        )

    def removed_view(self, request: HttpRequest) -> HttpResponse:
        """Show who removed each number, and why."""
        require(request.user, "campaigns.view_suppression")
        rows = suppression_traces.notes().filter(action_flag=DELETION)
        listing: Listing[LogEntry] = listing_of(request, rows, ListFilter)
        table = RemovedTable(listing.page.rows)
        title = "Removed numbers"
        return self.page(request, "suppression/removed", title, listing=listing, table=table)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add the numbers of each line, and return the lines that were not read."""
        require(request.user, "campaigns.add_suppression")
        initial = {
            "region": settings.DEFAULT_REGION,
            "numbers": request.GET.get("numbers", "")[:200],
        }
        form = AddNumbersForm(request.POST if request.method == "POST" else None, initial=initial)
        added = None
        if form.is_valid():
            data = form.cleaned_data
            try:
                with disks.naming_full_disks():
                    added = do_not_call.add_numbers(
                        data["numbers"],
                        region=data["region"] or settings.DEFAULT_REGION,
                        reason=data["reason"],
                        campaign=data["campaign"],
                        expires_at=form.expires_at,
                        actor=actor_of(request),
                    )
            except do_not_call.TooManyLines as error:
                form.add_error("numbers", str(error))
            except disks.DiskFull as error:
                form.add_error(None, str(error))
        if added and not added.wrong:
            self.message_user(request, _summary_of(added), messages.SUCCESS)
            may_look = request.user.has_perm("campaigns.view_suppression")
            return redirect(f"admin:campaigns_suppression_{'changelist' if may_look else 'add'}")
        if added:
            left = "\n".join(line.text for line in added.wrong)
            form = AddNumbersForm(initial={**form.cleaned_data, "numbers": left})
        return self.page(
            request,
            "suppression/add",
            "Add numbers",
            subtitle="These numbers will no longer be called.",
            form=form,
            added=added,
            told=_summary_of(added) if added else "",
            most_lines=do_not_call.MOST_LINES,
        )

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show a number: why it must not be called, and what the entry has caused."""
        require(request.user, "campaigns.view_suppression")
        entry = _entry(object_id)
        user = request.user
        may_change = user.has_perm("campaigns.change_suppression") and not entry.is_hold
        data = request.POST if request.method == "POST" else None
        form = ReasonForm(data, initial={"reason": entry.reason})
        if data is not None:
            require(user, "campaigns.change_suppression")
            if form.is_valid():
                return self._change_reason(request, entry, form.cleaned_data["reason"])
        # Of a hash, it is not known which calls and rows it is about.
        shows_calls = user.has_perm("batchcalls.view_callresult") and not entry.is_hashed
        shows_rows = user.has_perm("batchcalls.view_recipient") and not entry.is_hashed
        return self.page(
            request,
            "suppression/change_form",
            entry.e164,
            entry=entry,
            form=form if may_change else None,
            shows_calls=shows_calls,
            calls=suppression_traces.calls_that_asked(entry.e164) if shows_calls else [],
            shows_rows=shows_rows,
            rows=suppression_traces.rows_not_called(entry.e164) if shows_rows else [],
            batches_looked_at=suppression_traces.BATCHES_LOOKED_AT,
            notes=suppression_traces.notes_about(entry.e164),
            in_force=entry.is_in_force(clock.now()),
        )

    def _change_reason(self, request: HttpRequest, entry: Suppression, reason: str) -> HttpResponse:
        try:
            changed = suppressing.change_reason(entry, reason, actor=actor_of(request))
        except suppressing.NotListed as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:campaigns_suppression_changelist")
        said = "Reason saved." if changed else "The reason did not change."
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:campaigns_suppression_change", entry.pk)

    def delete_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Explain what a removal means, and remove the number on confirmation."""
        require(request.user, "campaigns.delete_suppression")
        entry = _entry(object_id)
        form = RemoveForm(request.POST if request.method == "POST" else None)
        may_look = request.user.has_perm("campaigns.view_suppression")
        to = self.url_of("changelist") if may_look else reverse("admin:index")

        def remove(why: str) -> Done:
            try:
                suppressing.remove(entry, why=why, actor=actor_of(request))
            except (suppressing.NotListed, suppressing.IsHeld) as error:
                return Done(str(error), to, messages.ERROR)
            return Done(f"{entry.e164} is removed: it may be called again.", to)

        return self.confirm(
            request,
            "suppression/delete_confirmation",
            remove,
            title=f"Remove {entry.e164}?",
            label="Remove",
            subject=entry.e164,
            button="Remove from the list",
            tone="danger",
            back=self.url_of("change", entry.pk),
            back_label="Keep it on the list",
            may_look=may_look,
            form=form,
            entry=entry,
        )

    def history_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Redirect to the number's page, which shows its history."""
        require(request.user, "campaigns.view_suppression")
        return redirect("admin:campaigns_suppression_change", _entry(object_id).pk)

    def _narrowed(self, request: HttpRequest) -> DoNotCallFilter:
        return DoNotCallFilter(request.GET, queryset=Suppression.objects.all())


def _entry(object_id: str) -> Suppression:
    rows = Suppression.objects.select_related("created_by", "campaign")
    return row_or_404(rows, object_id)


def _summary_of(added: do_not_call.Added) -> str:
    """Return a message about the lines that were added, without the invalid ones."""
    said = [f"{added.new:,} number{pluralize(added.new)} added to the list"]
    if added.listed:
        said.append(f"{added.listed:,} {pluralize(added.listed, 'was,were')} on it already")
    if added.repeated:
        said.append(f"{added.repeated:,} stood here twice")
    return "; ".join(said) + "."
