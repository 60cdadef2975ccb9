"""Call Logs: every attempt, with filters, saved filters and exports."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern
from django.utils.html import format_html_join

from batchcalls.access import masking
from batchcalls.access.permissions import require
from batchcalls.access.sessions import is_fragment
from batchcalls.admin import downloads
from batchcalls.admin.actor import actor_of
from batchcalls.admin.listing import Listing, listing_of, without_place
from batchcalls.admin.pages import OwnPages
from batchcalls.models import Batch, CallResult, Export, ExportKind, FilteredPage, SavedFilter
from batchcalls.reporting import call_totals
from batchcalls.reporting.callees import Callees
from batchcalls.reporting.exports.call_log import UnknownFilter, matching
from batchcalls.reporting.filters.calls import (
    ARRANGING,
    SORTED_BY,
    Arrangement,
    CallFilter,
    arrangement_of,
)
from batchcalls.reporting.tables.calls import COLUMNS, DEFAULT_COLUMNS, CallTable
from batchcalls.reporting.tables.listing import Sort
from batchcalls.states import BATCH_WITH_LIVE_CALLS
from campaigns.vocabulary import Disposition

#: Maximum number of saved filters per person.
MOST_SAVED = 50
#: What the columns show. Conversations and launch settings are long, so they are not loaded.
_SHOWN = {"currency", "recipient__request_data", *(one.lookup for one in COLUMNS.values())}
#: The order that the header of a column leads to, by the direction in which it is sorted now.
_NEXT_SORT = {
    "claimed_at": {"": "", "descending": "claimed_at", "ascending": ""},
    "to_number": {"": "to_number", "ascending": "-to_number", "descending": "to_number"},
}


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
        if request.GET.get("totals") and is_fragment(request):
            return self._totals(request)
        rows = CallResult.objects.select_related("batch__campaign", "recipient", "account")
        arrangement = arrangement_of(request.GET)
        listing: Listing[CallResult] = listing_of(
            request,
            rows.only(*_SHOWN),
            CallFilter,
            order=arrangement.order,
            ascending=arrangement.ascending,
            by_key="to_number" in arrangement.order,
        )
        columns = _columns(request)
        batch = listing.filter.one_batch
        callees = Callees(listing.page.rows, chosen=request.GET.get("callee", ""))
        query = _with(request, totals="")
        return self.list_page(
            request,
            listing,
            CallTable(
                listing.page.rows,
                columns=columns,
                callees=callees,
                query=query,
                sorts=_sorts(request, arrangement),
                links_batches=request.user.has_perm("batchcalls.view_batch"),
            ),
            fragment="rows",
            column_fields=format_html_join(
                "",
                '<input type="hidden" name="{}" value="{}">',
                (
                    (name, value)
                    for name in ("columns", "callee", "sort")
                    for value in request.GET.getlist(name)
                    if value
                ),
            ),
            batch=batch,
            # The batch has a chip of its own.
            opens_filter=any(name != "batch" for name in listing.filter.narrowed_by),
            is_live=_is_live(batch),
            callees=callees,
            by_value=arrangement.column == "to_number",
            totals=call_totals.of(listing.filter.qs) if request.GET.get("totals") else None,
            totals_url=f"?{_with(request, totals='1')}",
            columns=[(name, one.label, name in columns) for name, one in COLUMNS.items()],
            kept_query=[
                (name, value)
                for name, values in request.GET.lists()
                if name not in ARRANGING or name == "sort"
                for value in values
            ],
            saved=SavedFilter.objects.filter(owner=actor_of(request), page=FilteredPage.CALL_LOG),
            query=query,
            dispositions=Disposition.labels,
        )

    def _totals(self, request: HttpRequest) -> HttpResponse:
        """Show the totals of the calls that match, which the page asks for when it is open."""
        narrowed = CallFilter(request.GET, queryset=CallResult.objects.all())
        batch = narrowed.one_batch
        return self.page(
            request,
            "callresult/totals",
            self.list_label,
            totals=call_totals.of(narrowed.qs),
            is_live=_is_live(batch),
            totals_url=request.get_full_path(),
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
            self.message_user(request, f"The filter was saved as {name}.", messages.SUCCESS)
        return redirect(back)

    def forget_filter_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete one of the user's saved filters."""
        require(request.user, "batchcalls.view_callresult")
        kept = get_object_or_404(SavedFilter, pk=pk, owner=actor_of(request))
        if request.method == "POST":
            kept.delete()
            self.message_user(request, f"The filter {kept} is gone.", messages.SUCCESS)
        return redirect("admin:batchcalls_callresult_changelist")


def _is_live(batch: Batch | None) -> bool:
    return batch is not None and batch.status in BATCH_WITH_LIVE_CALLS and not batch.is_over


def _with(request: HttpRequest, **changes: str) -> str:
    """Return the query of the page with changes, from its first page on."""
    query = QueryDict(without_place(request.GET), mutable=True)
    for name, value in changes.items():
        query[name] = value
    return without_place(query)


def _sorts(request: HttpRequest, now: Arrangement) -> dict[str, Sort]:
    """Return where the headers of the sortable columns lead, and the direction of the log."""
    upward = "ascending" if now.ascending else "descending"
    columns = SORTED_BY if masking.sees_now() else SORTED_BY[:1]
    found = {}
    for column in columns:
        direction = upward if column == (now.column or "claimed_at") else ""
        wanted = _NEXT_SORT[column][direction]
        found[column] = Sort(f"?{_with(request, sort=wanted)}", direction)
    return found


def _columns(request: HttpRequest) -> list[str]:
    """Return the columns that the URL names, or the default columns."""
    asked = [name for name in request.GET.getlist("columns") if name in COLUMNS]
    return asked or DEFAULT_COLUMNS
