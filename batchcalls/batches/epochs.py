"""Notice that the database was restored from a backup, and stop all calling when it was.

The database's epoch rises with every claim, before anyone is dialed, with every sweep, and when a
process starts. It is then kept beside the database, in this order: a crash in between leaves the
database ahead, which is no alarm. A database that is behind has lost claims, so people who were
called since may be in its queue.

Each host has its own file, and an idle host's file may be old. Only a higher number counts.

A restore on a new host, or of a whole machine, takes the number back too. Then the last epoch is
old. After such a silence nobody is dialed until `calling.silence` has asked the providers whether
they know newer calls of ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import Max

from batchcalls.batches import halts
from batchcalls.database import clock, mark
from batchcalls.models import Batch, CallResult, EmergencyStop, Epoch, WorkerHeartbeat
from batchcalls.models.epoch import ONLY_ROW
from batchcalls.states import BATCH_CALLING, BATCH_RESUMABLE

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)

#: After a restore, the epoch leaps past every number that any host may have kept.
LEAP = 1_000_000_000
#: A worker raises the epoch every minute. If none did for this long, all were off, or the database
#: is a backup.
LONGEST_PAUSE = timedelta(minutes=5)


class WentBack(Exception):
    """The database is older than the number beside it."""


def rise() -> Epoch:
    """Raise the epoch in the caller's transaction. Raise `WentBack` when it is too low.

    After the commit, and before anyone is dialed, pass the result to `keep`.
    """
    epoch = _lock()
    # Read after locking: whoever kept a number had committed it.
    kept = mark.highest(epoch.key)
    if kept is not None and epoch.number < kept:
        raise WentBack(f"The database's epoch is {epoch.number}; {kept} is kept beside it.")
    epoch.number += 1
    epoch.at = clock.now()
    epoch.save(update_fields=["number", "at"])
    return epoch


def keep(epoch: Epoch) -> None:
    """Keep a committed epoch beside the database."""
    mark.raise_to(epoch.key, epoch.number)


def silent_since() -> datetime | None:
    """Return the last known moment, if it is long ago and batches may continue; else None."""
    epoch = Epoch.objects.first()
    since = epoch.at if epoch else _last_sign_of_life()
    if clock.now() - since <= LONGEST_PAUSE:
        return None
    may_continue = Batch.objects.filter(status__in=BATCH_CALLING | BATCH_RESUMABLE)
    return since if may_continue.exists() else None


def _last_sign_of_life() -> datetime:
    """Return when a database without an epoch, from an older version, was last in use."""
    beat = WorkerHeartbeat.objects.aggregate(at=Max("at"))["at"]
    newest = CallResult.objects.order_by("-pk").values_list("claimed_at", flat=True).first()
    return max(filter(None, (beat, newest)), default=clock.now())


def confirm(*, is_checked: bool = False) -> None:
    """Raise the epoch, or stop all calling when the database went back.

    After a silence, only if the providers were asked (``is_checked``).
    A number that is not kept any more is no alarm: the host may be new, or have lost its files.
    Until it is kept again a restore would not be noticed, which the log and `/readyz` say.
    """
    if not is_checked and silent_since():
        log.warning("epoch.not_checked")
        return
    if not is_guarded():
        log.warning("epoch.not_kept")
    try:
        with transaction.atomic():
            epoch = rise()
    except WentBack:
        stop_if_back()
    else:
        keep(epoch)


def confirm_at_start() -> None:
    """Do the same when a web server starts, whose database may not answer or be migrated yet."""
    try:
        confirm()
    except DatabaseError:
        log.warning("epoch.not_confirmed", exc_info=True)
    finally:
        # The server may fork after this, and processes must not share a connection.
        if not connection.in_atomic_block:
            connection.close()


def stop_if_back() -> EmergencyStop | None:
    """Stop all calling if the database went back; return None if another process was faster."""
    with transaction.atomic():
        epoch = _lock()
        if (mark.highest(epoch.key) or 0) <= epoch.number:
            return None
        log.error("epoch.database_went_back", number=epoch.number, at=epoch.at.isoformat())
        stop = _stop(epoch, since=epoch.at, actor=None)
    keep(epoch)
    return stop


def declare_restored(*, since: datetime | None = None, actor: User | None = None) -> EmergencyStop:
    """Stop all calling because a person says that the database was restored.

    ``since`` is the moment of the backup; by default, the last one that the database knows.
    """
    with transaction.atomic():
        epoch = _lock()
        stop = _stop(epoch, since=since or epoch.at, actor=actor)
    keep(epoch)
    return stop


def is_behind() -> bool:
    """Return whether the database is older than the number beside it; change nothing."""
    epoch = Epoch.objects.first()
    return epoch is not None and (mark.highest(epoch.key) or 0) > epoch.number


def is_guarded() -> bool:
    """Return whether a restore would be noticed: the number is kept beside the database."""
    return is_kept() or not Epoch.objects.exists()


def is_kept() -> bool:
    """Return whether a number of this database is kept beside it."""
    epoch = Epoch.objects.first()
    return epoch is not None and mark.highest(epoch.key) is not None


def _lock() -> Epoch:
    rows = Epoch.objects.select_for_update()
    row = rows.first()
    if row is None:
        Epoch.objects.get_or_create(pk=ONLY_ROW, defaults={"at": _last_sign_of_life()})
        # Another process may have created the row and raised its number meanwhile.
        row = rows.get()
    return row


def _stop(epoch: Epoch, *, since: datetime, actor: User | None) -> EmergencyStop:
    epoch.number = max(epoch.number, mark.highest(epoch.key) or 0) + LEAP
    epoch.at = clock.now()
    epoch.save(update_fields=["number", "at"])
    return halts.engage_restored(actor, since=since)
