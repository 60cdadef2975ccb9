"""The filters of the audit log, shared by its page, its export, and the API."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.apps import apps
from django.db.models import QuerySet
from django.utils.text import capfirst

from batchcalls.access import audit_values
from batchcalls.models import AuditAction, AuditDoor, AuditEntry
from batchcalls.reporting.filters.do_not_call import whole_number
from batchcalls.reporting.filters.listing import ListFilter, add_period, search_field
from batchcalls.reporting.filters.several import ChoicesFilter

Entries = QuerySet[AuditEntry]

#: Tables with entries, in the order in which the sidebar has them.
KINDS = (
    *("batchcalls.batch", "batchcalls.callresult", "campaigns.campaign", "campaigns.pathway"),
    *("campaigns.tool", "campaigns.callingpolicy", "campaigns.rulepackswitch"),
    "campaigns.allowedhost",
    *("campaigns.suppression", "batchcalls.optoutreview", "batchcalls.voiceaccount"),
    *("batchcalls.webhookendpoint", "batchcalls.webhookdelivery", "batchcalls.optoutsource"),
    *("campaigns.columnmapping", "batchcalls.apikey", "auth.user", "auth.group"),
    *("batchcalls.emergencystop", "batchcalls.storedlist", "batchcalls.export"),
    "batchcalls.auditentry",
)


def order_of(query: Any) -> tuple[str, ...]:
    """Return the order of a list: by time when days are asked for, else as it was written.

    Clocks can be set back; the order of writing cannot.
    """
    return ("at", "pk") if query.get("from") or query.get("to") else ("pk",)


class AuditFilter(ListFilter):
    """Dates are days in the reader's time zone, the last one included."""

    who = django_filters.CharFilter(
        field_name="actor_name", lookup_expr="exact", **search_field("Who", "User name")
    )
    action = ChoicesFilter(label="Action", choices=AuditAction.choices, empty_label="Any action")
    kind = ChoicesFilter(
        label="Object type",
        choices=[(one, capfirst(apps.get_model(one)._meta.verbose_name)) for one in KINDS],
        empty_label="Any type",
    )
    object_id = django_filters.CharFilter(
        label="Object ID",
        max_length=64,
        widget=forms.TextInput(attrs={"placeholder": "The whole ID", "autocomplete": "off"}),
    )
    number = django_filters.CharFilter(
        label="Number",
        method="by_number",
        max_length=30,
        widget=forms.TextInput(
            attrs={"type": "search", "inputmode": "tel", "placeholder": "The whole number"}
        ),
    )
    door = ChoicesFilter(label="Through", choices=AuditDoor.choices, empty_label="Any source")
    address = django_filters.CharFilter(
        label="Address",
        max_length=45,
        widget=forms.TextInput(attrs={"placeholder": "IP address", "autocomplete": "off"}),
    )

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    def by_number(self, rows: Entries, name: str, value: str) -> Entries:
        """Filter by the hash of a number; the log does not have the number itself."""
        number = whole_number(value)
        hashes = audit_values.hashes_of_number(number or value)
        # As the index says it, or SQLite does not use it.
        return rows.filter(number_hash__in=hashes).exclude(number_hash="")


add_period(AuditFilter, "at")
