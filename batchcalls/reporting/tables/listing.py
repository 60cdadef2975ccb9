"""What every list has in common."""

from __future__ import annotations

import django_tables2


class ListTable(django_tables2.Table):  # type: ignore[misc]
    """A list in the order in which it came: its pages are found by keys, not sorted at will."""

    caption = ""

    class Meta:
        template_name = "batchcalls/table.html"
        orderable = False
