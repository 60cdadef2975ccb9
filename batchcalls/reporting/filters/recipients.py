"""How the rows of a batch are narrowed."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet

from batchcalls.models import Recipient
from batchcalls.reporting.filters.listing import ListFilter, search_field
from batchcalls.states import (
    RECIPIENT_IN_FLIGHT,
    RECIPIENT_NOT_YET_PLACED,
    RecipientOutcome,
    RecipientStatus,
)

#: The figures of the batch's page, each as the rows behind it.
GROUPS = {
    "waiting": ("To call", RECIPIENT_NOT_YET_PLACED),
    "live": ("Live", RECIPIENT_IN_FLIGHT),
}


class RecipientFilter(ListFilter):
    q = django_filters.CharFilter(method="search", **search_field("Search", "Number or row"))
    status = django_filters.ChoiceFilter(
        label="Status",
        method="by_status",
        empty_label="Any status",
        choices=[*((key, label) for key, (label, _) in GROUPS.items()), *RecipientStatus.choices],
    )
    outcome = django_filters.ChoiceFilter(
        label="Outcome", choices=RecipientOutcome.choices, empty_label="Any outcome"
    )
    reason_code = django_filters.CharFilter(label="Reason code", max_length=60)

    class Meta:
        model = Recipient
        fields: list[str] = []

    def search(self, rows: QuerySet[Recipient], name: str, value: str) -> QuerySet[Recipient]:
        """Find by a row's number, or by a part of the number as it was given or is dialed."""
        text = value.strip()
        found = Q(e164__contains=text) | Q(raw_number__icontains=text)
        if text.isdecimal() and len(text) < 8:
            found |= Q(row_number=int(text))
        return rows.filter(found)

    def by_status(self, rows: QuerySet[Recipient], name: str, value: str) -> QuerySet[Recipient]:
        """Take one status, or a group of them."""
        return rows.filter(status__in=GROUPS[value][1] if value in GROUPS else [value])
