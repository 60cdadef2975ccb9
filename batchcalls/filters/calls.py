"""How the call log is narrowed: the same for its page, for its export and by API."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from batchcalls.filters.listing import ListFilter, search_field
from batchcalls.models import Batch, CallResult, VoiceAccount
from batchcalls.states import CallStatus
from campaigns.models import Campaign
from campaigns.vocabulary import AnsweredBy

_NUMBER = re.compile(r"[+\d\s().\-/]{3,30}")


def _number(value: str) -> None:
    if not _NUMBER.fullmatch(value.strip()):
        raise ValidationError("Write a number, or three digits of it at least.")


class CallFilter(ListFilter):
    """Dates are days of the site's time zone, the last one included; lengths are in seconds."""

    q = django_filters.CharFilter(
        method="search", **search_field("Search", "Call ID, number or batch ID")
    )
    batch = django_filters.ModelChoiceFilter(
        label="Batch ID",
        queryset=Batch.objects.all(),
        widget=forms.TextInput(attrs={"placeholder": "The whole ID", "autocomplete": "off"}),
        error_messages={
            "invalid_choice": "There is no batch of this ID. Copy it from the list of batches."
        },
    )
    campaign = django_filters.ModelChoiceFilter(
        label="Campaign",
        field_name="batch__campaign",
        queryset=Campaign.objects.all(),
        empty_label="Any campaign",
    )
    account = django_filters.ModelChoiceFilter(
        label="Account", queryset=VoiceAccount.objects.all(), empty_label="Any account"
    )
    status = django_filters.ChoiceFilter(
        label="Status", choices=CallStatus.choices, empty_label="Any status"
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
        validators=[_number],
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

    def search(self, rows: QuerySet[CallResult], name: str, value: str) -> QuerySet[CallResult]:
        """Find by the words of an id or a number."""
        return CallResult.objects.filter(pk__in=rows.values("pk")).search(value)

    def by_number(self, rows: QuerySet[CallResult], name: str, value: str) -> QuerySet[CallResult]:
        """Find by a whole number, or by a part of it, however it is written."""
        digits = re.sub(r"\D", "", value)
        if value.strip().startswith("+") and len(digits) >= 8:
            return rows.filter(to_number=f"+{digits}")
        return rows.filter(to_number__contains=digits)

    def since(self, rows: QuerySet[CallResult], name: str, value: date) -> QuerySet[CallResult]:
        """Take the calls of that day and later."""
        return rows.filter(claimed_at__gte=_midnight(value))

    def until(self, rows: QuerySet[CallResult], name: str, value: date) -> QuerySet[CallResult]:
        """Take the calls of that day and before."""
        return rows.filter(claimed_at__lt=_midnight(value + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _day(label: str, method: str) -> django_filters.DateFilter:
    widget = forms.DateInput(attrs={"type": "date"})
    return django_filters.DateFilter(label=label, method=method, widget=widget)


# "from" is a word of the language, so these two cannot be attributes in the class's body.
CallFilter.base_filters["from"] = _day("From", "since")
CallFilter.base_filters["to"] = _day("To", "until")
