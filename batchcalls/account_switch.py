"""The switch of a voice account: off, nobody is dialled through it, whatever its batches say.

Batches keep their status and calls that are live go on; where calls are claimed and placed
`BatchQuerySet.dialling` asks for the switch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from batchcalls import queue
from batchcalls.models import Batch, BatchEvent, VoiceAccount

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)


class SwitchConflict(Exception):
    """Somebody else was faster: the account is on already, or off already."""


@transaction.atomic
def switch(account: VoiceAccount, *, on: bool, actor: User | None) -> int:
    """Switch an account on or off, and say so in the log of each batch that this concerns.

    Switched on, its batches go on at once. Returns how many batches these are; raises
    `SwitchConflict` when there is nothing to switch.
    """
    if not VoiceAccount.objects.filter(pk=account.pk, enabled=not on).update(enabled=on):
        raise SwitchConflict(f"The account {account} is switched {'on' if on else 'off'} already.")
    account.enabled = on
    code, what = ("account_on", "on") if on else ("account_off", "off")
    concerned = list(
        Batch.objects.calling().filter(account=account).order_by().values_list("pk", flat=True)
    )
    BatchEvent.objects.bulk_create(
        BatchEvent(
            batch_id=pk,
            actor=actor,
            code=code,
            message=f"The voice account {account} was switched {what}.",
        )
        for pk in concerned
    )
    by = actor.get_username() if actor else ""
    log.warning("account.switched", account_id=account.pk, on=on, by=by, batches=len(concerned))
    if on and concerned:
        queue.ring(queue.DISPATCH_TICK, account.pk)
    return len(concerned)
