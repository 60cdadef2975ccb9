"""Everything that keeps a batch from calling, from its draft to its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from batchcalls.database import clock
from batchcalls.models import Batch, EmergencyStop, StoredList
from batchcalls.reporting.waiting import Waiting, halts_of, reasons_of
from batchcalls.states import (
    BATCH_IMPORTING,
    BATCH_PREPARING,
    BATCH_RESUMABLE,
    BatchStatus,
)


def blockers_of(batches: Iterable[Batch]) -> dict[UUID, list[Waiting]]:
    """Return for each batch all that keeps it from placing calls; nothing for one that is over.

    First what is about the batch itself, then what halts all calls or those of its account. While a
    batch is calling, these are the reasons for which it waits.
    """
    now = clock.now()
    batches = list(batches)
    open_batches = [batch for batch in batches if not batch.is_over]
    found: dict[UUID, list[Waiting]] = {batch.pk: [] for batch in batches}
    if not open_batches:
        return found
    waiting = reasons_of(open_batches, now=now)
    stop = EmergencyStop.objects.in_force().first()
    checking = dict(
        StoredList.objects.importing()
        .filter(batch__in=[batch.pk for batch in open_batches if batch.pk not in waiting])
        .order_by("reason")  # of several lists, one that waits counts
        .values_list("batch", "reason")
    )
    for batch in open_batches:
        if batch.pk in waiting:
            found[batch.pk] = waiting[batch.pk]
            continue
        own = list(_of_batch(batch, checking))
        if own:
            found[batch.pk] = [*own, *halts_of(batch.account, stop, now=now)]
    return found


def _of_batch(batch: Batch, checking: dict[UUID, str]) -> Iterator[Waiting]:
    if batch.pk in checking or batch.status in BATCH_IMPORTING:
        message = "Its list is being checked."
        if reason := checking.get(batch.pk):
            message = f"Its list is being checked, which waits: {reason}"
        yield Waiting(code="list_importing", message=message)
    if batch.status in BATCH_RESUMABLE:
        message = batch.reason or "It is paused. Resume it to continue."
        yield Waiting(code=batch.reason_code or "paused", message=message)
    elif batch.awaits_correction:
        yield Waiting(code=batch.reason_code, message=batch.reason)
    elif batch.status in BATCH_PREPARING and not batch.launch_when_ready:
        is_draft = batch.status == BatchStatus.DRAFT
        state = "It is a draft." if is_draft else "It was not launched."
        yield Waiting(code="not_launched", message=f"{state} Launch it to start calls.")
