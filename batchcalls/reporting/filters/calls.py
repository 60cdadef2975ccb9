"""The filters of the call log, shared by its page, its export and the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import django_filters
from django import forms
from django.db import connection
from django.http import QueryDict
from django.utils.functional import lazy

from batchcalls.access import masking
from batchcalls.models import Batch, CallResult, VoiceAccount
from batchcalls.models.querysets import CallResultQuerySet
from batchcalls.reporting.filters.listing import (
    ListFilter,
    add_period,
    check_number_part,
    digits_of,
    search_field,
)
from batchcalls.reporting.filters.several import BatchIdFilter, ChoicesFilter
from batchcalls.reporting.keyset import PARAMETERS
from batchcalls.states import CallStatus
from campaigns.models import Campaign
from campaigns.vocabulary import AnsweredBy, dispositions_like

Calls = CallResultQuerySet[CallResult]

#: Parameters that only arrange the page. The short ones occur in saved URLs.
ARRANGING = PARAMETERS | {"columns", "callee", "sort", "totals", "o", "p", "all", "e", "_facets"}
#: The columns by which the log can be sorted: those that an index has in order.
SORTED_BY = ("claimed_at", "to_number")
#: Former names of parameters.
RENAMED = {
    "status__exact": "status",
    "answered_by__exact": "answered_by",
    "disposition__exact": "disposition",
    "account__id__exact": "account",
    "batch__id__exact": "batch",
}
#: Figures of the dashboard, each with the filter for its calls.
GROUPS: dict[str, tuple[str, Callable[[Calls], Calls]]] = {
    "live": ("Live", Calls.not_ended),
    "not_reached": ("Not reached", Calls.reached_nobody),
}


def _renamed(data: Any) -> QueryDict:
    """Replace former parameter names, which saved URLs and exports still have."""
    query = QueryDict(mutable=True)
    for name, values in (data or QueryDict()).lists():
        query.setlistdefault(RENAMED.get(name, name)).extend(values)
    return query


def order_of(query: Mapping[str, str]) -> tuple[str, ...]:
    """Return the order of the log: by time if the query names days, else by key.

    The newest calls come first either way. In key order, finding the calls of one day would read
    all calls since that day.
    """
    return ("claimed_at", "pk") if query.get("from") or query.get("to") else ("pk",)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The order of the log, and the column that a person chose to sort by, if any."""

    order: tuple[str, ...]
    ascending: bool = False
    column: str = ""


def arrangement_of(query: Mapping[str, str]) -> Arrangement:
    """Return the order that the URL asks for: ``sort=claimed_at``, or ``sort=-to_number``.

    Whoever sees no numbers cannot sort by them, because their order would tell them.
    """
    wanted = query.get("sort", "")
    column = wanted.removeprefix("-")
    if column not in SORTED_BY or (column == "to_number" and not masking.sees_now()):
        return Arrangement(order_of(query))
    return Arrangement((column, "pk"), ascending=column == wanted, column=column)


def _own_dispositions() -> list[str]:
    """Return the dispositions that campaigns define."""
    found = Campaign.objects.order_by().values_list("call_settings__dispositions", flat=True)
    return [name for names in found if isinstance(names, list) for name in names]


def search_note() -> str:
    """Return what a search for digits does where no index helps it; blank where one does."""
    if connection.vendor == "postgresql":
        return ""
    return "On SQLite, digits are compared with every number, which takes a moment in a large log."


class CallFilter(ListFilter):
    """Dates are days in the reader's time zone, the last one included. Lengths are in seconds."""

    q = django_filters.CharFilter(
        method="search",
        help_text=lazy(search_note, str)(),
        **search_field("Search", "Number, call or batch ID"),
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
    status = ChoicesFilter(
        label="Status",
        method="of_status",
        choices=[*((key, label) for key, (label, _) in GROUPS.items()), *CallStatus.choices],
        empty_label="Any status",
    )
    answered_by = ChoicesFilter(
        label="Answered by", choices=AnsweredBy.choices, empty_label="Anyone"
    )
    disposition = django_filters.CharFilter(
        label="Outcome",
        method="by_disposition",
        max_length=100,
        widget=forms.TextInput(attrs={"list": "dispositions"}),
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
        """Return the names of unknown parameters."""
        return sorted(set(self.data) - set(self.base_filters) - ARRANGING)

    @property
    def one_batch(self) -> Batch | None:
        """The batch, if only the calls of one are wanted."""
        batches = getattr(self.form, "cleaned_data", {}).get("batch") or []
        return batches[0] if len(batches) == 1 else None

    def is_valid(self) -> bool:
        """Tell whether all parameters are known and valid."""
        return not self.unknown and bool(super().is_valid())

    def search(self, rows: Calls, name: str, value: str) -> Calls:
        """Search by words in an id or a number."""
        return rows.search(value, parts_of_numbers=masking.sees_now())

    def of_status(self, rows: Calls, name: str, values: list[str]) -> Calls:
        """Filter by statuses, or by groups of statuses."""
        found = [GROUPS[one][1](rows) if one in GROUPS else rows.of_status(one) for one in values]
        return reduce(or_, found)

    def by_disposition(self, rows: Calls, name: str, value: str) -> Calls:
        """Filter by an outcome, as a code or in words. Case does not matter."""
        return rows.filter(disposition__in=dispositions_like(value, _own_dispositions()))

    def of_campaign(self, rows: Calls, name: str, value: Campaign) -> Calls:
        """Filter by campaign, across all its batches."""
        return rows.of_campaign(value)

    def by_number(self, rows: Calls, name: str, value: str) -> Calls:
        """Filter by a whole number, which is fast, or by part of one, in any notation."""
        digits = digits_of(value)
        if value.strip().startswith("+") and len(digits) >= 8:
            return rows.filter(to_number=f"+{digits}")
        if not masking.sees_now():  # parts would tell the rest, digit by digit
            return rows.none()
        return rows.with_digits(digits)


add_period(CallFilter, "claimed_at")
