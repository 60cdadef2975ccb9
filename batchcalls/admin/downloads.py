"""Files to download from the back office: sent immediately, or written by a worker."""

from __future__ import annotations

import tempfile
from typing import Any
from urllib.parse import quote, unquote_plus
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.db.models import Model, QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import slugify

from batchcalls.access import audit, masking
from batchcalls.access.permissions import require
from batchcalls.admin import export_news
from batchcalls.admin.actor import actor_of
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.database.disks import StorageAway
from batchcalls.models import AuditAction, CallResult, Export, ExportKind
from batchcalls.reporting.exports import jobs
from batchcalls.reporting.exports.tables import Table
from batchcalls.reporting.exports.writing import csv_blocks, write_xlsx
from batchcalls.reporting.filters.exports import ExportFilter
from batchcalls.reporting.tables.exports import ExportTable
from batchcalls.states import ExportStatus

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: The location inside the proxy that serves MEDIA_ROOT.
ACCEL_LOCATION = "/-/media/"
#: Maximum rows of a workbook that is written during the request.
ROWS_AT_ONCE = 5_000


def send(request: HttpRequest, export: Export, *, form: str, rows: int) -> HttpResponseBase:
    """Return a CSV file, a small workbook, or a redirect to the page of a large one.

    ``export`` is unsaved and describes the request. ``form`` is csv or xlsx. Raise
    `call_log.UnknownFilter` for a filter that does not exist.
    """
    table = jobs.table_of(export)
    note_export(export.batch or CallResult, f"{table.name}.{form}", query=export.query)
    if form == "csv":
        return stream(request, table)
    if rows <= ROWS_AT_ONCE:
        out = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
        write_xlsx(table, out)
        out.seek(0)
        return FileResponse(
            out, as_attachment=True, filename=_file_name(table, "xlsx"), content_type=XLSX
        )
    requested = jobs.request(
        ExportKind(export.kind), batch=export.batch, query=export.query, actor=actor_of(request)
    )
    export_news.follow(request, requested)
    messages.info(
        request,
        f"A workbook of {rows:,} rows takes a while. You can leave this page; we’ll tell you when "
        "it is ready.",
    )
    return redirect("admin:batchcalls_export_changelist")


def note_export(
    about: Model | type[Model], name: str, *, query: str = "", number: str = ""
) -> None:
    """Add an entry about an export to the audit log, before its first byte is sent."""
    note = f"{name} · {unquote_plus(query)}" if query else name
    audit.record(AuditAction.EXPORTED, about, note=note, number=number)


def stream(request: HttpRequest, table: Table) -> HttpResponseBase:
    """Stream a CSV file as it is read. With ``bom=1`` it begins with a byte-order mark."""
    blocks = csv_blocks(table, bom=request.GET.get("bom") == "1")
    response = StreamingHttpResponse(blocks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(table, "csv")}"'
    return response


def _file_name(table: Table, form: str) -> str:
    return f"{slugify(table.name)}.{form}"


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin[Export]):
    list_label = "Exports"

    def has_view_permission(self, request: HttpRequest, obj: Export | None = None) -> bool:
        """Allow users who may export to see what they requested."""
        mine = ("batchcalls.export_batch", "batchcalls.export_callresult")
        return super().has_view_permission(request, obj) or any(map(request.user.has_perm, mine))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Export]:
        """Hide other people's files from users who may not see them all."""
        rows = super().get_queryset(request)
        if request.user.has_perm("batchcalls.view_export"):
            return rows
        return rows.filter(created_by=actor_of(request))

    def get_urls(self) -> list[URLPattern]:
        """Add the download, and the news for every page."""
        return [
            self.at("news/", self.news_view, "news"),
            self.at("<uuid:pk>/dismiss/", self.dismiss_view, "dismiss"),
            self.at("<uuid:pk>/file/", self.file_view, "file"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """List the files, newest first; those that are being written refresh themselves."""
        self._require_view(request)
        rows = self.get_queryset(request).select_related("batch", "created_by")
        listing: Listing[Export] = listing_of(
            request, rows, ExportFilter, order=("created_at", "pk")
        )
        return self.list_page(
            request,
            listing,
            ExportTable(listing.page.rows, user=request.user),
            fragment="rows",
            is_live=any(one.status == ExportStatus.WAITING for one in listing.page.rows),
        )

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def news_view(self, request: HttpRequest) -> HttpResponse:
        """Show the files that this person waits for."""
        self._require_view(request)
        context = {"export_news": export_news.news_of(request)}
        return TemplateResponse(request, "admin/includes/export_news.html", context)

    def dismiss_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Announce a file no more. Takes POST only."""
        self._require_view(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        export_news.forget(request, pk)
        back = request.headers.get("Referer", "")
        if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
            back = self.url_of("changelist")
        return HttpResponseRedirect(back)

    def file_view(self, request: HttpRequest, pk: UUID) -> HttpResponse | FileResponse:
        """Send a file to a user who may export its kind and requested it, or may see all files."""
        export = get_object_or_404(self.get_queryset(request), pk=pk)
        require(request.user, export.permission)
        if export.created_by != request.user:  # it has what its owner may see
            require(request.user, masking.PERMISSION)
        if export.status != ExportStatus.DONE:
            raise Http404("The file is not ready yet.")
        try:
            file = export.file.open("rb")
        except OSError as error:
            self.message_user(request, str(StorageAway(error)), messages.ERROR)
            return redirect("admin:batchcalls_export_changelist")
        audit.record(AuditAction.DOWNLOADED, export)
        export_news.forget(request, pk)
        return _of_stored_file(file)


def _of_stored_file(file: File[bytes]) -> HttpResponse | FileResponse:
    """Send a workbook from MEDIA_ROOT, or let the proxy send it while this thread is free again."""
    response = FileResponse(file, as_attachment=True, content_type=XLSX)
    if not settings.ACCEL_REDIRECT:
        return response
    file.close()
    headers = {
        "Content-Disposition": response["Content-Disposition"],
        "X-Accel-Redirect": f"{ACCEL_LOCATION}{quote(str(file.name))}",
    }
    return HttpResponse(content_type=XLSX, headers=headers)
