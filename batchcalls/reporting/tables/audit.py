"""The columns of the audit log."""

from __future__ import annotations

import django_tables2
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from batchcalls.models import AuditAction, AuditEntry
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable

_TONES = {
    AuditAction.ADDED: "success",
    AuditAction.DELETED: "danger",
    AuditAction.STOPPED: "danger",
    AuditAction.REVOKED: "danger",
    AuditAction.PURGED: "danger",
    AuditAction.LAUNCHED: "success",
}
NAMES_SHOWN = 4


def action_pill(entry: AuditEntry) -> SafeString | str:
    """Show what was done."""
    known = entry.action in AuditAction.values
    tone = _TONES.get(AuditAction(entry.action), "neutral") if known else "neutral"
    return formatting.pill(entry.action, entry.action_label, tone)


def changes_of(entry: AuditEntry) -> str:
    """Return the names of the values that changed, or the note."""
    names = [*{**(entry.before or {}), **(entry.after or {})}]
    if entry.action in {AuditAction.ADDED, AuditAction.DELETED}:
        return entry.note
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    listed = ", ".join(label_of(entry, name) for name in names[:NAMES_SHOWN]) + more
    return " · ".join(filter(None, [entry.note, listed]))


def label_of(entry: AuditEntry, name: str) -> str:
    """Return the label of a value: that of its column, if the table has one."""
    try:
        return str(capfirst(apps.get_model(entry.kind)._meta.get_field(name).verbose_name))
    except (LookupError, ValueError, FieldDoesNotExist, AttributeError):
        return formatting.words(name)


class AuditTable(ListTable):
    """Entries, the latest first."""

    caption = "Audit log"

    at = django_tables2.Column("When", attrs={"td": {"class": "nowrap"}})
    action = django_tables2.Column()
    object_name = django_tables2.Column("Object", empty_values=())
    changes = django_tables2.Column("Details", empty_values=(), attrs={"td": {"class": "reason"}})
    actor_name = django_tables2.Column("Who", empty_values=())
    address = django_tables2.Column("From", empty_values=(), attrs={"td": {"class": "nowrap"}})

    class Meta(ListTable.Meta):
        pass

    def render_at(self, record: AuditEntry) -> SafeString:
        """Link to the entry by its time."""
        url = reverse("admin:batchcalls_auditentry_change", args=[record.pk])
        return format_html('<a href="{}">{}</a>', url, formatting.at(record.at))

    def render_action(self, record: AuditEntry) -> SafeString | str:
        """Show what was done."""
        return action_pill(record)

    def render_object_name(self, record: AuditEntry) -> SafeString:
        """Show the object with its type."""
        return format_html(
            '<span><span class="strong">{}</span><span class="under">{}</span></span>',
            record.object_name or "–",
            capfirst(record.kind_label),
        )

    def render_changes(self, record: AuditEntry) -> str:
        """Return what changed."""
        return changes_of(record) or "–"

    def render_actor_name(self, record: AuditEntry) -> SafeString:
        """Show who did it, and the key or door they used."""
        under = record.api_key_name or record.door_label
        return format_html(
            '<span>{}<span class="under">{}</span></span>', record.actor_name or "–", under
        )

    def render_address(self, record: AuditEntry) -> str:
        """Return the address of the request."""
        return record.address or "–"
