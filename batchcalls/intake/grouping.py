"""Group the rows of a batch, some of them at a time.

SQLite sorts rows to group them, in memory: 1,000,000 rows at once take 200 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Max, Min, QuerySet

from batchcalls.models import Batch

ROWS_AT_A_TIME = 50_000


def groups_of(
    rows: QuerySet[Any], batch: Batch, keys: Sequence[str], *, start: str
) -> list[dict[str, Any]]:
    """Return the keys of each group of a batch's rows, and how many ``rows`` it has.

    ``starts_at`` is the first value of the column ``start`` in a group.
    """
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    last = batch.recipients.aggregate(last=Max("row_number"))["last"] or 0
    for first in range(0, last + 1, ROWS_AT_A_TIME):
        some = rows.filter(row_number__gte=first, row_number__lt=first + ROWS_AT_A_TIME)
        for found in some.values(*keys).annotate(rows=Count("pk"), starts_at=Min(start)):
            # As text, because a key may be JSON.
            group = groups.setdefault(tuple(str(found[key]) for key in keys), found)
            if group is not found:
                group["rows"] += found["rows"]
                starts = filter(None, (group["starts_at"], found["starts_at"]))
                group["starts_at"] = min(starts, default=None)
    return list(groups.values())
