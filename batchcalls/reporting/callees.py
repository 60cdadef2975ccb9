"""The names of the people called: the value of one variable of their row."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from batchcalls.lists.mapping import VARIABLES
from batchcalls.models import CallResult, ListKind, StoredList

#: Longest name that a list shows.
LONGEST = 80


class Callees:
    """Names the people of some calls, by the chosen variable or by one of their batch's list."""

    def __init__(self, calls: Collection[CallResult], chosen: str = "") -> None:
        """Look up the variables of the calls' batches, in one query."""
        self.chosen = chosen
        self._by_batch = _variables_of({call.batch_id for call in calls})

    @property
    def variables(self) -> list[str]:
        """The variables that can be chosen, in the order of the lists' columns."""
        return list(dict.fromkeys(name for names in self._by_batch.values() for name in names))

    def name_of(self, call: CallResult) -> str:
        """Return the name of the person called, or nothing."""
        data = call.recipient.request_data
        names = self._by_batch.get(call.batch_id) or list(data)
        value = str(data.get(self.chosen or naming(names), "") or "")
        return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"


def naming(variables: Iterable[str]) -> str:
    """Return the first variable that names somebody, or else the first one."""
    names = list(variables)
    return next((name for name in names if "name" in name.casefold()), names[0] if names else "")


def _variables_of(batches: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the variables of each batch's first list, in the order of its columns."""
    lists = StoredList.objects.filter(batch__in=batches, kind=ListKind.RECIPIENTS)
    found: dict[UUID, list[str]] = {}
    for batch, mapping in lists.order_by("created_at", "pk").values_list("batch_id", "mapping"):
        if batch is not None and batch not in found:
            found[batch] = [
                column["name"]
                for column in mapping
                if column.get("target") in VARIABLES and column.get("name")
            ]
    return found
