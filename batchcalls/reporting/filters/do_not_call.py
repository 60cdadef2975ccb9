"""The filters of the do-not-call list, shared by its page and its exports."""

from __future__ import annotations

import django_filters
from django import forms
from django.conf import settings

from batchcalls.access import masking
from batchcalls.database import clock
from batchcalls.reporting.filters.listing import (
    ListFilter,
    add_period,
    check_number_part,
    digits_of,
    search_field,
)
from batchcalls.reporting.filters.several import ChoicesFilter
from campaigns import e164
from campaigns.models import Suppression, SuppressionQuerySet, SuppressionSource


def whole_number(text: str) -> str:
    """Return typed text as an E.164 number, or "" if it is not a whole number."""
    parsed = e164.parse(text, region=settings.DEFAULT_REGION)
    return parsed.e164 if isinstance(parsed, e164.Number) else ""


class DoNotCallFilter(ListFilter):
    """Dates are days in the reader's time zone, the last one included."""

    number = django_filters.CharFilter(
        label="Number",
        method="by_number",
        max_length=30,
        validators=[check_number_part],
        widget=forms.TextInput(
            attrs={"type": "search", "inputmode": "tel", "placeholder": "Whole or a part of it"}
        ),
    )
    reason = django_filters.CharFilter(
        method="by_reason", **search_field("Reason", "Words of the reason")
    )
    source = ChoicesFilter(
        label="Source", choices=SuppressionSource.choices, empty_label="Any source"
    )

    state = django_filters.ChoiceFilter(
        label="State",
        method="by_state",
        choices=[("in_force", "In force"), ("expired", "Expired"), ("held", "Under review")],
        empty_label="Any state",
    )

    class Meta:
        model = Suppression
        fields: list[str] = []

    @property
    def asked_number(self) -> str:
        """Return the whole number that the query asks for, or ""."""
        return whole_number(str(self.data.get("number", ""))[:30])

    @property
    def is_only_number(self) -> bool:
        """Tell whether the query asks for a number and nothing else."""
        others = set(self.filters) - {"number"}
        return not any(str(self.data.get(name, "")).strip() for name in others)

    def by_number(self, rows: SuppressionQuerySet, name: str, value: str) -> SuppressionQuerySet:
        """Filter by a whole number or its beginning, which are fast, or by part of it."""
        if number := whole_number(value):
            return rows.about(number)
        if not masking.sees_now():  # parts would tell the rest, digit by digit
            return rows.none()
        digits = digits_of(value)
        if value.strip().startswith("+"):
            return rows.filter(e164__startswith=f"+{digits}")
        # The digits of a hash are no part of a number.
        return rows.filter(e164__contains=digits, e164__startswith="+")

    def by_state(self, rows: SuppressionQuerySet, name: str, value: str) -> SuppressionQuerySet:
        """Filter by whether an entry blocks calls now."""
        if value == "held":
            return rows.holds()
        now = clock.now()
        return rows.in_force(now) if value == "in_force" else rows.filter(expires_at__lte=now)

    def by_reason(self, rows: SuppressionQuerySet, name: str, value: str) -> SuppressionQuerySet:
        """Filter by reasons that contain every word."""
        for word in value.split():
            rows = rows.filter(reason__icontains=word)
        return rows


add_period(DoNotCallFilter, "created_at")
