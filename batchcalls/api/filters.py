"""The filters of lists: those of the pages, and instants, which pages have no use for."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from batchcalls.database import clock, stamps
from batchcalls.models import WebhookEndpoint
from batchcalls.reporting.filters import audit, batches, calls, do_not_call, webhooks
from batchcalls.reporting.filters.listing import ListFilter, check_year, search_field
from batchcalls.reporting.filters.several import ChoicesFilter
from campaigns.models import AllowedHost, CallingPolicy, Campaign, Pathway, Tool
from campaigns.vocabulary import Purpose

#: Former names of filters, and what to use instead.
DEPRECATED = {"from": "created_after", "to": "created_before"}
_UNESCAPED_PLUS = re.compile(r" (?=\d\d:?\d\d$)")


class InstantField(forms.Field):
    """A time with its zone, as RFC 3339 writes it."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the time. Raise `ValidationError`, also without a zone, which would be guessed."""
        # A plus that was not escaped arrives as a space.
        text = _UNESCAPED_PLUS.sub("+", str(value or "").strip())
        if not text:
            return None
        example = clock.text_of(datetime(2026, 11, 24, 9, tzinfo=UTC))
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise ValidationError(f"Enter a time such as {example}.") from None
        if found.tzinfo is None:
            raise ValidationError(f"The time zone is missing. Enter a time such as {example}.")
        check_year(found)
        return found.astimezone(UTC)


class InstantFilter(django_filters.Filter):  # type: ignore[misc]
    """Filters by a time."""

    field_class = InstantField


def _between(filters: type[ListFilter], **columns: str) -> None:
    """Add ``NAME_after``, which includes that time, and ``NAME_before``, which does not."""
    for name, column in columns.items():
        for side, lookup, words in (
            ("after", "gte", "At this time or later."),
            ("before", "lt", "Before this time."),
        ):
            filters.base_filters[f"{name}_{side}"] = InstantFilter(
                field_name=column,
                lookup_expr=lookup,
                label=f"{words} RFC 3339, such as 2026-11-24T09:00:00Z.",
            )


class BatchFilter(batches.BatchFilter):
    name = django_filters.CharFilter(
        lookup_expr="icontains", max_length=200, label="Part of the name."
    )


class CallFilter(calls.CallFilter):
    updated_since = InstantFilter(
        method="changed_since",
        label="Calls that ended or changed at this time or later, in the order of their "
        "`updated_at`. Send the last `updated_at` that you have.",
    )

    def changed_since(self, rows: calls.Calls, name: str, value: datetime) -> calls.Calls:
        """Return the ended calls that changed since, as far as no earlier change can appear."""
        changed = rows.filter(updated_at__gte=value, updated_at__lt=stamps.settled_before())
        return changed.filter(ended_at__isnull=False)


class DoNotCallFilter(do_not_call.DoNotCallFilter):
    pass


class AuditFilter(audit.AuditFilter):
    pass


class DeliveryFilter(webhooks.DeliveryFilter):
    endpoint = django_filters.ModelChoiceFilter(
        queryset=WebhookEndpoint.objects.all(), label="Endpoint ID."
    )


_between(BatchFilter, created="created_at", launched="launched_at", ended="ended_at")
_between(CallFilter, created="claimed_at", ended="ended_at")
_between(DoNotCallFilter, created="created_at", expires="expires_at")
_between(AuditFilter, created="at")
_between(DeliveryFilter, created="created_at", ended="ended_at")


def _searching(table: type[Model], *fields: str) -> type[ListFilter]:
    """Return a filter whose ``q`` finds a text in any of these fields, as the table's page does."""

    def search(self: Any, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        found = Q()
        for field in fields:
            found |= Q(**{f"{field}__icontains": value})
        return rows.filter(found)

    words = " or ".join(fields).replace("_", " ")
    options = search_field(f"Part of the {words}.", "")
    meta = type("Meta", (), {"model": table, "fields": []})
    members = {
        "Meta": meta,
        "search": search,
        "q": django_filters.CharFilter(method="search", **options),
    }
    return type(f"{table.__name__}Filter", (ListFilter,), members)


PathwayFilter = _searching(Pathway, "name", "pathway_id")
ToolFilter = _searching(Tool, "name", "reference")
PolicyFilter = _searching(CallingPolicy, "name")
AllowedHostFilter = _searching(AllowedHost, "host", "description")


class CampaignFilter(_searching(Campaign, "name", "prompt")):  # type: ignore[misc]
    purpose = ChoicesFilter(label="Purpose", choices=Purpose.choices)
    policy = django_filters.ModelChoiceFilter(
        label="Calling policy", queryset=CallingPolicy.objects.all()
    )
