"""Uploaded lists: how each was read, how its columns map, and how far the import is."""

from __future__ import annotations

from itertools import islice
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import pluralize
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from batchcalls.access.permissions import require
from batchcalls.admin import downloads
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import Done, act
from batchcalls.admin.reading_form import ReadingForm, RegionForm
from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.intake import do_not_call, file_formats, uploads
from batchcalls.intake.uploads import UploadError
from batchcalls.lists.mapping import MappingError
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import ListKind, StoredList
from batchcalls.reporting.exports import do_not_call as exports
from batchcalls.reporting.filters.do_not_call import DoNotCallFilter
from campaigns.models import Suppression

PROBLEMS_SHOWN = 50


class DoNotCallForm(ReadingForm, RegionForm):
    """A file of numbers that must not be called."""

    note = forms.CharField(
        label="Reason",
        max_length=200,
        required=False,
        help_text="Used for rows without a “reason” cell.",
    )

    #: Hidden rows are always read: a number that is only hidden must not be called either.
    include_hidden = None  # type: ignore[assignment]
    #: Such a list may have no header at all.
    header_row = None  # type: ignore[assignment]

    READING = ("encoding", "delimiter", "sheet", "numbers_written", "columns")
    field_order = ["file", "note", "region"]

    @property
    def main_fields(self) -> list[forms.BoundField]:
        """Return the fields that everyone fills in."""
        return [field for field in self if field.name not in self.READING]

    @property
    def reading_fields(self) -> list[forms.BoundField]:
        """Return the fields that are detected unless they are filled in."""
        return [self[name] for name in self.READING]

    @property
    def reading_errors(self) -> bool:
        """Tell whether one of the format fields has an error."""
        return any(field.errors for field in self.reading_fields)


@admin.register(StoredList)
class StoredListAdmin(ReadOnlyAdmin[StoredList]):
    list_display = ["file_name", "kind", "batch", "status", "rows", "created_at", "created_by"]
    list_filter = ["kind", "status"]
    list_select_related = ["batch", "created_by"]
    ordering = ["-created_at", "pk"]
    search_fields = ["file_name", "batch__id"]
    search_help_text = "File name or batch ID"
    list_help = "Uploaded files: recipients and do-not-call numbers."
    fields = [
        "file_name",
        ("kind", "batch"),
        ("status", "reason"),
        "progress",
        "read_as",
        "columns",
        "rejected",
        ("region", "note"),
        ("created_by", "created_at", "ended_at"),
    ]
    readonly_fields = ["progress", "read_as", "columns", "rejected"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredList]:
        """Count the rows found so far, the rows imported, and the rows that they added."""
        return (
            super()
            .get_queryset(request)
            .annotate(
                found=Sum("parts__row_count"),
                taken=Sum("parts__row_count", filter=Q(parts__done_at__isnull=False)),
                added=Sum("parts__added"),
            )
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the do-not-call list, which is uploaded and exported as lists are."""
        return [
            self.at("do-not-call/add/", self.add_do_not_call_view, "add_do_not_call"),
            self.at("<uuid:pk>/not-taken-in.csv", self.not_taken_in_view, "not_taken_in"),
            self.at("do-not-call.csv", self.export_do_not_call_view, "export_do_not_call"),
            *super().get_urls(),
        ]

    def add_do_not_call_view(self, request: HttpRequest) -> HttpResponse:
        """Upload a file of numbers that must not be called."""
        require(request.user, "campaigns.import_suppression", "campaigns.add_suppression")
        form = DoNotCallForm(request.POST or None, request.FILES or None)
        to_list = self.has_view_permission(request)

        def add(file: Any, note: str, **reading: Any) -> Done | None:
            try:
                stored = do_not_call.add_list(
                    file.file,
                    file_name=file.name,
                    reading=form.reading(),
                    note=note,
                    actor=actor_of(request),
                )
            except (UnreadableList, MappingError, UploadError) as error:
                form.add_error("file", str(error))
                return None
            to = self.url_of("change", stored.pk) if to_list else back
            return Done(f"The numbers of {stored.file_name} are being imported.", to)

        back = reverse("admin:campaigns_suppression_changelist")
        return act(request, add, form=form, back=back) or self.page(
            request,
            "storedlist/add_do_not_call",
            "Import a do-not-call list",
            subtitle="For lists of any length. The workers import them.",
            form=form,
        )

    def not_taken_in_view(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Send the rows of a do-not-call file that contain no number."""
        require(request.user, "batchcalls.view_storedlist", "campaigns.import_suppression")
        stored = get_object_or_404(StoredList, pk=pk, kind=ListKind.DO_NOT_CALL)
        downloads.note_export(stored, "not-taken-in.csv")
        return downloads.stream(request, exports.not_taken_in(stored))

    def export_do_not_call_view(self, request: HttpRequest) -> HttpResponseBase:
        """Export the numbers that the do-not-call page shows, under the same filters."""
        require(request.user, "campaigns.export_suppression", "campaigns.view_suppression")
        narrowed = DoNotCallFilter(request.GET, queryset=Suppression.objects.all())
        if not narrowed.is_valid():
            message = "The list cannot be exported with an invalid filter."
            self.message_user(request, message, messages.ERROR)
            address = reverse("admin:campaigns_suppression_changelist")
            return redirect(f"{address}?{request.GET.urlencode()}")
        downloads.note_export(Suppression, "do-not-call.csv", query=request.GET.urlencode())
        return downloads.stream(request, exports.do_not_call(narrowed.qs))

    @admin.display(description="Rows")
    def rows(self, stored: Any) -> int:
        """Return the number of rows found."""
        return stored.found or 0

    @admin.display(description="Progress")
    def progress(self, stored: Any) -> str:
        """Return how many of the rows found so far are imported, and with what result."""
        found, taken, added = stored.found or 0, stored.taken or 0, stored.added or 0
        more = "" if stored.is_split else ", still reading the file"
        is_recipients = stored.kind == ListKind.RECIPIENTS
        what = (
            f"row{pluralize(added)} can be called"
            if is_recipients
            else f"number{pluralize(added, ' was,s were')} new on the list"
        )
        return f"{taken:,} of {found:,} row{pluralize(found)} imported{more}; {added:,} {what}."

    @admin.display(description="Rejected rows")
    def rejected(self, stored: StoredList) -> SafeString | str:
        """Show the first rows of a do-not-call file that contain no number."""
        if stored.kind == ListKind.RECIPIENTS:
            return "The batch's page has the rejected rows."
        table = exports.not_taken_in(stored)
        shown = list(islice(table.rows, PROBLEMS_SHOWN + 1))
        if not shown:
            return "No rows yet."
        rows = format_html_join(
            "",
            "<li>Row {} “{}”: {}</li>",
            ((row, raw, why) for row, raw, _, why in shown[:PROBLEMS_SHOWN]),
        )
        url = reverse("admin:batchcalls_storedlist_not_taken_in", args=[stored.pk])
        more = "The first of many: " if len(shown) > PROBLEMS_SHOWN else ""
        return format_html(
            '<p>{}<a href="{}">all of them (CSV)</a></p><ul>{}</ul>', more, url, rows
        )

    @admin.display(description="File format")
    def read_as(self, stored: StoredList) -> str:
        """Return the format in which the file was read."""
        return file_formats.describe(stored)

    @admin.display(description="Columns")
    def columns(self, stored: StoredList) -> SafeString:
        """Show each column with its first values and what it maps to."""
        rows = format_html_join(
            "",
            '<tr><th scope="row" data-label="Column">{}</th><td data-label="First values">{}</td>'
            '<td data-label="Maps to"><code>{}</code></td></tr>',
            (
                (
                    column.header.name,
                    " · ".join(sample or "–" for sample in column.samples[:3]),
                    column.target,
                )
                for column in uploads.preview(stored)
            ),
        )
        return format_html(
            '<div class="table-wrap"><table class="data cards"><thead><tr>'
            '<th scope="col">Column</th>'
            '<th scope="col">First values</th><th scope="col">Maps to</th></tr></thead>'
            "<tbody>{}</tbody></table></div>",
            rows,
        )
