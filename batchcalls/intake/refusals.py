"""Apply a refusal in a list to every row of the batch with the same number, or to every batch."""

from __future__ import annotations

from django.db import transaction

from batchcalls.database.bulk import update_each
from batchcalls.database.lease import Lease
from batchcalls.intake.validation import CONSENT_REFUSED, OPT_OUT_UNCLEAR, OPTED_OUT, REFUSALS
from batchcalls.models import Recipient, StoredList
from batchcalls.states import RECIPIENT_NOT_YET_PLACED, RecipientStatus

ROWS_AT_A_TIME = 2_000
_SENTENCES = {
    CONSENT_REFUSED: "Row {row} says no for the same number.",
    OPTED_OUT: "Row {row} opts out the same number.",
    OPT_OUT_UNCLEAR: "Row {row} has an unclear opt-out for the same number.",
}


def skip_refused(stored: StoredList, lease: Lease[StoredList]) -> int:
    """Skip the rows of a batch whose number has a refusal in another row; return how many.

    Runs when all rows are imported, because parts arrive in any order. Rows of earlier lists are
    skipped too, unless they are being called or were called already. Raises `LeaseLost`.
    """
    rows = Recipient.objects.filter(batch=stored.batch_id)
    said_no = rows.filter(reason_code__in=REFUSALS, status=RecipientStatus.SKIPPED)
    waiting = rows.filter(status__in=RECIPIENT_NOT_YET_PLACED)
    skipped, last = 0, ""
    while refusals := {
        number: (code, row)
        for number, code, row in said_no.filter(e164__gt=last)
        .order_by("e164")
        .values_list("e164", "reason_code", "row_number")[:ROWS_AT_A_TIME]
    }:
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
        last = max(refusals)
    return skipped
