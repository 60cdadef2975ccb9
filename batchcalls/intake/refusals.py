"""Apply a “no” in a consent column to every row of the batch with the same number."""

from __future__ import annotations

from django.db import transaction

from batchcalls.database.bulk import update_each
from batchcalls.database.lease import Lease
from batchcalls.intake.validation import CONSENT_REFUSED
from batchcalls.models import Recipient, StoredList
from batchcalls.states import RECIPIENT_NOT_YET_PLACED, RecipientStatus

ROWS_AT_A_TIME = 2_000


def skip_refused(stored: StoredList, lease: Lease[StoredList]) -> int:
    """Skip the rows of a batch whose number has a “no” in another row; return how many.

    Runs when all rows are imported, because parts arrive in any order. Rows of earlier lists are
    skipped too, unless they are being called or were called already. Raises `LeaseLost`.
    """
    rows = Recipient.objects.filter(batch=stored.batch_id)
    said_no = rows.filter(reason_code=CONSENT_REFUSED, status=RecipientStatus.SKIPPED)
    waiting = rows.filter(status__in=RECIPIENT_NOT_YET_PLACED)
    skipped, last = 0, ""
    while refusals := dict(
        said_no.filter(e164__gt=last)
        .order_by("e164")
        .values_list("e164", "row_number")[:ROWS_AT_A_TIME]
    ):
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
                        CONSENT_REFUSED,
                        f"Row {refusals[number]} says of the same number that it consents to no "
                        "calls.",
                        None,
                    )
                    for pk, number in refused
                ],
                where_in=("status", RECIPIENT_NOT_YET_PLACED),
            )
        last = max(refusals)
    return skipped
