"""The base of all list tables."""

from __future__ import annotations

import django_tables2


class ListTable(django_tables2.Table):  # type: ignore[misc]
    """A table in the given order. Its pages are found by keys, so columns are not sortable."""

    caption = ""

    class Meta:
        template_name = "batchcalls/table.html"
        orderable = False
