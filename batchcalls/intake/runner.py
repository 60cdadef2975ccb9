"""Import an uploaded list part by part, with any number of workers.

1. One worker surveys the list and splits the file into parts, which can be imported as soon as
   they exist.
2. Each part is one short transaction, so web requests and webhooks never wait for an import,
   and a worker that dies leaves only whole parts behind.
3. When all parts are imported, one worker completes the list.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Sum

from batchcalls.batches import lifecycle, list_imports
from batchcalls.database import clock, disks, statistics
from batchcalls.database.lease import Lease, LeaseLost
from batchcalls.intake import (
    dry_run,
    duplicates,
    joining,
    parts,
    refusals,
    splitting,
    storage_waits,
    survey,
    validation,
)
from batchcalls.intake.resource import RecipientResource
from batchcalls.intake.suppressions import SuppressionIntake
from batchcalls.lists.mapping import ListMapping, MappingError
from batchcalls.lists.rows import Row
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Batch, ListPart, Recipient, StoredList
from batchcalls.models.batch import DuplicateChoice
from batchcalls.states import (
    BATCH_IMPORTING,
    NOBODY_TO_CALL,
    BatchStatus,
    ListStatus,
    RecipientStatus,
)
from campaigns.prompts import PromptError

log = structlog.get_logger(__name__)

#: Longest time for one run of splitting a file, whatever the tick. A workbook is slow to read and
#: is read from its first row each time. Must stay well below the queue's time limit for the task.
SPLIT_SECONDS, SPLIT_WORKBOOK_SECONDS = 45.0, 600.0

#: What a survey and splitting find out, possibly in another process.
_SPLIT_FIELDS = ["is_split", "split_through", "evidence"]

#: Checks the rows of one part outside a transaction and returns a function that saves them inside
#: one. That function returns the number of usable rows and the problems of the others.
TakeIn = Callable[[list[Row]], Callable[[], tuple[int, list[list[object]]]]]


def run_batch(batch_id: UUID, *, seconds: float) -> bool:
    """Import the remaining rows of a batch's lists, as `run` does."""
    until = time.monotonic() + seconds
    lists = StoredList.objects.importing().filter(batch=batch_id).values_list("pk", flat=True)
    is_left, before = False, set[UUID]()
    # When one list of a draft is checked, the next begins.
    while pk := lists.exclude(pk__in=before).first():
        before.add(pk)
        is_left = run(pk, seconds=until - time.monotonic()) or is_left
    return is_left


@disks.naming_full_disks()
def run(list_id: UUID, *, seconds: float) -> bool:
    """Import a list for at most about ``seconds``; return whether there is more to do now.

    An unusable list is failed, and so is the batch if it is its first list. If its disk is full or
    away, it waits. Does nothing for a list that is not being imported.
    """
    until = time.monotonic() + seconds
    stored = StoredList.objects.importing().select_related("batch").filter(pk=list_id).first()
    if stored is None or storage_waits.is_waiting(stored):
        return False
    try:
        return _run(stored, until=until)
    except (lifecycle.Conflict, LeaseLost) as error:
        log.info("import.stopped", list_id=str(list_id), why=str(error))
    except UnreadableList as error:
        _fail(stored, code=error.code, reason=str(error))
    except MappingError as error:
        _fail(stored, code=error.problems[0].code, reason=str(error))
    except PromptError as error:
        _fail(stored, code="bad_prompt", reason=str(error))
    except FileNotFoundError:
        reason = "The stored list is gone. Upload it again, in a new batch."
        _fail(stored, code="file_missing", reason=reason)
    except (OSError, disks.DiskFull) as error:
        waits_for = disks.why(error, holds=disks.MEDIA)
        if not storage_waits.postpone(stored, waits_for):
            _fail(stored, code=waits_for.code, reason=str(waits_for))
    except (OperationalError, InterfaceError):
        # Nothing is wrong with the list, and the sweep will retry.
        raise
    except Exception as error:
        # A retry every minute would fail the same way.
        log.exception("import.failed", list_id=str(list_id))
        reason = f"Reading the list ended in {type(error).__name__}; see the log for details."
        _fail(stored, code="import_error", reason=reason)
    return False


def _run(stored: StoredList, *, until: float) -> bool:
    take_in = _taker(stored)
    while True:
        if not stored.is_split:
            _split(stored)
        if stored.evidence is None:
            stored.refresh_from_db(fields=_SPLIT_FIELDS)
            if stored.evidence is None and not stored.is_split:
                # Another worker surveys the list.
                return _is_idle(stored)
        if not _take_in_next(stored, take_in):
            # Other workers finish the parts they hold, and the last one completes the list.
            stored.refresh_from_db(fields=_SPLIT_FIELDS)
            return not (stored.is_split and _conclude(stored)) and _is_idle(stored)
        if time.monotonic() >= until:
            return True


def _is_idle(stored: StoredList) -> bool:
    """Return whether no worker is working on an unfinished list."""
    now = clock.now()
    rows = StoredList.objects.importing().filter(pk=stored.pk)
    return rows.exclude(lease_until__gt=now).exclude(parts__lease_until__gt=now).exists()


def _split(stored: StoredList) -> None:
    """Split the file, unless another process is doing so."""
    lease = Lease.acquire(StoredList.objects.importing(), stored.pk, seconds=settings.LEASE_SECONDS)
    if lease is None:
        return
    with lease:
        stored.refresh_from_db(fields=_SPLIT_FIELDS)
        if stored.batch and stored.batch.status == BatchStatus.INITIALIZING:
            lifecycle.begin_validating(stored.batch)
            stored.batch.status = BatchStatus.VALIDATING
        if stored.evidence is None:
            survey.survey(stored, lease)
        if not stored.is_split:
            limit = SPLIT_WORKBOOK_SECONDS if stored.sheet else SPLIT_SECONDS
            splitting.split(stored, lease, until=time.monotonic() + limit)
    if stored.reason:
        storage_waits.resume(stored)


def _take_in_next(stored: StoredList, take_in: TakeIn) -> bool:
    """Import one part that no other process holds; return whether there was one."""
    free = ListPart.objects.filter(stored_list=stored).free(clock.now())
    for pk in free.values_list("pk", flat=True)[:50]:
        lease = Lease.acquire(ListPart.objects.to_do(), pk, seconds=settings.LEASE_SECONDS)
        if lease is None:
            continue
        with lease:
            save = take_in(parts.rows_of(lease.get()))
            with transaction.atomic():
                part = lease.lock()
                if not StoredList.objects.importing().filter(pk=stored.pk).exists():
                    raise lifecycle.Conflict("validated", BatchStatus.CANCELED)
                part.added, part.problems = save()
                part.done_at = clock.now()
                part.save(update_fields=["added", "problems", "done_at", *lease.end_with(part)])
        if stored.reason:
            storage_waits.resume(stored)
        return True
    return False


def _taker(stored: StoredList) -> TakeIn:
    mapping = ListMapping.from_list(stored.mapping)
    if stored.batch is None:
        return SuppressionIntake(stored=stored, mapping=mapping).take_in
    resource = RecipientResource(
        stored=stored, mapping=mapping, rules=validation.RowRules.of(stored.batch)
    )
    return resource.take_in


def _conclude(stored: StoredList) -> bool:
    """Complete the list when all parts are imported; return whether it is finished."""
    if ListPart.objects.to_do().filter(stored_list=stored).exists():
        return False
    lease = Lease.acquire(StoredList.objects.importing(), stored.pk, seconds=settings.LEASE_SECONDS)
    if lease is None:
        return False
    with lease:
        stored.refresh_from_db(fields=["split_through"])
        row_count = stored.parts.aggregate(rows=Sum("row_count"))["rows"] or 0
        if stored.batch:
            _conclude_recipients(stored, stored.batch, lease, row_count=row_count)
        else:
            list_imports.end(stored, ListStatus.IMPORTED)
    return True


def _conclude_recipients(
    stored: StoredList, batch: Batch, lease: Lease[StoredList], *, row_count: int
) -> None:
    if not row_count:
        _fail(stored, code="no_rows", reason="The file has a header but no rows.")
        return
    refusals.skip_refused(stored, lease)
    if batch.duplicates == DuplicateChoice.CALL_ONCE:
        duplicates.skip_repeated(stored, lease)
    statistics.renew(Recipient, whatever_size=True)
    dry_run.store(batch)
    callable_rows = Recipient.objects.filter(batch=batch, status=RecipientStatus.PENDING)
    with transaction.atomic():
        current = Batch.objects.lock([batch.pk])[batch.pk]  # always before the list
        if not list_imports.end(stored, ListStatus.IMPORTED):
            return
        if stored.row_offset and current.status not in BATCH_IMPORTING:
            added = callable_rows.filter(row_number__gt=stored.row_offset).count()
            joining.make_ready(stored, row_count=row_count, callable_rows=added)
            return
        if stored.row_offset:
            row_count += current.row_count or 0
        checked = {"row_count": row_count, "ready_through": stored.last_row}
        Batch.objects.filter(pk=batch.pk).update(**checked)
        if list_imports.begin_next(batch.pk, behind=stored.last_row):
            return
        if callable_rows.exists():
            lifecycle.finish_validating(batch, through=stored.last_row, row_count=row_count)
            return
        if row_count == 1:
            reason, them = "The only row cannot be called; see its reason.", "it"
        else:
            reason = f"None of the {row_count:,} rows can be called; see the reason of each."
            them = "them"
        if current.can_be_corrected:
            remedy = f"Correct {them} and add {them}, or upload another list."
            lifecycle.return_to_draft(batch, message=f"{reason} {remedy}")
        else:
            lifecycle.fail(batch, code=NOBODY_TO_CALL, message=reason)


def _fail(stored: StoredList, *, code: str, reason: str) -> None:
    """Fail an unusable list, and its batch if it has no other list."""
    with transaction.atomic():
        if stored.batch:
            Batch.objects.lock([stored.batch.pk])  # always before the list
        if not list_imports.end(stored, ListStatus.FAILED, code=code, reason=reason):
            return
        if stored.batch and not stored.row_offset:
            lifecycle.fail(stored.batch, code=code, message=reason)
        elif stored.batch:
            joining.give_up(stored, reason=reason)
