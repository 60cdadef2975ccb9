"""The audit log: who changed or saw what, from where, with the values before and after."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, URLPattern, reverse

from batchcalls.access.permissions import require
from batchcalls.admin import downloads
from batchcalls.admin.listing import Listing, listing_of, without_place
from batchcalls.admin.pages import row_or_404
from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.models import AuditEntry
from batchcalls.reporting.exports import audit as exports
from batchcalls.reporting.filters.audit import AuditFilter, order_of
from batchcalls.reporting.tables.audit import AuditTable, action_pill, label_of

VIEW, EXPORT = "batchcalls.view_auditentry", "batchcalls.export_auditentry"


@admin.register(AuditEntry)
class AuditLogAdmin(ReadOnlyAdmin[AuditEntry]):
    """Replaces the stock pages; nobody adds, changes, or deletes entries."""

    list_label = "Audit log"

    def get_urls(self) -> list[URLPattern]:
        """Add the export."""
        return [self.at("export.csv", self.export_view, "export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show one page of the log."""
        require(request.user, VIEW)
        rows = AuditEntry.objects.all()
        listing: Listing[AuditEntry] = listing_of(
            request, rows, AuditFilter, order=order_of(request.GET)
        )
        return self.list_page(
            request,
            listing,
            AuditTable(listing.page.rows),
            query=without_place(request.GET),
            may_export=request.user.has_perm(EXPORT),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show one entry with the values before and after."""
        require(request.user, VIEW)
        entry = row_or_404(AuditEntry.objects.all(), object_id)
        before, after = entry.before or {}, entry.after or {}
        return self.page(
            request,
            "auditentry/page",
            f"Audit entry {entry.pk}",
            entry=entry,
            action=action_pill(entry),
            object_url=_url_of(entry),
            values=[
                (label_of(entry, name), _text(before.get(name)), _text(after.get(name)))
                for name in {**before, **after}
            ],
        )

    def history_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Redirect to the entry: it has no history."""
        require(request.user, VIEW)
        return redirect(self.url_of("change", object_id))

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Export the entries that the page shows, under the same filters."""
        require(request.user, EXPORT, VIEW)
        narrowed = AuditFilter(request.GET, queryset=AuditEntry.objects.all())
        query = without_place(request.GET)
        if not narrowed.is_valid():
            message = "The audit log was not exported: correct the filters first."
            self.message_user(request, message, messages.ERROR)
            return redirect(f"{self.url_of('changelist')}?{query}")
        downloads.note_export(AuditEntry, "audit-log.csv", query=query)
        return downloads.stream(request, exports.audit_log(narrowed.qs))


def _url_of(entry: AuditEntry) -> str:
    """Return the URL of the object's page, or "" if it has none. The object may be gone."""
    if not entry.object_id:
        return ""
    try:
        name = f"admin:{entry.kind.replace('.', '_')}_change"
        return reverse(name, args=[entry.object_id])
    except NoReverseMatch:
        return ""


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, indent=2, ensure_ascii=False)
