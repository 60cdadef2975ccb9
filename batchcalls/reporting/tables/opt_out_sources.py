"""The columns of the list of opt-out sources."""

from __future__ import annotations

import django_tables2
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.models import OptOutSource
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable


class OptOutSourceTable(ListTable):
    """Systems that report opt-outs by webhook."""

    caption = "Opt-out sources"

    name = django_tables2.Column()
    enabled = django_tables2.Column("State")
    created_at = django_tables2.Column("Created")

    class Meta(ListTable.Meta):
        pass

    def render_name(self, record: OptOutSource) -> SafeString:
        """Link to the source."""
        url = reverse("admin:batchcalls_optoutsource_change", args=[record.pk])
        return format_html('<a class="strong" href="{}">{}</a>', url, record.name)

    def render_enabled(self, record: OptOutSource) -> SafeString | str:
        """Show whether messages are taken."""
        if record.enabled:
            return formatting.pill("on", "On", "success")
        return formatting.pill("off", "Off", "neutral")

    def render_created_at(self, record: OptOutSource) -> SafeString | str:
        """Show when the source was added."""
        return formatting.ago(record.created_at)
