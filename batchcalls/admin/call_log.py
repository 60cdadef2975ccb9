"""Call Logs: every attempt, with filters, saved filters and exports."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern
from django.utils.html import format_html_join

from batchcalls.access.permissions import require
from batchcalls.admin import downloads
from batchcalls.admin.actor import actor_of
from batchcalls.admin.listing import Listing, listing_of, without_place
from batchcalls.admin.pages import OwnPages
from batchcalls.models import Batch, CallResult, Export, ExportKind, FilteredPage, SavedFilter
from batchcalls.reporting.exports.call_log import UnknownFilter, matching
from batchcalls.reporting.filters.calls import ARRANGING, CallFilter, order_of
from batchcalls.reporting.tables.calls import COLUMNS, DEFAULT_COLUMNS, CallTable
from batchcalls.states import BATCH_WITH_LIVE_CALLS
from campaigns.vocabulary import Disposition

#: Maximum number of saved filters per person.
MOST_SAVED = 50
#: What the columns show. Conversations and launch settings are long, so they are not loaded.
_SHOWN = {"currency", *(one.lookup for one in COLUMNS.values())}


class CallLogPage(OwnPages[CallResult]):
    """Replaces the stock list of calls."""

    list_label = "Call Logs"

    def get_urls(self) -> list[URLPattern]:
        """Add the export, and the pages that save and delete filters."""
        return [
            self.at("export.<str:form>", self.export_view, "export"),
            self.at("filters/", self.keep_filter_view, "keep"),
            self.at("filters/<int:pk>/forget/", self.forget_filter_view, "forget"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show one page of calls, or only its fragment for an automatic refresh."""
        require(request.user, "batchcalls.view_callresult")
        rows = CallResult.objects.select_related("batch__campaign", "recipient", "account")
        order = order_of(request.GET)
        listing: Listing[CallResult] = listing_of(
            request, rows.only(*_SHOWN), CallFilter, order=order
        )
        columns = _columns(request)
        batch = _batch(listing)
        return self.list_page(
            request,
            listing,
            CallTable(
                listing.page.rows,
                columns=columns,
                links_batches=request.user.has_perm("batchcalls.view_batch"),
            ),
            fragment="rows",
            column_fields=format_html_join(
                "",
                '<input type="hidden" name="columns" value="{}">',
                ((name,) for name in columns if request.GET.get("columns")),
            ),
            batch=batch,
            is_live=batch is not None
            and batch.status in BATCH_WITH_LIVE_CALLS
            and not batch.is_over,
            columns=[(name, one.label, name in columns) for name, one in COLUMNS.items()],
            kept_query=[
                (name, value)
                for name, values in request.GET.lists()
                if name not in ARRANGING
                for value in values
            ],
            saved=SavedFilter.objects.filter(owner=actor_of(request), page=FilteredPage.CALL_LOG),
            query=without_place(request.GET),
            dispositions=Disposition.values,
        )

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """Export the calls that the page shows, under the same filters."""
        require(request.user, "batchcalls.export_callresult", "batchcalls.view_callresult")
        if form not in {"csv", "xlsx"}:
            raise Http404("There is no such file.")
        query = request.GET.copy()
        query.pop("bom", None)
        export = Export(
            kind=ExportKind.CALL_LOG, query=query.urlencode(), created_by=actor_of(request)
        )
        try:
            rows = matching(export.query).count() if form == "xlsx" else 0
            return downloads.send(request, export, form=form, rows=rows)
        except UnknownFilter as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:batchcalls_callresult_changelist")

    def keep_filter_view(self, request: HttpRequest) -> HttpResponse:
        """Save the current filter and columns under a name."""
        require(request.user, "batchcalls.view_callresult")
        query = without_place(QueryDict(request.POST.get("query", "")[:5_000]))
        back = f"{self.url_of('changelist')}?{query}"
        name = request.POST.get("name", "").strip()[:80]
        mine = SavedFilter.objects.filter(owner=actor_of(request), page=FilteredPage.CALL_LOG)
        if request.method != "POST":
            return redirect(back)
        if not name or "\0" in name + query:
            self.message_user(request, "Give the filter a name.", messages.ERROR)
        elif mine.exclude(name=name).count() >= MOST_SAVED:
            message = f"You keep {MOST_SAVED} filters already. Remove one first."
            self.message_user(request, message, messages.ERROR)
        else:
            mine.update_or_create(
                name=name,
                owner=actor_of(request),
                page=FilteredPage.CALL_LOG,
                defaults={"query": query},
            )
            self.message_user(request, f"The filter is kept as {name}.", messages.SUCCESS)
        return redirect(back)

    def forget_filter_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete one of the user's saved filters."""
        require(request.user, "batchcalls.view_callresult")
        kept = get_object_or_404(SavedFilter, pk=pk, owner=actor_of(request))
        if request.method == "POST":
            kept.delete()
            self.message_user(request, f"The filter {kept} is gone.", messages.SUCCESS)
        return redirect("admin:batchcalls_callresult_changelist")


def _columns(request: HttpRequest) -> list[str]:
    """Return the columns that the URL names, or the default columns."""
    asked = [name for name in request.GET.getlist("columns") if name in COLUMNS]
    return asked or DEFAULT_COLUMNS


def _batch(listing: Listing[CallResult]) -> Batch | None:
    found: Batch | None = getattr(listing.filter.form, "cleaned_data", {}).get("batch")
    return found
