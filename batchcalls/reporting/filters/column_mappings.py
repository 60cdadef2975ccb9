"""The filters of the column mapping list."""

from __future__ import annotations

import django_filters

from batchcalls.reporting.filters.listing import ListFilter, search_field
from campaigns.models import ColumnMapping


class ColumnMappingFilter(ListFilter):
    q = django_filters.CharFilter(
        field_name="name", lookup_expr="icontains", **search_field("Search", "Name")
    )

    class Meta:
        model = ColumnMapping
        fields: list[str] = []
