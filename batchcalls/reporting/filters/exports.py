"""The filter of export files."""

from __future__ import annotations

import django_filters

from batchcalls.models import Export, ExportKind
from batchcalls.reporting.filters.listing import ListFilter
from batchcalls.states import ExportStatus


class ExportFilter(ListFilter):
    status = django_filters.ChoiceFilter(
        label="Status", choices=ExportStatus.choices, empty_label="Any status"
    )
    kind = django_filters.ChoiceFilter(
        label="Contents", choices=ExportKind.choices, empty_label="Any contents"
    )

    class Meta:
        model = Export
        fields: list[str] = []
