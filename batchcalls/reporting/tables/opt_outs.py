"""The columns of the opt-out reviews."""

from __future__ import annotations

import django_tables2
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.models import OptOutReview
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable
from batchcalls.states import Tone


class DecidedTable(ListTable):
    """Decided reviews, latest first."""

    caption = "Decided reviews"

    e164 = django_tables2.Column("Number")
    heard = django_tables2.Column("Heard", attrs={"td": {"class": "reason"}})
    decision = django_tables2.Column()
    decided_by = django_tables2.Column("Decided by")
    decided_at = django_tables2.Column("When", attrs={"td": {"class": "nowrap"}})

    class Meta(ListTable.Meta):
        default = "–"

    def render_e164(self, value: str) -> SafeString:
        """Link to the number's page."""
        url = reverse("admin:campaigns_suppression_number", args=[value])
        return format_html('<a class="number" href="{}">{}</a>', url, value)

    def render_decision(self, record: OptOutReview) -> SafeString | str:
        """Show the decision as a pill."""
        return formatting.pill(
            record.decision, str(record.get_decision_display()), tone=Tone.NEUTRAL
        )

    def render_decided_at(self, record: OptOutReview) -> SafeString | str:
        """Show when it was decided."""
        return formatting.ago(record.decided_at)
