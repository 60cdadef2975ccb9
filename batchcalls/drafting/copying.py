"""New batches from an existing one: a clone to edit, and a test call with its first row."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import transaction

from batchcalls.batches import lifecycle
from batchcalls.drafting import authority, draft_lists, drafts, edits
from batchcalls.drafting.chosen_rules import ChosenRules
from batchcalls.drafting.drafts import DraftError
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists.mapping import CONSENT_DETAILS, ListMapping, Target
from batchcalls.lists.tables import header_row_of, open_table
from batchcalls.models import Batch, BatchEvent, StoredList
from batchcalls.models.launched_with import Use, values_of
from batchcalls.states import BatchStatus
from campaigns import e164

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def clone(batch: Batch, *, with_list: bool, actor: User | None = None) -> Batch:
    """Return a new draft with the contents of another batch, without its calls.

    The calling policy is as it is today, so that a copy cannot escape a stricter rule.
    ``with_list`` copies the first list and its column mapping. Raise `FileNotFoundError` if its
    file is missing, and `UploadError` if it is now too large.
    """
    copy = Batch.objects.create(
        name=f"{batch.name[:190]} (copy)",
        policy=drafts.policy_for(
            batch.campaign, batch.account, batch.purpose, ChosenRules.of(batch)
        ),
        created_by=actor,
        **values_of(batch, Use.CLONED),
    )
    BatchEvent.objects.create(
        batch=copy,
        to_status=BatchStatus.DRAFT,
        actor=actor,
        code="cloned",
        message=f"Cloned from {batch} ({batch.pk}).",
    )
    BatchEvent.objects.create(batch=batch, actor=actor, code="cloned", message=f"Cloned as {copy}.")
    original = draft_lists.list_of(batch) if with_list else None
    if original:
        reading = ReadingOptions(
            encoding=original.encoding,
            delimiter=original.delimiter,
            sheet=original.sheet,
            header_row=header_row_of(original),
            include_hidden=original.include_hidden,
            region=original.region,
            dates=original.date_order,
            numbers_written=original.numbers_written,
        )
        with original.open_file() as stream:
            stored = draft_lists.attach_list(
                copy, stream, file_name=original.file_name, reading=reading, actor=actor
            )
        stored.mapping = original.mapping
        stored.format_details = original.format_details
        stored.save(update_fields=["mapping", "format_details"])
    return copy


@transaction.atomic
def place_test_call(batch: Batch, *, number: str, actor: User | None = None) -> Batch:
    """Launch a batch of one that calls ``number`` with the data of the first row. Return it.

    The do-not-call list, calling hours and limits apply as to every call. What the row says about
    consent is about somebody else: whoever tests consents to the call. Raise `DraftError` for a
    number that cannot be called, and for an incomplete batch.
    """
    parsed = e164.parse(number, region=batch.region, kinds=batch.account.special_kinds)
    if isinstance(parsed, e164.NumberProblem):
        raise DraftError(parsed.message, code=str(parsed.code))
    permitted = batch.account.permitted
    if permitted and (refused := permitted.check(parsed.e164)):
        raise DraftError(refused.message, code=refused.code)
    if found := edits.problems(batch):
        raise DraftError(" ".join(one.message for one in found), code=found[0].code)
    authority.check_launch(batch, actor)
    stored = draft_lists.list_of(batch)
    row = _first_row(stored) if stored else None
    phone = ListMapping.from_list(stored.mapping).phone_position if stored else None
    if stored is None or row is None or phone is None:
        raise DraftError("The list has no row to take the data from.", code="no_rows")
    row[phone] = parsed.e164
    trial = Batch.objects.create(
        name=f"Test of {batch.name}"[:200],
        test_of=batch,
        created_by=actor,
        **values_of(batch, Use.TRIED),
    )
    BatchEvent.objects.create(
        batch=trial,
        to_status=BatchStatus.DRAFT,
        actor=actor,
        code="test_call",
        message=f"Tries out {batch} ({batch.pk}) with the data of its first row.",
    )
    text = io.StringIO()
    csv.writer(text).writerows([stored.headers, row])
    joined = draft_lists.attach_list(
        trial,
        io.BytesIO(text.getvalue().encode()),
        file_name="test-call.csv",
        reading=ReadingOptions(
            encoding="utf-8", delimiter="comma", region=batch.region, dates=stored.dates_written
        ),
        actor=actor,
    )
    joined.mapping = _without_consent(ListMapping.from_list(stored.mapping)).to_list()
    joined.save(update_fields=["mapping"])
    lifecycle.submit(trial, launch=True, actor=actor)
    return trial


def _without_consent(mapping: ListMapping) -> ListMapping:
    """Return a mapping that leaves out consent and opt-outs, and keeps the variables."""
    return ListMapping(
        tuple(
            replace(column, target=Target.REQUEST_DATA if column.name else Target.IGNORE)
            if column.target in {Target.CONSENT, Target.OPT_OUT, *CONSENT_DETAILS}
            else column
            for column in mapping.columns
        )
    )


def _first_row(stored: StoredList) -> list[str] | None:
    """Return the first row that is not blank and has no problem, as wide as the header."""
    width = len(stored.headers)
    with stored.open_file() as stream, open_table(stored, stream) as table:
        for row in table:
            if not row.problem and any(cell.strip() for cell in row.cells):
                return [*row.cells, *[""] * width][:width]
    return None
