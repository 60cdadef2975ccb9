"""The columns of the call log."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import django_tables2
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.models import CallResult
from batchcalls.models.call_fields import CallField, Kind, Place, fields_of
from batchcalls.reporting.call_values import shown
from batchcalls.reporting.callees import Callees
from batchcalls.reporting.tables.listing import ListTable, Sort

COLUMNS = {one.name_in(Place.LOG): one for one in fields_of(Place.LOG)}
#: The columns that are shown by default.
DEFAULT_COLUMNS = [name for name, one in COLUMNS.items() if one.usual]
_CLASSES = {
    Kind.NUMBER: "num",
    **dict.fromkeys([Kind.SECONDS, Kind.MONEY, Kind.TIME], "nowrap"),
}


class CallColumn(django_tables2.Column):  # type: ignore[misc]
    """Shows one field of a call."""

    def __init__(self, field: CallField, sort: Sort | None = None) -> None:
        css = _CLASSES.get(field.kind)
        attrs: dict[str, Any] = {"td": {"class": css}} if css else {}
        super().__init__(field.label, accessor=field.lookup, attrs={**attrs, "sort": sort})
        self.field = field

    def render(self, record: CallResult) -> SafeString | str:
        """Show the field as everywhere in the back office."""
        return shown(self.field, record)


class CallTable(ListTable):
    """Attempts, each with the name of the person called below the number.

    ``query`` is the filter of the log, which the pages of its calls keep. ``sorts`` are the columns
    that can be sorted.
    """

    caption = "Calls"

    class Meta(ListTable.Meta):
        default = "–"

    def __init__(
        self,
        *args: Any,
        columns: list[str],
        callees: Callees,
        query: str = "",
        sorts: Mapping[str, Sort] = MappingProxyType({}),
        links_batches: bool = True,
        **kwargs: Any,
    ) -> None:
        self.callees, self.query, self.links_batches = callees, query, links_batches
        chosen = [
            (name, CallColumn(one, sorts.get(name)))
            for name, one in COLUMNS.items()
            if name in columns
        ]
        super().__init__(*args, extra_columns=chosen, **kwargs)

    def render_to_number(self, record: CallResult) -> SafeString:
        """Link to the call, with the name of the person below."""
        url = reverse("admin:batchcalls_callresult_change", args=[record.pk])
        url += f"?{self.query}" * bool(self.query)
        link = format_html('<a class="number" href="{}">{}</a>', url, record.to_number)
        name = self.callees.name_of(record)
        if not name:
            return link
        return format_html('<span>{}<span class="under" dir="auto">{}</span></span>', link, name)

    def render_batch(self, record: CallResult) -> SafeString | str:
        """Link to the batch, for users who may open it."""
        if not self.links_batches:
            return record.batch.name
        url = reverse("admin:batchcalls_batch_change", args=[record.batch_id])
        return format_html('<a href="{}">{}</a>', url, record.batch.name)
