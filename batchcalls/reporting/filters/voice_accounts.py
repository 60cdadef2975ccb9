"""The filters of the voice account list."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from batchcalls.models import VoiceAccount
from batchcalls.reporting.filters.listing import ListFilter, search_field
from batchcalls.voice import registry

STATES = [("on", "Switched on"), ("off", "Switched off")]


class VoiceAccountFilter(ListFilter):
    q = django_filters.CharFilter(
        field_name="name", lookup_expr="icontains", **search_field("Search", "Name")
    )
    provider = django_filters.ChoiceFilter(
        label="Provider", choices=registry.choices, empty_label="Any provider"
    )
    state = django_filters.ChoiceFilter(
        label="State", method="by_state", choices=STATES, empty_label="Any state"
    )

    class Meta:
        model = VoiceAccount
        fields: list[str] = []

    def by_state(
        self, rows: QuerySet[VoiceAccount], name: str, value: str
    ) -> QuerySet[VoiceAccount]:
        """Filter by accounts that are on, or off."""
        return rows.filter(enabled=value == "on")
