"""The filters of the batch list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.db.models import QuerySet

from batchcalls.models import Batch, VoiceAccount
from batchcalls.reporting.filters.listing import ListFilter, search_field
from batchcalls.reporting.filters.several import ChoicesFilter
from batchcalls.states import BATCH_ACTIVE, BATCH_TERMINAL, BatchStatus
from campaigns.models import Campaign

#: Groups of statuses.
GROUPS = {"active": ("Active", BATCH_ACTIVE), "finished": ("Finished", BATCH_TERMINAL)}


class BatchFilter(ListFilter):
    q = django_filters.CharFilter(method="search", **search_field("Search", "Name or batch ID"))
    status = ChoicesFilter(
        label="Status",
        method="by_status",
        empty_label="Any status",
        choices=[*((key, label) for key, (label, _) in GROUPS.items()), *BatchStatus.choices],
    )
    campaign = django_filters.ModelChoiceFilter(
        label="Campaign", queryset=Campaign.objects.all(), empty_label="Any campaign"
    )
    account = django_filters.ModelChoiceFilter(
        label="Account", queryset=VoiceAccount.objects.all(), empty_label="Any account"
    )
    tests = django_filters.BooleanFilter(
        label="Show test calls", method="with_tests", widget=forms.CheckboxInput
    )

    class Meta:
        model = Batch
        fields: list[str] = []

    def search(self, rows: QuerySet[Batch], name: str, value: str) -> QuerySet[Batch]:
        """Search by a whole id, or by part of the name."""
        try:
            return rows.filter(pk=UUID(value.strip()))
        except ValueError:
            return rows.filter(name__icontains=value.strip())

    def by_status(self, rows: QuerySet[Batch], name: str, values: list[str]) -> QuerySet[Batch]:
        """Filter by statuses, or by groups of statuses."""
        found = [GROUPS[one][1] if one in GROUPS else {one} for one in values]
        return rows.filter(status__in=set().union(*found))

    def with_tests(self, rows: QuerySet[Batch], name: str, value: Any) -> QuerySet[Batch]:
        """Exclude test calls unless they are requested."""
        return rows if value else rows.filter(test_of=None)
