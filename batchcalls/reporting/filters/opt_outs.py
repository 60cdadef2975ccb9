"""The filter of the opt-out reviews."""

from __future__ import annotations

from typing import Any

import django_filters

from batchcalls.models import OptOutReview
from batchcalls.reporting.filters.listing import ListFilter

DECIDED = "decided"


class OptOutReviewFilter(ListFilter):
    """Pending reviews, or decided ones."""

    state = django_filters.ChoiceFilter(
        label="State", method="by_state", choices=[(DECIDED, "Decided")], empty_label="Pending"
    )

    class Meta:
        model = OptOutReview
        fields: list[str] = []

    @property
    def shows_decided(self) -> bool:
        """Tell whether decided reviews are asked for."""
        return str(self.data.get("state", "")) == DECIDED

    @property
    def qs(self) -> Any:
        """Return pending reviews unless decided ones are asked for."""
        rows = super().qs
        return rows if self.shows_decided else rows.filter(decided_at=None)

    def by_state(self, rows: Any, name: str, value: str) -> Any:
        """Filter by whether a person has decided."""
        return rows.exclude(decided_at=None)
