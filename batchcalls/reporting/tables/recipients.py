"""The columns of the rows of a batch."""

from __future__ import annotations

import django_tables2
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.models import Recipient
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable


class RecipientTable(ListTable):
    """Rows of a list, each with its verdict."""

    caption = "Recipients"

    row_number = django_tables2.Column("Row", attrs={"td": {"class": "num"}})
    number = django_tables2.Column("Number", empty_values=())
    status = django_tables2.Column()
    reason = django_tables2.Column("Why", empty_values=())
    attempts = django_tables2.Column("Attempts", attrs={"td": {"class": "num"}})
    due_at = django_tables2.Column("Next", empty_values=())

    class Meta(ListTable.Meta):
        pass

    def render_number(self, record: Recipient) -> SafeString:
        """Link to the row's page by its number, or by the original text."""
        shown = record.e164 or record.raw_number or "no number"
        url = reverse("admin:batchcalls_recipient_change", args=[record.pk])
        return format_html('<a class="number" href="{}">{}</a>', url, shown)

    def render_status(self, record: Recipient) -> SafeString:
        """Show the status of the row, or its outcome when it is done."""
        if record.outcome:
            return SafeString(formatting.pill(record.outcome, record.get_outcome_display()))
        return SafeString(formatting.pill(record.status, record.get_status_display()))

    def render_reason(self, record: Recipient) -> str:
        """Show why the recipient was not called, or not reached."""
        return record.reason

    def render_due_at(self, record: Recipient) -> SafeString | str:
        """Show when the row is due."""
        return formatting.ago(record.due_at, blank="")
