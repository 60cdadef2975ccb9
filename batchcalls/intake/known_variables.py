"""The variables that lists usually have, for people who write a prompt before there is a list."""

from __future__ import annotations

from batchcalls.lists.mapping import ListMapping
from campaigns.models import ColumnMapping

#: How many mappings are looked at, and how many names are returned.
MOST_MAPPINGS, MOST_NAMES = 20, 30


def of_saved_mappings() -> list[str]:
    """Return the variables of the newest saved column mappings, each once."""
    names: dict[str, None] = {}
    for saved in ColumnMapping.objects.order_by("-created_at")[:MOST_MAPPINGS]:
        names |= dict.fromkeys(ListMapping.from_list(saved.columns).variables())
    return list(names)[:MOST_NAMES]
