"""Apply a refusal in a list to every row of the batch with the same number, or to every batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from batchcalls.access import audit
from batchcalls.batches.suppressing import suppress
from batchcalls.database import clock
from batchcalls.database.bulk import update_each
from batchcalls.database.lease import Lease
from batchcalls.intake.listed import is_listed_for_good
from batchcalls.intake.validation import (
    CLEAR_REFUSALS,
    CONSENT_REFUSED,
    OPT_OUT_UNCLEAR,
    OPTED_OUT,
    REFUSALS,
)
from batchcalls.models import AuditAction, Batch, Recipient, StoredList
from batchcalls.states import RECIPIENT_NOT_YET_PLACED, RecipientStatus
from campaigns import same_phone
from campaigns.models import Ban, Suppression, SuppressionSource

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ROWS_AT_A_TIME = 2_000
NUMBERS_AT_A_TIME = 2_000
_SENTENCES = {
    CONSENT_REFUSED: "Row {row} says no for the same number.",
    OPTED_OUT: "Row {row} opts out the same number.",
    OPT_OUT_UNCLEAR: "Row {row} has an unclear opt-out for the same number.",
}


def skip_refused(stored: StoredList, lease: Lease[StoredList]) -> int:
    """Skip the rows of a batch whose number has a refusal in another row; return how many.

    A refusal applies to all numbers of its row. It does not spread from a row that is skipped here
    to that row's other numbers, because nobody refused calls to them. Runs when all rows are
    imported, because parts arrive in any order. Rows of earlier lists are skipped too, unless they
    are being called or were called already. Raises `LeaseLost`.
    """
    rows = Recipient.objects.filter(batch=stored.batch_id)
    said_no = rows.filter(reason_code__in=REFUSALS, status=RecipientStatus.SKIPPED)
    waiting = rows.filter(status__in=RECIPIENT_NOT_YET_PLACED)
    skipped = last = 0
    # In most lists nobody refuses, and the order below would make a database read all rows.
    if not said_no.order_by().exists():
        return 0
    while refusing := list(
        said_no.filter(row_number__gt=last)
        .order_by("row_number")
        .only("row_number", "e164", "refused_numbers", "reason_code")[:ROWS_AT_A_TIME]
    ):
        last = refusing[-1].row_number
        refusals = {
            spelling: (row.reason_code, row.row_number)
            for row in reversed(refusing)
            for number in row.numbers_refused
            for spelling in same_phone.spellings_of(number)
        }
        refused = list(waiting.filter(e164__in=refusals).values_list("pk", "e164"))
        with transaction.atomic():
            lease.keep()
            skipped += update_each(
                Recipient,
                ["status", "reason_code", "reason", "due_at"],
                [
                    (
                        pk,
                        RecipientStatus.SKIPPED,
                        code,
                        _SENTENCES[code].format(row=row),
                        None,
                    )
                    for pk, number in refused
                    for code, row in [refusals[number]]
                ],
                where_in=("status", RECIPIENT_NOT_YET_PLACED),
            )
    return skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """How many refused numbers are new on the do-not-call list, and how many were on it."""

    new: int
    listed: int


def suppress_refused(batch: Batch, *, actor: User | None = None) -> Suppressed:
    """Add the numbers that clearly refuse in a batch's lists to the do-not-call list.

    They are added some thousand at a time; existing entries stay unchanged.
    """
    reason = f"Said no in the list of {batch.name}"
    new = total = 0
    for numbers in chain(_first_numbers(batch), _other_numbers(batch)):
        reasons = dict.fromkeys(numbers, reason)
        new += suppress(reasons, source=SuppressionSource.IMPORT, actor=actor)
        total += len(numbers)
    note = "Do-not-call: the numbers that refuse in its lists"
    audit.record(AuditAction.ADDED, batch, note=note, count=new, actor=actor)
    return Suppressed(new=new, listed=total - new)


def count_unlisted(batch: Batch) -> int:
    """Count the numbers that clearly refuse in a batch's lists, but may be called by others."""
    rows = _refused(batch).alias(listed=is_listed_for_good()).filter(listed=False)
    unlisted: int = rows.values("e164").distinct().count()
    for numbers in _other_numbers(batch):
        bans = Suppression.objects.bans_among(numbers, now=clock.now())
        unlisted += sum(bans.on(number, None) != Ban.EVERYWHERE for number in numbers)
    return unlisted


def _first_numbers(batch: Batch) -> Iterator[list[str]]:
    """Yield the different first numbers of the rows that clearly refuse, some thousand a time."""
    last = ""
    refused = _refused(batch).values_list("e164", flat=True).distinct().order_by("e164")
    while numbers := list(refused.filter(e164__gt=last)[:NUMBERS_AT_A_TIME]):
        yield numbers
        last = numbers[-1]


def _other_numbers(batch: Batch) -> Iterator[list[str]]:
    """Yield the different numbers that are not the first of any row that clearly refuses."""
    rows = _refused(batch).exclude(refused_numbers="").order_by("row_number")
    rows = rows.only("row_number", "e164", "refused_numbers")
    yielded, last = set[str](), 0
    while refusing := list(rows.filter(row_number__gt=last)[:ROWS_AT_A_TIME]):
        last = refusing[-1].row_number
        others = {number for row in refusing for number in row.numbers_refused} - yielded
        first = _refused(batch).filter(e164__in=others).values_list("e164", flat=True)
        others -= set(first)
        yielded |= others
        yield sorted(others)


def _refused(batch: Batch) -> QuerySet[Recipient]:
    rows = Recipient.objects.filter(batch=batch, reason_code__in=CLEAR_REFUSALS)
    return rows.filter(status=RecipientStatus.SKIPPED).order_by()
