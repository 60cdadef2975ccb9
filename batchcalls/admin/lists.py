"""Uploaded lists: how each was read, what its columns became, how far it was taken in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from batchcalls import uploads
from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.models import StoredList


@admin.register(StoredList)
class StoredListAdmin(ReadOnlyAdmin[StoredList]):
    list_display = ["file_name", "kind", "batch", "status", "rows", "created_at", "created_by"]
    list_filter = ["kind", "status", "created_at"]
    list_select_related = ["batch", "created_by"]
    search_fields = ["file_name", "batch__id"]
    search_help_text = "A file name, or a batch ID."
    fields = [
        "file_name",
        ("kind", "batch"),
        ("status", "reason"),
        "read_as",
        "columns",
        ("region", "row_offset", "note"),
        ("created_by", "created_at", "ended_at"),
    ]
    readonly_fields = ["read_as", "columns"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredList]:
        """Count the rows that are in parts so far."""
        return super().get_queryset(request).annotate(found=Sum("parts__row_count"))

    @admin.display(description="Rows")
    def rows(self, stored: Any) -> str:
        """Say how many rows were found."""
        return f"{stored.found or 0:,}"

    @admin.display(description="Read as")
    def read_as(self, stored: StoredList) -> str:
        """Say how the file was read."""
        return uploads.describe_reading(stored)

    @admin.display(description="Columns")
    def columns(self, stored: StoredList) -> SafeString:
        """Show each column with its first values and what it becomes."""
        rows = format_html_join(
            "",
            "<tr><th>{}</th><td>{}</td><td>{}</td></tr>",
            (
                (column.header.name, " · ".join(column.samples[:3]), column.target)
                for column in uploads.preview(stored)
            ),
        )
        return format_html(
            "<table><thead><tr><th>Column</th><th>First values</th><th>Becomes</th></tr></thead>"
            "<tbody>{}</tbody></table>",
            rows,
        )
