"""Downloads of a batch, and uploads to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin import downloads
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import OwnPages, act
from batchcalls.admin.reading_form import ReadingForm
from batchcalls.batches import lifecycle
from batchcalls.database.disks import StorageAway
from batchcalls.drafting import drafts
from batchcalls.intake.uploads import UploadError
from batchcalls.lists.mapping import MappingError
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Batch, Export, ExportKind
from batchcalls.reporting.exports.batch_tables import OF_A_BATCH


class BatchFilesAdmin(OwnPages[Batch]):
    """Adds downloads, and the upload of more rows, to the pages of a batch."""

    def get_urls(self) -> list[URLPattern]:
        """Add the pages."""
        return [
            self.at("<uuid:pk>/export/<str:kind>.<str:form>", self.export_view, "export"),
            self.at("<uuid:pk>/rows/add/", self.add_rows_view, "add_rows"),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest, pk: UUID, kind: str, form: str) -> HttpResponseBase:
        """Send the results, recipients or rejected rows."""
        require(request.user, "batchcalls.export_batch", "batchcalls.view_batch")
        batch = get_object_or_404(Batch, pk=pk)
        # Rejected rows can have cells beyond the header, and must stay the text that was uploaded.
        forms = {"csv"} if kind == ExportKind.REJECTED else {"csv", "xlsx"}
        if kind not in OF_A_BATCH or form not in forms:
            raise Http404("There is no such file.")
        export = Export(kind=ExportKind(kind), batch=batch, created_by=actor_of(request))
        try:
            return downloads.send(request, export, form=form, rows=batch.row_count or 0)
        except StorageAway as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:batchcalls_batch_change", pk)

    def add_rows_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Add another list to a batch, such as corrected rejected rows."""
        require(request.user, "batchcalls.change_batch", "batchcalls.launch_batch")
        batch = get_object_or_404(Batch, pk=pk)
        form = ReadingForm(request.POST or None, request.FILES or None)

        def add(file: Any, **reading: Any) -> str | None:
            try:
                stored = drafts.add_list(
                    batch,
                    file.file,
                    file_name=file.name,
                    reading=form.reading(),
                    actor=actor_of(request),
                )
            except (UnreadableList, MappingError, UploadError) as error:
                form.add_error("file", str(error))
                return None
            except lifecycle.Conflict as error:
                form.add_error(None, str(error))
                return None
            return f"Checking the rows of {stored.file_name}."

        return act(request, add, form=form, back=self.url_of("change", pk)) or self.page(
            request, "batch/add_rows", "Add rows", batch=batch, form=form
        )
