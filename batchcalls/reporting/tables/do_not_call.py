"""The columns of the do-not-call list."""

from __future__ import annotations

from urllib.parse import urlencode

import django_tables2
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from batchcalls.database import clock
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable
from batchcalls.states import Tone
from campaigns.models import Suppression

#: Characters to show of an entry; only hashes are longer.
NUMBER_CHARACTERS = 20


def scope_of(entry: Suppression) -> SafeString | str:
    """Show an entry's campaign, and a pill for a hold, an expired entry, or one that expires."""
    scope = str(entry.campaign) if entry.campaign else "All calls"
    if entry.is_hold:
        pill = formatting.pill("held", "Under review", Tone.WARNING)
        return format_html("<span>{} {}</span>", scope, pill)
    if entry.expires_at is None:
        return scope
    if not entry.is_in_force(clock.now()):
        pill = formatting.pill("expired", "", Tone.NEUTRAL)
        return format_html("<span>{} {}</span>", scope, pill)
    return format_html("<span>{}, until {}</span>", scope, formatting.at(entry.expires_at))


class DoNotCallTable(ListTable):
    """Numbers that must not be called, newest first."""

    caption = "Do-not-call numbers"

    e164 = django_tables2.Column("Number")
    campaign = django_tables2.Column("Scope", empty_values=(), attrs={"td": {"class": "scope"}})
    reason = django_tables2.Column(attrs={"td": {"class": "reason"}})
    source = django_tables2.Column(attrs={"td": {"class": "nowrap"}})
    created_by = django_tables2.Column("Added by")
    created_at = django_tables2.Column("When", attrs={"td": {"class": "nowrap"}})

    class Meta(ListTable.Meta):
        default = "–"

    def render_e164(self, record: Suppression) -> SafeString:
        """Link to the number's page."""
        url = reverse("admin:campaigns_suppression_change", args=[record.pk])
        shown = Truncator(record.e164).chars(NUMBER_CHARACTERS)
        return format_html('<a class="number" href="{}">{}</a>', url, shown)

    def render_campaign(self, record: Suppression) -> SafeString | str:
        """Show for which calls the entry holds, and until when."""
        return scope_of(record)

    def render_reason(self, record: Suppression) -> SafeString | str:
        """Show the beginning of the reason."""
        return str(Truncator(record.reason).chars(120))

    def render_source(self, record: Suppression) -> str:
        """Show how the number was added to the list."""
        return str(record.get_source_display())

    def render_created_at(self, record: Suppression) -> SafeString | str:
        """Show when it was added."""
        return formatting.ago(record.created_at)


class EntriesTable(DoNotCallTable):
    """All entries about a number, with their evidence."""

    class Meta(DoNotCallTable.Meta):
        pass

    def render_reason(self, record: Suppression) -> SafeString | str:
        """Show the whole reason, and where the request can be looked up."""
        call = f"Call {record.call_id}" if record.call_id else ""
        where = " ".join(filter(None, (record.evidence, call)))
        words = '<span>{}<span class="under">{}</span></span>'
        return format_html(words, record.reason or "–", where)


class RemovedTable(ListTable):
    """Log entries of numbers that were removed from the list, latest first."""

    caption = "Numbers that were removed"

    object_repr = django_tables2.Column("Number")
    change_message = django_tables2.Column("Note", attrs={"td": {"class": "reason"}})
    user = django_tables2.Column("Removed by")
    action_time = django_tables2.Column("When", attrs={"td": {"class": "nowrap"}})

    class Meta(ListTable.Meta):
        default = "–"

    def render_object_repr(self, value: str) -> SafeString:
        """Link to the list, which shows whether the number is on it again."""
        url = reverse("admin:campaigns_suppression_changelist")
        query = urlencode({"number": value})
        return format_html('<a class="number" href="{}?{}">{}</a>', url, query, value)

    def render_change_message(self, record: LogEntry) -> str:
        """Show the reason of the removal, and the reason the list had."""
        return record.get_change_message()

    def render_action_time(self, record: LogEntry) -> SafeString | str:
        """Show when the number was removed."""
        return formatting.ago(record.action_time)
