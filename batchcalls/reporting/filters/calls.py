"""How the call log is narrowed: the same for its page, for its export and by API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from batchcalls.models import Batch, CallResult, VoiceAccount
from batchcalls.models.querysets import CallResultQuerySet
from batchcalls.reporting.filters.listing import (
    ListFilter,
    add_period,
    check_number_part,
    digits_of,
    search_field,
)
from batchcalls.reporting.keyset import PARAMETERS
from batchcalls.states import CallStatus
from campaigns.models import Campaign
from campaigns.vocabulary import AnsweredBy

Calls = CallResultQuerySet[CallResult]

#: Parameters that only arrange the page; the short ones are of addresses that were kept.
ARRANGING = PARAMETERS | {"columns", "o", "p", "all", "e", "_facets"}
#: What parameters were called once.
RENAMED = {
    "status__exact": "status",
    "answered_by__exact": "answered_by",
    "disposition__exact": "disposition",
    "account__id__exact": "account",
    "batch__id__exact": "batch",
}
#: The figures of the first page, each as the calls behind it.
GROUPS: dict[str, tuple[str, Callable[[Calls], Calls]]] = {
    "live": ("Live", Calls.not_ended),
    "not_reached": ("Not reached", Calls.reached_nobody),
}


def _renamed(data: Any) -> QueryDict:
    """Read the names that the parameters had before, in addresses and exports that were kept."""
    query = QueryDict(mutable=True)
    for name, values in (data or QueryDict()).lists():
        query.setlistdefault(RENAMED.get(name, name)).extend(values)
    return query


def order_of(query: Mapping[str, str]) -> tuple[str, ...]:
    """Return the order in which the log is read: by time where days are asked for.

    The newest calls come first either way. By their keys all calls since a day would have to be
    gone through to find those of that day.
    """
    return ("claimed_at", "pk") if query.get("from") or query.get("to") else ("pk",)


class BatchIdField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A whole batch ID, typed or pasted; whatever is none gets the same sentence."""

    default_error_messages = {
        "invalid_choice": "There is no batch of this ID. Copy it from the list of batches."
    }

    def to_python(self, value: Any) -> Any:
        """Find the batch; raise `ValidationError`."""
        try:
            return super().to_python(value.strip() if isinstance(value, str) else value)
        except ValidationError:
            raise ValidationError(self.error_messages["invalid_choice"]) from None


class BatchIdFilter(django_filters.Filter):  # type: ignore[misc]
    """Takes what belongs to one batch."""

    field_class = BatchIdField

    def __init__(self, **options: Any) -> None:
        """Ask for the whole ID."""
        widget = forms.TextInput(attrs={"placeholder": "The whole ID", "autocomplete": "off"})
        super().__init__(label="Batch ID", queryset=Batch.objects.all(), widget=widget, **options)


class CallFilter(ListFilter):
    """Dates are days of the site's time zone, the last one included; lengths are in seconds."""

    q = django_filters.CharFilter(
        method="search", **search_field("Search", "Call ID, number or batch ID")
    )
    batch = BatchIdFilter()
    campaign = django_filters.ModelChoiceFilter(
        label="Campaign",
        method="of_campaign",
        queryset=Campaign.objects.all(),
        empty_label="Any campaign",
    )
    account = django_filters.ModelChoiceFilter(
        label="Account", queryset=VoiceAccount.objects.all(), empty_label="Any account"
    )
    status = django_filters.ChoiceFilter(
        label="Status",
        method="of_status",
        choices=[*((key, label) for key, (label, _) in GROUPS.items()), *CallStatus.choices],
        empty_label="Any status",
    )
    answered_by = django_filters.ChoiceFilter(
        label="Answered by", choices=AnsweredBy.choices, empty_label="Anybody"
    )
    disposition = django_filters.CharFilter(
        label="Outcome", max_length=100, widget=forms.TextInput(attrs={"list": "dispositions"})
    )
    number = django_filters.CharFilter(
        label="Number",
        method="by_number",
        max_length=30,
        validators=[check_number_part],
        widget=forms.TextInput(attrs={"type": "search", "inputmode": "tel"}),
    )
    min_duration = django_filters.NumberFilter(
        label="Seconds, at least", field_name="duration_seconds", lookup_expr="gte", min_value=0
    )
    max_duration = django_filters.NumberFilter(
        label="Seconds, at most", field_name="duration_seconds", lookup_expr="lte", min_value=0
    )

    class Meta:
        model = CallResult
        fields: list[str] = []

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(_renamed(data), *args, **kwargs)

    @property
    def unknown(self) -> list[str]:
        """Name the parameters that ask for something which cannot be asked for."""
        return sorted(set(self.data) - set(self.base_filters) - ARRANGING)

    def is_valid(self) -> bool:
        """Tell whether all that is asked for is understood."""
        return not self.unknown and bool(super().is_valid())

    def search(self, rows: Calls, name: str, value: str) -> Calls:
        """Find by the words of an id or a number."""
        return rows.search(value)

    def of_status(self, rows: Calls, name: str, value: str) -> Calls:
        """Find by how far a call is, or how it ended; or take a group of statuses."""
        return GROUPS[value][1](rows) if value in GROUPS else rows.of_status(value)

    def of_campaign(self, rows: Calls, name: str, value: Campaign) -> Calls:
        """Find the calls of all batches of a campaign."""
        return rows.of_campaign(value)

    def by_number(self, rows: Calls, name: str, value: str) -> Calls:
        """Find by a whole number, at once, or by a part of it; however it is written."""
        digits = digits_of(value)
        if value.strip().startswith("+") and len(digits) >= 8:
            return rows.filter(to_number=f"+{digits}")
        return rows.filter(to_number__contains=digits)


add_period(CallFilter, "claimed_at")
