"""The base of all list tables."""

from __future__ import annotations

from dataclasses import dataclass

import django_tables2


@dataclass(frozen=True, slots=True)
class Sort:
    """Where the header of a column leads, and the direction in which the table is sorted by it."""

    href: str
    direction: str = ""


class ListTable(django_tables2.Table):  # type: ignore[misc]
    """A table in the given order.

    Its pages are found by keys, so it is sorted by the database or not at all: a column that can be
    sorted has a `Sort` in its ``attrs``.
    """

    caption = ""

    class Meta:
        template_name = "batchcalls/table.html"
        orderable = False
