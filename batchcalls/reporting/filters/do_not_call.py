"""How the do-not-call list is narrowed: the same for its page and for its exports."""

from __future__ import annotations

import django_filters
from django import forms
from django.conf import settings

from batchcalls.reporting.filters.listing import (
    ListFilter,
    add_period,
    check_number_part,
    digits_of,
    search_field,
)
from campaigns import e164
from campaigns.models import Suppression, SuppressionQuerySet, SuppressionSource


def whole_number(text: str) -> str:
    """Return what somebody typed as E.164; "" if it is no whole number."""
    parsed = e164.parse(text, region=settings.DEFAULT_REGION)
    return parsed.e164 if isinstance(parsed, e164.Number) else ""


class DoNotCallFilter(ListFilter):
    """Dates are days of the site's time zone, the last one included."""

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
    source = django_filters.ChoiceFilter(
        label="Source", choices=SuppressionSource.choices, empty_label="Any source"
    )

    class Meta:
        model = Suppression
        fields: list[str] = []

    @property
    def asked_number(self) -> str:
        """Return the whole number that is asked for; "" if none is."""
        return whole_number(str(self.data.get("number", ""))[:30])

    @property
    def is_only_number(self) -> bool:
        """Tell whether nothing but a number is asked for."""
        others = set(self.filters) - {"number"}
        return not any(str(self.data.get(name, "")).strip() for name in others)

    def by_number(self, rows: SuppressionQuerySet, name: str, value: str) -> SuppressionQuerySet:
        """Find a whole number or the beginning of one at once, a part of one in all of them."""
        if number := whole_number(value):
            return rows.filter(e164=number)
        digits = digits_of(value)
        if value.strip().startswith("+"):
            return rows.filter(e164__startswith=f"+{digits}")
        return rows.filter(e164__contains=digits)

    def by_reason(self, rows: SuppressionQuerySet, name: str, value: str) -> SuppressionQuerySet:
        """Find the numbers whose reason holds each of the words."""
        for word in value.split():
            rows = rows.filter(reason__icontains=word)
        return rows


add_period(DoNotCallFilter, "created_at")
