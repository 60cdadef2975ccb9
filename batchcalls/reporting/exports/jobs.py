"""Exports that a worker writes because they take long. They are stored for download."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files import File
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from batchcalls import queue
from batchcalls.access import masking
from batchcalls.database import clock, disks
from batchcalls.database.lease import Lease, LeaseLost
from batchcalls.models import Batch, Export, preferences_of
from batchcalls.models.export import ExportKind
from batchcalls.reporting.exports.batch_tables import OF_A_BATCH
from batchcalls.reporting.exports.call_log import UnknownFilter, call_log, fields_for, matching
from batchcalls.reporting.exports.tables import Table
from batchcalls.reporting.exports.writing import TooManyRows, write_xlsx
from batchcalls.states import ExportStatus

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

log = structlog.get_logger(__name__)


@transaction.atomic
def request(
    kind: ExportKind, *, batch: Batch | None = None, query: str = "", actor: User | None = None
) -> Export:
    """Request a workbook from a worker."""
    export = Export.objects.create(kind=kind, batch=batch, query=query, created_by=actor)
    queue.ring(queue.EXPORT, str(export.pk))
    return export


def table_of(export: Export) -> Table:
    """Return the table to export, as whoever asked may see it. Raise `UnknownFilter`."""
    if export.batch is None:
        # The days of the filter are those of the person's page.
        with timezone.override(preferences_of(export.created_by).zone):
            calls = matching(export.query)
        table = call_log(calls, fields_for(export.created_by))
    else:
        table = OF_A_BATCH[ExportKind(export.kind)](export.batch)
    if masking.may_see(export.created_by):
        return table
    return replace(table, rows=masking.rows_masked(table.rows))


@disks.naming_full_disks()
def run(export_id: UUID) -> None:
    """Write the workbook, unless it is written or another process is writing it.

    An export that cannot be written becomes failed, with the reason. After a database error the
    sweep tries again. If a disk is full or away, the export waits for up to a day.
    """
    waiting = Export.objects.filter(status=ExportStatus.WAITING)
    lease = Lease.acquire(waiting, export_id, seconds=settings.LEASE_SECONDS)
    if lease is None:
        return
    try:
        with lease:
            _try(lease, export_id)
    except (OSError, disks.DiskFull) as error:
        _postpone(waiting.filter(pk=export_id), error)


def _try(lease: Lease[Export], export_id: UUID) -> None:
    try:
        _write(lease.get(), lease)
    except LeaseLost as error:
        log.info("export.stopped", export_id=str(export_id), why=str(error))
    except FileNotFoundError:
        reason = "The stored list of the batch is gone, so its rows cannot be exported."
        _end(lease, ExportStatus.FAILED, reason=reason)
    except (OperationalError, InterfaceError, OSError, disks.DiskFull):
        raise
    except (TooManyRows, UnknownFilter) as error:
        _end(lease, ExportStatus.FAILED, reason=str(error))
    except Exception as error:
        log.exception("export.failed", export_id=str(export_id))
        reason = f"Writing the file ended in {type(error).__name__}; see the log for details."
        _end(lease, ExportStatus.FAILED, reason=reason)


def _postpone(waiting: QuerySet[Export], error: OSError | disks.DiskFull) -> None:
    """Have an export wait for its disk, or fail it if it has waited for too long."""
    now = clock.now()
    why = disks.why(error)
    since = waiting.values_list("created_at", flat=True).first() or now
    if due := disks.next_try(since, now):
        waiting.update(reason=f"{why} Until then, the export waits.", lease_until=due)
        log.warning("export.waits", code=why.code, until=due.isoformat())
    else:
        waiting.update(status=ExportStatus.FAILED, reason=str(why), ended_at=now)


def _write(export: Export, lease: Lease[Export]) -> None:
    table = table_of(export)
    with tempfile.TemporaryFile() as out:
        rows = write_xlsx(table, out, between=lease.keep)
        out.seek(0)
        disks.keep(export.file, f"{Path(table.name).name.replace(' ', '-')}.xlsx", File(out))
    if not _end(lease, ExportStatus.DONE, reason="", file=export.file.name, row_count=rows):
        export.file.delete(save=False)


def _end(lease: Lease[Export], status: ExportStatus, **fields: object) -> int:
    return lease.mine.update(status=status, ended_at=clock.now(), **fields)
