"""A single call: a batch of one that is checked at once and stored as calling.

It goes through the same reading, mapping and checks as a list of one row, but in memory: nothing is
written to a disk, split into parts, or left for a worker to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from batchcalls.batches import born_calling
from batchcalls.database import clock
from batchcalls.drafting import drafts, recipient_objects
from batchcalls.drafting.drafts import DraftRequest
from batchcalls.intake import survey, validation
from batchcalls.intake.resource import JudgedRow, RecipientResource
from batchcalls.lists.rows import Row
from batchcalls.lists.tables import open_table, rows_as_uploaded
from batchcalls.models import Batch, Recipient, StoredList
from batchcalls.states import ListStatus

FILE_NAME = "call.csv"


@dataclass(frozen=True, slots=True)
class SingleCall:
    """An unsaved batch of one, its list without a file, and its judged row."""

    batch: Batch
    stored: StoredList
    row: JudgedRow

    @property
    def problem(self) -> str:
        """Why the row would be skipped, or blank."""
        return self.row.reason if self.row.reason_code else ""


def compose(request: DraftRequest, recipient: Mapping[str, Any], *, call_id: UUID) -> SingleCall:
    """Check a call. Raise as `recipient_objects.create` does; store nothing."""
    rows = [recipient]
    with recipient_objects.as_file(rows, request.reading, request.created_by) as (
        stream,
        reading,
        mapping,
    ):
        request = replace(request, reading=reading)
        draft = drafts.compose(request, stream, file_name=FILE_NAME, mapping=mapping)
        batch, stored = draft.batch, draft.stored
        with open_table(stored, stream) as table:
            [row] = rows_as_uploaded(stored, table)
    batch.single_call_id = call_id
    stored.batch, stored.created_by = batch, request.created_by
    survey.learn(stored, [row], keep=_nobody_else_works_on_it)
    resource = RecipientResource(
        stored=stored, mapping=mapping, rules=validation.RowRules.of(batch)
    )
    [judged] = resource.judged([row])
    _keep_whole(stored, row)
    return SingleCall(batch, stored, judged)


def store(call: SingleCall) -> Recipient:
    """Store a call that has no problem, in one transaction, and tell a worker. Return its row."""
    call.batch.row_count = 1
    call.batch.ready_through = call.row.row_number
    row = Recipient(**dict(zip(JudgedRow._fields, call.row, strict=True)))
    born_calling.store(call.batch, call.stored, row)
    return row


def _keep_whole(stored: StoredList, row: Row) -> None:
    """Have the list keep its row itself, as imported to its end."""
    stored.samples = [row.cells]
    stored.split_through = row.number
    stored.is_split = True
    stored.status = ListStatus.IMPORTED
    stored.ended_at = clock.now()


def _nobody_else_works_on_it() -> None:
    """Keep no lease: the list is not stored yet."""
