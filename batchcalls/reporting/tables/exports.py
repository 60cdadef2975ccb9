"""The columns of the list of export files."""

from __future__ import annotations

from typing import Any

import django_tables2
from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.models import Export
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable
from batchcalls.states import ExportStatus


class ExportTable(ListTable):
    """Export files. ``user`` decides which may be downloaded and which batches are linked."""

    caption = "Exports"

    status = django_tables2.Column()
    kind = django_tables2.Column("Contents")
    row_count = django_tables2.Column("Rows", default="–", attrs={"td": {"class": "num"}})
    created_by = django_tables2.Column("Requested by")
    created_at = django_tables2.Column("Requested")
    file = django_tables2.Column("File", empty_values=())

    class Meta(ListTable.Meta):
        pass

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def render_status(self, record: Export) -> SafeString:
        """Show the status, and why the file waits or could not be written."""
        shown = formatting.pill(record.status, record.get_status_display())
        if not record.reason:
            return SafeString(shown)
        return format_html('<span>{}<span class="under">{}</span></span>', shown, record.reason)

    def render_kind(self, record: Export) -> SafeString | str:
        """Show what is exported, with its batch below."""
        kind = record.get_kind_display()
        if record.batch is None:
            return str(kind)
        batch: SafeString | str = str(record.batch)
        if self.user.has_perm("batchcalls.view_batch"):
            url = reverse("admin:batchcalls_batch_change", args=[record.batch.pk])
            batch = format_html('<a href="{}">{}</a>', url, record.batch)
        return format_html('<span>{}<span class="under">{}</span></span>', kind, batch)

    def render_row_count(self, value: int) -> str:
        """Show how many rows the file has."""
        return str(intcomma(value))

    def render_created_at(self, record: Export) -> SafeString | str:
        """Show when the file was requested."""
        return formatting.ago(record.created_at)

    def render_file(self, record: Export) -> SafeString | str:
        """Offer a file that is ready."""
        if record.status != ExportStatus.DONE or not self.user.has_perm(record.permission):
            return "–"
        url = reverse("admin:batchcalls_export_file", args=[record.pk])
        return format_html(
            '<a class="button small" href="{}">Download'
            '<span class="visually-hidden"> {}</span></a>',
            url,
            record,
        )
