"""Skip duplicate numbers of a batch, if the batch is set to call each number once."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Count, F, Min, OuterRef, Subquery

from batchcalls.database.bulk import update_each
from batchcalls.database.lease import Lease
from batchcalls.models import Recipient, StoredList
from batchcalls.states import RECIPIENT_LEFT_OUT, RecipientStatus
from campaigns import same_phone

NUMBERS_AT_A_TIME = ROWS_AT_A_TIME = 2_000


def skip_repeated(stored: StoredList, lease: Lease[StoredList]) -> int:
    """Skip each row of a list whose number is in an earlier row of the batch; return how many.

    Runs when all rows are imported, because parts arrive in any order. It goes through the
    duplicate numbers in index order, some thousand at a time in short transactions, and does not
    repeat what an earlier run skipped. Raises `LeaseLost`.
    """
    # Rows that are skipped, or belong to an unusable list, call no one.
    rows = Recipient.objects.filter(batch=stored.batch_id).exclude(status__in=RECIPIENT_LEFT_OUT)
    skipped = 0
    for numbers in _repeated_numbers(stored):
        firsts = rows.filter(e164__in=numbers).order_by().values_list("e164")
        repeated = dict(firsts.annotate(first=Min("row_number")))
        again = rows.filter(
            e164__in=repeated, row_number__gt=stored.row_offset, status=RecipientStatus.PENDING
        ).exclude(row_number__in=repeated.values())
        while duplicates := list(again.order_by().values_list("pk", "e164")[:ROWS_AT_A_TIME]):
            with transaction.atomic():
                lease.keep()
                update_each(
                    Recipient,
                    ["status", "reason_code", "reason"],
                    [
                        (pk, RecipientStatus.SKIPPED, "duplicate", _sentence(repeated[e164], e164))
                        for pk, e164 in duplicates
                    ],
                )
            skipped += len(duplicates)
    return skipped + _skip_twins(stored, lease)


def _repeated_numbers(stored: StoredList) -> Iterator[list[str]]:
    """Yield the numbers of a batch that several rows have, whatever their status.

    The index of numbers has all the columns that are needed, so that no row is read.
    """
    last = ""
    times = Recipient.objects.filter(batch=stored.batch_id).order_by("e164").values_list("e164")
    repeated = times.annotate(times=Count("*")).filter(times__gt=1).values_list("e164", flat=True)
    while numbers := list(repeated.filter(e164__gt=last)[:NUMBERS_AT_A_TIME]):
        yield numbers
        last = numbers[-1]


def _skip_twins(stored: StoredList, lease: Lease[StoredList]) -> int:
    """Skip each row of a list whose phone is in an earlier row under another number."""
    rows = Recipient.objects.filter(batch=stored.batch_id).exclude(status__in=RECIPIENT_LEFT_OUT)
    rows = rows.filter(e164__gte=same_phone.FIRST, e164__lt=same_phone.LAST)
    earlier = rows.filter(e164=OuterRef("twin"), row_number__lt=OuterRef("row_number"))
    again = rows.filter(row_number__gt=stored.row_offset, status=RecipientStatus.PENDING)
    found: list[tuple[int, int, str]] = list(
        again.annotate(twin=same_phone.twin_in(F("e164")))
        .annotate(first=Subquery(earlier.order_by("row_number").values("row_number")[:1]))
        .filter(first__isnull=False)
        .order_by()
        .values_list("pk", "first", "twin")
    )
    for start in range(0, len(found), ROWS_AT_A_TIME):
        with transaction.atomic():
            lease.keep()
            update_each(
                Recipient,
                ["status", "reason_code", "reason"],
                [
                    (
                        pk,
                        RecipientStatus.SKIPPED,
                        "duplicate",
                        f"Row {first} has another number of the same phone, {twin}.",
                    )
                    for pk, first, twin in found[start : start + ROWS_AT_A_TIME]
                ],
            )
    return len(found)


def _sentence(first_row: int, number: str) -> str:
    return f"Row {first_row} has the same number, {number}."
