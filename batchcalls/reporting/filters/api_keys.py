"""The filters of the API key list."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet

from batchcalls.models import ApiKey
from batchcalls.reporting.filters.listing import ListFilter, search_field


class ApiKeyFilter(ListFilter):
    q = django_filters.CharFilter(method="search", **search_field("Search", "Name or beginning"))

    class Meta:
        model = ApiKey
        fields: list[str] = []

    def search(self, rows: QuerySet[ApiKey], name: str, value: str) -> QuerySet[ApiKey]:
        """Search by part of the name, or by the beginning of the secret."""
        text = value.strip()
        return rows.filter(Q(name__icontains=text) | Q(prefix__startswith=text[:10]))
