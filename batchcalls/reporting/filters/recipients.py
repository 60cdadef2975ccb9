"""The filters of a batch's rows."""

from __future__ import annotations

from functools import reduce
from operator import or_

import django_filters
from django.db.models import Q, QuerySet

from batchcalls.access import masking
from batchcalls.models import Recipient
from batchcalls.models.querysets import RecipientQuerySet
from batchcalls.reporting.filters.listing import ListFilter, search_field
from batchcalls.reporting.filters.several import ChoicesFilter
from batchcalls.states import (
    RECIPIENT_IN_FLIGHT,
    RECIPIENT_NOT_YET_PLACED,
    RecipientOutcome,
    RecipientStatus,
)

#: Figures of the batch's page, each with the filter for its rows.
GROUPS = {
    "waiting": ("To call", Q(status__in=RECIPIENT_NOT_YET_PLACED)),
    "live": ("Live", Q(status__in=RECIPIENT_IN_FLIGHT)),
    "callable": ("Not skipped", ~Q(status=RecipientStatus.SKIPPED)),
    "called": ("Called", Q(called=True)),
    "answered": (
        "Answered",
        Q(outcome__in=[RecipientOutcome.REACHED, RecipientOutcome.VOICEMAIL]),
    ),
}


class RecipientFilter(ListFilter):
    q = django_filters.CharFilter(method="search", **search_field("Search", "Number or row"))
    status = ChoicesFilter(
        label="Status",
        method="by_status",
        empty_label="Any status",
        choices=[*((key, label) for key, (label, _) in GROUPS.items()), *RecipientStatus.choices],
    )
    outcome = ChoicesFilter(
        label="Outcome", choices=RecipientOutcome.choices, empty_label="Any outcome"
    )
    reason_code = django_filters.CharFilter(label="Reason code", method="by_reason", max_length=60)

    class Meta:
        model = Recipient
        fields: list[str] = []

    def search(
        self, rows: RecipientQuerySet[Recipient], name: str, value: str
    ) -> QuerySet[Recipient]:
        """Search by row number, or by part of the phone number, original or normalized."""
        text = value.strip()
        found = Q(e164=text)
        if masking.sees_now() and text.removeprefix("+").isdecimal():
            # Digits of a usable number are in its normalized form.
            found |= rows.with_digits(text) | Q(e164="", raw_number__contains=text)
        elif masking.sees_now():
            found |= Q(e164__contains=text) | Q(raw_number__icontains=text)
        if text.isdecimal() and len(text) < 8:
            found |= Q(row_number=int(text))
        return rows.filter(found)

    def by_reason(self, rows: QuerySet[Recipient], name: str, value: str) -> QuerySet[Recipient]:
        """Filter by a reason, as a code or in the words that pages show for it."""
        return rows.filter(reason_code="_".join(value.lower().split()))

    def by_status(
        self, rows: QuerySet[Recipient], name: str, values: list[str]
    ) -> QuerySet[Recipient]:
        """Filter by statuses, or by groups of statuses."""
        found = [GROUPS[one][1] if one in GROUPS else Q(status=one) for one in values]
        return rows.filter(reduce(or_, found))
