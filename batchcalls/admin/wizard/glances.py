"""What the first rows of a draft's list say, beside the steps that write the draft."""

from __future__ import annotations

from typing import Any

from batchcalls.drafting import drafts
from batchcalls.intake import glance
from batchcalls.lists.mapping import ListMapping
from batchcalls.models import Batch, StoredList
from campaigns.prompt_pieces import pieces_of


def context_of(
    batch: Batch, stored: StoredList, mapping: ListMapping, *, row: int = 0
) -> dict[str, Any]:
    """Return the figures, the problems, and the texts of one sample row (0 is the first)."""
    cells = stored.samples[row] if stored.samples else []
    values = {
        column.name: cells[column.position]
        for column in mapping.columns
        if column.is_variable and column.position < len(cells)
    }
    phone = mapping.phone_position
    return {
        "batch": batch,
        "row": row,
        "row_number": row + 2,
        "number": cells[phone] if phone is not None and phone < len(cells) else "",
        "pieces": pieces_of(batch.prompt, values),
        "first_sentence": pieces_of(batch.call_settings.get("first_sentence", ""), values),
        "variables_of_row": values,
        "glance": glance.of(batch, stored, mapping),
        "problems_now": drafts.content_problems(batch, mapping),
    }
