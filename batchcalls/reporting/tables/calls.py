"""The columns of the call log."""

from __future__ import annotations

from typing import Any

import django_tables2
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.models import CallResult
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable

#: Shown unless somebody chooses otherwise.
DEFAULT_COLUMNS = (
    "to_number",
    "status",
    "answered_by",
    "disposition",
    "duration_seconds",
    "claimed_at",
    "batch",
)


class CallTable(ListTable):
    """Attempts, newest first."""

    caption = "Calls"

    to_number = django_tables2.Column("Number")
    status = django_tables2.Column()
    answered_by = django_tables2.Column("Answered by")
    disposition = django_tables2.Column("Outcome")
    duration_seconds = django_tables2.Column("Length", attrs={"td": {"class": "nowrap"}})
    price = django_tables2.Column(attrs={"td": {"class": "nowrap"}})
    claimed_at = django_tables2.Column("When", attrs={"td": {"class": "nowrap"}})
    batch = django_tables2.Column()
    campaign = django_tables2.Column(accessor="batch__campaign")
    attempt = django_tables2.Column(attrs={"td": {"class": "num"}})
    row = django_tables2.Column(accessor="recipient__row_number", attrs={"td": {"class": "num"}})
    from_number = django_tables2.Column("From")
    account = django_tables2.Column()
    call_id = django_tables2.Column("Call ID")

    class Meta(ListTable.Meta):
        default = "–"

    def __init__(
        self, *args: Any, columns: list[str], links_batches: bool = True, **kwargs: Any
    ) -> None:
        self.links_batches = links_batches
        left_out = [name for name in self.base_columns if name not in columns]
        super().__init__(*args, exclude=left_out, **kwargs)

    def render_to_number(self, record: CallResult) -> SafeString:
        """Link to the call."""
        url = reverse("admin:batchcalls_callresult_change", args=[record.pk])
        return format_html('<a class="number" href="{}">{}</a>', url, record.to_number)

    def render_status(self, record: CallResult) -> SafeString | str:
        """Show how far it is, or how it ended."""
        return formatting.pill(record.status, record.get_status_display())

    def render_answered_by(self, record: CallResult) -> str:
        """Say who took it."""
        return str(record.get_answered_by_display())

    def render_duration_seconds(self, value: int) -> str:
        """Write the length."""
        return formatting.duration(value)

    def render_price(self, record: CallResult) -> str:
        """Write the price with its currency."""
        return formatting.money(record.price, record.currency)

    def render_claimed_at(self, record: CallResult) -> SafeString | str:
        """Show when it was made."""
        return formatting.ago(record.claimed_at)

    def render_batch(self, record: CallResult) -> SafeString | str:
        """Link to the batch, for those who may open it."""
        if not self.links_batches:
            return record.batch.name
        url = reverse("admin:batchcalls_batch_change", args=[record.batch_id])
        return format_html('<a href="{}">{}</a>', url, record.batch.name)

    def render_call_id(self, record: CallResult) -> SafeString:
        """Show the id's beginning; a click copies the whole."""
        return formatting.copy_id(record.call_id)


def column_labels() -> list[tuple[str, str]]:
    """Return every column's name and heading."""
    return [
        (name, str(column.verbose_name or name.replace("_", " ").capitalize()))
        for name, column in CallTable.base_columns.items()
    ]
