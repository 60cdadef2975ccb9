"""Purge what is too old, in short transactions, by one worker at a time.

Work may stop at any time and continues there: a batch remembers how far each kind is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.database.lease import Lease, LeaseLost
from batchcalls.keeping import retention
from batchcalls.keeping.retention import KINDS, Kind, Part
from batchcalls.models import AuditAction, Batch, BatchPurge, CallResult, Purge, Recipient

#: Rows of one transaction. On SQLite, all others who write wait for it.
ROWS_AT_ONCE = 500
FILES_AT_ONCE = 20
#: A pause after each transaction, as a multiple of its length.
PAUSE = 1.0
#: Once nothing is left, it is looked again after this time.
AGAIN_AFTER = timedelta(hours=1)
#: ``position`` of a batch has the number of the part above the row.
_PART = 1 << 48

Sleep = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Due:
    """What the next purge of a kind takes."""

    kind: Kind
    batches: int = 0
    rows: int = 0
    files: int = 0
    last: Purge | None = None


def due(now: datetime) -> list[Due]:
    """Count what is too old, by kind. Change nothing."""
    ran = {one.kind: one for one in Purge.objects.all()}
    found = []
    for kind in KINDS:
        batches = list(kind.batches(now).values_list("pk", flat=True))
        files = 0
        if kind is retention.EXPORTS:
            files = retention.old_exports(now).count()
        elif kind is retention.UPLOADS:
            files = retention.old_lists(now).count()
        model: type[Any] = Recipient if kind is retention.NUMBERS else CallResult
        rows = model.objects.filter(batch__in=batches).count() if batches else 0
        if kind is retention.UPLOADS:
            rows = 0
            files += sum(Batch.objects.get(pk=pk).lists.exclude(file="").count() for pk in batches)
        found.append(Due(kind, len(batches), rows, files, ran.get(kind.key)))
    return found


def is_due() -> bool:
    """Return whether a kind with a setting was not looked at for an hour."""
    wanted = {kind.key for kind in KINDS if kind.days is not None}
    since = clock.now() - AGAIN_AFTER
    fresh = Purge.objects.filter(kind__in=wanted, ran_at__gt=since).values_list("kind", flat=True)
    return bool(wanted - set(fresh))


def run(*, seconds: float | None = None, sleep: Sleep = time.sleep) -> dict[str, int]:
    """Purge for some seconds, or until nothing is left. Return how many rows or files, by kind."""
    until = None if seconds is None else time.monotonic() + seconds
    purged: dict[str, int] = {}
    for kind in KINDS:
        if kind.days is None:
            continue
        Purge.objects.get_or_create(kind=kind.key)
        lease = Lease.acquire(Purge.objects.all(), kind.key, seconds=settings.LEASE_SECONDS)
        if lease is None:
            continue
        try:
            with lease:
                count, is_finished = _purge(kind, lease, until=until, sleep=sleep)
        except LeaseLost:
            continue
        purged[kind.key] = count
        if not is_finished:
            break
    return purged


def _purge(
    kind: Kind, lease: Lease[Purge], *, until: float | None, sleep: Sleep
) -> tuple[int, bool]:
    count, is_finished = 0, True
    for done in _steps(kind):
        count += done.rows
        lease.keep()
        if until is not None and time.monotonic() >= until:
            is_finished = False
            break
        sleep(done.seconds * PAUSE)
    row = Purge.objects.get(kind=kind.key)
    lease.mine.update(
        deleted=row.deleted + count, ran_at=clock.now() if is_finished else row.ran_at
    )
    if count:
        audit.record(AuditAction.PURGED_DATA, Purge, note=kind.label, count=count)
    return count, is_finished


@dataclass(frozen=True, slots=True)
class _Step:
    rows: int
    seconds: float


def _steps(kind: Kind) -> Iterator[_Step]:
    """Purge some rows at a time, and yield how many and how long it took."""
    now = clock.now()
    if kind is retention.UPLOADS:
        yield from _delete_in_steps(lambda: retention.old_lists(now), retention.delete_files)
    if kind is retention.EXPORTS:
        yield from _delete_in_steps(lambda: retention.old_exports(now), _delete_exports)
    if kind is retention.PAYLOADS:
        yield from _delete_in_steps(lambda: retention.old_events(now), _delete_rows)
    for batch in kind.batches(now):
        yield from _steps_of(kind, batch)


def _delete_in_steps(
    rows: Callable[[], Any], delete: Callable[[list[Any]], None]
) -> Iterator[_Step]:
    while some := list(rows().order_by("pk")[:FILES_AT_ONCE]):
        began = time.monotonic()
        delete(some)
        yield _Step(len(some), time.monotonic() - began)


def _delete_exports(exports: list[Any]) -> None:
    for export in exports:
        if export.file:
            export.file.delete(save=False)
        export.delete()


def _delete_rows(rows: list[Any]) -> None:
    type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).delete()


def _steps_of(kind: Kind, batch: Batch) -> Iterator[_Step]:
    """Purge one batch from where it stopped; a batch that is open again is left alone."""
    place, _ = BatchPurge.objects.get_or_create(batch=batch, kind=kind.key)
    if place.done_at is not None:  # it ended again since
        place.position, place.done_at = 0, None
    for number, part in enumerate(kind.parts):
        if place.position >= (number + 1) * _PART:
            continue
        place.position = max(place.position, number * _PART)
        while True:
            began = time.monotonic()
            with transaction.atomic():
                if not Batch.objects.lock([batch.pk])[batch.pk].is_over:
                    return
                rows = _next_rows(part, batch, place.position - number * _PART)
                if rows:
                    part.step(rows)
                    last = getattr(rows[-1], part.order) + 1
                    place.position = number * _PART + last
                else:
                    place.position = (number + 1) * _PART
                place.save()
            if not rows:
                break
            yield _Step(len(rows), time.monotonic() - began)
    place.done_at = clock.now()
    place.save()


def _next_rows(part: Part, batch: Batch, first: int) -> list[Any]:
    rows = part.rows(batch).filter(**{f"{part.order}__gte": first}).order_by(part.order)
    return list((rows.only(part.order, *part.columns) if part.columns else rows)[:ROWS_AT_ONCE])
