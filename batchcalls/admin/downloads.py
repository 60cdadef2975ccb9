"""Files to download from the back office: sent immediately, or written by a worker."""

from __future__ import annotations

import tempfile
from urllib.parse import quote, unquote_plus

from django.conf import settings
from django.contrib import admin, messages
from django.core.files import File
from django.db.models import Model, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify

from batchcalls.access import audit, masking
from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.database.disks import StorageAway
from batchcalls.models import AuditAction, CallResult, Export, ExportKind
from batchcalls.reporting.exports import jobs
from batchcalls.reporting.exports.tables import Table
from batchcalls.reporting.exports.writing import csv_blocks, write_xlsx
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
    jobs.request(
        ExportKind(export.kind), batch=export.batch, query=export.query, actor=actor_of(request)
    )
    messages.info(request, f"A workbook of {rows:,} rows takes a while. It will appear here.")
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
    list_display = ["__str__", "batch", "status", "row_count", "created_by", "download"]
    list_display_links = None
    list_filter = ["kind", "status"]
    list_select_related = ["batch", "created_by"]

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
        """Add the download URL."""
        return [
            self.at("<uuid:pk>/file/", self.file_view, "file"),
            *super().get_urls(),
        ]

    @admin.display(description="File")
    def download(self, export: Export) -> SafeString | str:
        """Link to the file, or return its state."""
        if export.status == ExportStatus.DONE:
            url = reverse("admin:batchcalls_export_file", args=[export.pk])
            return format_html('<a href="{}">Download</a>', url)
        return export.reason or "…"

    def file_view(self, request: HttpRequest, pk: str) -> HttpResponse | FileResponse:
        """Send a file to a user who may export its kind and requested it, or may see all files."""
        export = get_object_or_404(self.get_queryset(request), pk=pk)
        require(request.user, export.permission)
        if export.created_by != request.user:  # it has what its owner may see
            require(request.user, masking.PERMISSION)
        if export.status != ExportStatus.DONE:
            raise Http404("The file is not written yet.")
        try:
            file = export.file.open("rb")
        except OSError as error:
            self.message_user(request, str(StorageAway(error)), messages.ERROR)
            return redirect("admin:batchcalls_export_changelist")
        audit.record(AuditAction.DOWNLOADED, export)
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
