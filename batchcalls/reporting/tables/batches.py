"""The columns of the list of batches."""

from __future__ import annotations

from typing import Any

import django_tables2
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from batchcalls.models import Batch
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable
from batchcalls.states import BATCH_CANCELABLE, BATCH_DELETABLE, BATCH_PREPARING


class BatchTable(ListTable):
    """Batches, each with ``totals`` and ``waiting`` attributes. ``user`` decides on the buttons."""

    caption = "Batch calls"

    status = django_tables2.Column()
    name = django_tables2.Column("Batch name")
    progress = django_tables2.Column(empty_values=(), attrs={"td": {"class": "wide"}})
    created_at = django_tables2.Column("Timestamp")
    pk = django_tables2.Column("Batch ID")
    actions = django_tables2.Column("Actions", empty_values=())

    class Meta(ListTable.Meta):
        pass

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def render_status(self, record: Any) -> SafeString:
        """Show the status, and the reason for it or for waiting."""
        code = record.waiting.code if record.waiting else ""
        shown = formatting.batch_pill(record, code)
        reason = record.waiting.message if record.waiting else record.reason
        if not reason:
            return SafeString(shown)
        return format_html('<span>{}<span class="under">{}</span></span>', shown, reason[:160])

    def render_name(self, record: Batch) -> SafeString:
        """Link to the batch, with its source below."""
        about = [str(record.campaign) if record.campaign else "No campaign"]
        if record.test_of_id:
            about.append("test call")
        return format_html(
            '<span><a class="strong" href="{}">{}</a><span class="under">{}</span></span>',
            reverse("admin:batchcalls_batch_change", args=[record.pk]),
            record.name,
            " · ".join(about),
        )

    def render_progress(self, record: Any) -> SafeString:
        """Show the progress of the rows."""
        context = formatting.progress(record.totals, f"Progress of {record.name}")
        return SafeString(render_to_string("batchcalls/progress.html", context))

    def render_created_at(self, record: Batch) -> SafeString | str:
        """Show when the batch was created."""
        return formatting.ago(record.created_at)

    def render_pk(self, record: Batch) -> SafeString:
        """Show the beginning of the id. A click copies the whole id."""
        return formatting.copy_id(record.pk)

    def render_actions(self, record: Batch) -> SafeString:
        """Show buttons for the logs, the next step, and canceling where possible."""
        return format_html(
            '<span class="button-row">{}</span>',
            format_html_join(
                "", '<a class="button small {}" href="{}">{}</a>', self._actions_of(record)
            ),
        )

    def _actions_of(self, record: Batch) -> list[tuple[str, str, SafeString]]:
        found = []
        named = format_html('<span class="visually-hidden"> of {}</span>', record.name)
        if record.status in BATCH_PREPARING and self.user.has_perm("batchcalls.change_batch"):
            url = reverse("admin:batchcalls_batch_continue", args=[record.pk])
            found.append(("", url, format_html("Continue{}", named)))
        elif self.user.has_perm("batchcalls.view_callresult"):
            url = f"{reverse('admin:batchcalls_callresult_changelist')}?batch={record.pk}"
            found.append(("", url, format_html("View Logs{}", named)))
        if record.status in BATCH_CANCELABLE and self.user.has_perm("batchcalls.cancel_batch"):
            is_draft = record.status in BATCH_DELETABLE
            page, label = ("delete_draft", "Delete") if is_draft else ("cancel", "Cancel")
            url = reverse(f"admin:batchcalls_batch_{page}", args=[record.pk])
            found.append(("danger", url, format_html("{}{}", label, named)))
        return found
