"""The consent that a batch's rows record, for many rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform

from batchcalls.lists.mapping import ListMapping
from batchcalls.models import Batch, Recipient
from campaigns.consent_demands import Evidence

#: What decides about a consent, to group rows by: a column for each part of the record.
COLUMNS = {
    f"consent_{part}": KeyTextTransform(part, "consent") for part in ("kind", "given_on", "unclear")
}


def evidence_in(row: Mapping[str, Any]) -> Evidence:
    """Return what the columns of a row record, or nothing if it has none of them."""
    given = {name.removeprefix("consent_"): row.get(name) for name in COLUMNS}
    return Evidence.from_dict({name: value for name, value in given.items() if value})


def count_unclear(batch: Batch, rows: QuerySet[Recipient]) -> int:
    """Count the rows of a batch that record a consent nobody can read."""
    mappings = (ListMapping.from_list(stored.mapping) for stored in batch.lists.all())
    if not any(mapping.states_consent for mapping in mappings):
        return 0
    return rows.filter(consent__has_key="unclear").count()
