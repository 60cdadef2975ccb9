"""The columns of the rows of a batch."""

from __future__ import annotations

from typing import Any

import django_tables2
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.database import clock
from batchcalls.models import Recipient
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable
from batchcalls.states import RECIPIENT_NOT_YET_PLACED


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

    def __init__(self, *args: Any, most_attempts: int, **kwargs: Any) -> None:
        self.most_attempts = most_attempts
        super().__init__(*args, **kwargs)

    def render_attempts(self, record: Recipient) -> str:
        """Show how many of the attempts that the retry rules allow were made."""
        if self.most_attempts == 1 or record.attempts > self.most_attempts:
            return str(record.attempts)
        return f"{record.attempts} of {self.most_attempts}"

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
        """Show when a waiting row may be called next: how far ahead it is, and the exact time."""
        if record.due_at is None or record.status not in RECIPIENT_NOT_YET_PLACED:
            return ""
        if record.due_at <= clock.now():
            return "due now"
        return format_html(
            '<span>{}<span class="under">{}</span></span>',
            formatting.ago(record.due_at),
            formatting.at(record.due_at),
        )
