"""The columns of the list of column mappings."""

from __future__ import annotations

import django_tables2
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable
from campaigns.models import ColumnMapping

HEADERS_SHOWN = 6


class ColumnMappingTable(ListTable):
    """Mappings, by name."""

    caption = "Column mappings"

    name = django_tables2.Column()
    columns = django_tables2.Column(attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    headers = django_tables2.Column("Used headers", accessor="columns")
    created_by = django_tables2.Column("By")
    created_at = django_tables2.Column("When", attrs={"td": {"class": "nowrap"}})

    class Meta(ListTable.Meta):
        default = "–"

    def render_name(self, record: ColumnMapping) -> SafeString:
        """Link to the mapping."""
        url = reverse("admin:campaigns_columnmapping_change", args=[record.pk])
        return format_html('<a class="strong" href="{}">{}</a>', url, record.name)

    def render_columns(self, record: ColumnMapping) -> int:
        """Count the columns of the lists that the mapping fits."""
        return len(record.columns)

    def render_headers(self, record: ColumnMapping) -> str:
        """Return the first headers that are not ignored."""
        used = [
            str(column.get("header") or f"Column {int(column.get('position', 0)) + 1}")
            for column in record.columns
            if isinstance(column, dict) and column.get("target") != "ignore"
        ]
        more = f" and {len(used) - HEADERS_SHOWN} more" if len(used) > HEADERS_SHOWN else ""
        return ", ".join(used[:HEADERS_SHOWN]) + more or "–"

    def render_created_at(self, record: ColumnMapping) -> SafeString | str:
        """Show when the mapping was saved."""
        return formatting.ago(record.created_at)
