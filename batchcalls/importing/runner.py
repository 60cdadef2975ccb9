"""A stored list becomes verdicts, chunk by chunk.

Each chunk is one short transaction: web requests and webhooks never wait for an import. A run
that dies leaves whole chunks; the next one goes on after the last row that is there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Max

from batchcalls import lifecycle, validation
from batchcalls.importing.dialect import detect
from batchcalls.importing.mapping import ListMapping, MappingError
from batchcalls.importing.reader import Limits, Row, open_list
from batchcalls.importing.resource import RecipientResource
from batchcalls.importing.unreadable import UnreadableList
from batchcalls.lease import Lease, LeaseLost
from batchcalls.models import Batch, Recipient
from batchcalls.states import BATCH_IMPORTING, BatchStatus, RecipientStatus
from campaigns.prompts import PromptError

log = structlog.get_logger(__name__)

IMPORT_CHUNK_ROWS = 1_000


def limits() -> Limits:
    """Return the limits of a list, from the settings."""
    return Limits(
        max_rows=settings.MAX_ROWS,
        max_columns=settings.MAX_COLUMNS,
        max_row_characters=settings.MAX_ROW_CHARACTERS,
    )


def run(batch_id: UUID, *, seconds: float) -> bool:
    """Import a batch's list for at most ``seconds``; return whether rows are left.

    A list that cannot be used fails the batch. Does nothing when the batch is not importing or
    another process works on it.
    """
    lease = Lease.acquire(
        Batch.objects.filter(status__in=BATCH_IMPORTING), batch_id, seconds=settings.LEASE_SECONDS
    )
    if lease is None:
        return False
    with lease:
        batch = Batch.objects.get(pk=batch_id)
        try:
            if batch.status == BatchStatus.INITIALIZING:
                lifecycle.begin_validating(batch)
            return _import(batch, lease, until=time.monotonic() + seconds)
        except (lifecycle.Conflict, LeaseLost) as error:
            log.info("import.stopped", batch_id=str(batch_id), why=str(error))
            return False
        except UnreadableList as error:
            lifecycle.fail(batch, code=error.code, message=str(error))
        except MappingError as error:
            first = error.problems[0]
            lifecycle.fail(batch, code=first.code, message=str(error))
        except PromptError as error:
            lifecycle.fail(batch, code="bad_prompt", message=str(error))
        except FileNotFoundError:
            lifecycle.fail(
                batch,
                code="file_missing",
                message="The stored list is gone. Upload it again, in a new batch.",
            )
        except (DatabaseError, OSError):
            # The sweep tries again: nothing is wrong with the list.
            raise
        except Exception as error:
            # Trying again would end the same, every minute.
            log.exception("import.failed", batch_id=str(batch_id))
            lifecycle.fail(
                batch,
                code="import_error",
                message=f"Reading the list ended in {type(error).__name__}; the log says more.",
            )
    return False


def _import(batch: Batch, lease: Lease[Batch], *, until: float) -> bool:
    mapping = ListMapping.from_list(batch.mapping)
    rules = validation.RowRules.of(batch)
    with batch.open_file() as stream:
        dialect = detect(stream, encoding=batch.encoding or None, delimiter=batch.delimiter or None)
        rows = open_list(stream, dialect, limits())
        resource = RecipientResource(
            batch=batch, mapping=mapping, rules=rules, width=len(rows.header)
        )
        done = _last_row(batch)
        last = max(done, rows.header_row)
        for chunk in _chunks(row for row in rows if row.number > done):
            with transaction.atomic():
                if Batch.objects.lock([batch.pk])[batch.pk].status != BatchStatus.VALIDATING:
                    raise lifecycle.Conflict("validated", BatchStatus.CANCELED)
                lease.keep()
                resource.import_rows(chunk)
            last = chunk[-1].number
            if time.monotonic() >= until:
                return True
    _finish(batch, row_count=last - rows.header_row)
    return False


def _last_row(batch: Batch) -> int:
    last: int | None = Recipient.objects.filter(batch=batch).aggregate(n=Max("row_number"))["n"]
    return last or 0


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, IMPORT_CHUNK_ROWS)):
        yield chunk


def _finish(batch: Batch, *, row_count: int) -> None:
    rows = Recipient.objects.filter(batch=batch)
    if row_count == 0:
        lifecycle.fail(batch, code="no_rows", message="The file has a header but no rows.")
    elif not rows.filter(status=RecipientStatus.PENDING).exists():
        lifecycle.fail(
            batch,
            code="nobody_to_call",
            message=f"None of the {row_count} rows can be called; each says why.",
        )
    else:
        lifecycle.finish_validating(batch, row_count=row_count)
