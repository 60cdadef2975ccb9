"""Change the caller IDs of an account, and release the rows that waited for one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import transaction

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.calling.caller_ids import AT_CAP, NONE_ON
from batchcalls.database import clock
from batchcalls.models import Batch, CallerId, Recipient, VoiceAccount
from batchcalls.states import RecipientStatus


@transaction.atomic
def change(
    account: VoiceAccount,
    *,
    added: Collection[str] = (),
    changed: Iterable[CallerId] = (),
    removed: Iterable[CallerId] = (),
) -> None:
    """Add numbers (E.164), save changed rows, and delete others. Workers use them at once.

    Rows that wait for a caller ID are due again, and wait again if they must.
    """
    with audit.changing(account):
        for row in changed:
            # A person may have raised the cap.
            row.full_until = None
            row.save(update_fields=["enabled", "daily_cap", "note", "full_until"])
        account.caller_ids.filter(pk__in=[row.pk for row in removed]).delete()
        CallerId.objects.bulk_create(
            [CallerId(account=account, e164=number) for number in added], ignore_conflicts=True
        )
    waiting = Recipient.objects.filter(
        batch__in=Batch.objects.calling().filter(account=account).values("pk"),
        status=RecipientStatus.DEFERRED,
        reason_code__in=[AT_CAP, NONE_ON],
    )
    if waiting.update(due_at=clock.now()):
        queue.ring(queue.DISPATCH_TICK, account.pk)
