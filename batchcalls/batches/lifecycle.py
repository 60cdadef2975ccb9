"""Every change of a batch's status: one function per transition, each a compare-and-set.

The loser of a race gets `Conflict`. No change is left half done: the status, the rows that change
with it and the `BatchEvent` are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from django.db import transaction

from batchcalls import queue
from batchcalls.access import audit
from batchcalls.batches import list_imports
from batchcalls.database import clock
from batchcalls.models import AuditAction, Batch, BatchEvent, CallResult, Recipient, StoredList
from batchcalls.models.batch import MANY_ROWS
from batchcalls.states import (
    BATCH_CALLING,
    BATCH_CANCELABLE,
    BATCH_IMPORTING,
    BATCH_PAUSABLE,
    BATCH_REOPENABLE,
    BATCH_RESUMABLE,
    BATCH_TERMINAL,
    BATCH_TRANSITIONS,
    NOBODY_TO_CALL,
    RECIPIENT_IN_FLIGHT,
    RECIPIENT_IN_LINE,
    BatchStatus,
    ListStatus,
    RecipientStatus,
    StopRequest,
)
from batchcalls.webhooks import outbox

if TYPE_CHECKING:
    from django.contrib.auth.models import User
from campaigns.rules import packs

log = structlog.get_logger(__name__)


class Conflict(Exception):
    """The batch's status does not allow the action; the batch was not changed."""

    def __init__(self, action: str, status: str, *, why: str = "") -> None:
        label = BatchStatus(status).label if status else "gone"
        super().__init__(f"This batch cannot be {action} now: {why or f'it is {label}'}.")
        self.status = status


def _move(
    batch_id: UUID,
    to: BatchStatus,
    *,
    action: str,
    sources: Collection[BatchStatus],
    actor: User | None = None,
    audited: AuditAction | None = None,
    code: str = "",
    message: str = "",
    then: Callable[[], None] | None = None,
    **changes: Any,
) -> BatchStatus:
    """Set the status to ``to`` if it is one of ``sources``; return the old status.

    ``then`` runs after the change and before webhooks are written. ``audited`` is for changes that
    somebody asks for: the engine's are in the batch's log alone. Raise `Conflict` when the
    current status does not allow the change.
    """
    # Lock the row, so that a concurrent change is committed before the status is read.
    rows = Batch.objects.filter(pk=batch_id).order_by().select_for_update(no_key=True)
    current, name, size = rows.values_list("status", "name", "row_count").first() or ("", "", 0)
    if current not in sources or to not in BATCH_TRANSITIONS[BatchStatus(current)]:
        raise Conflict(action, current)
    if to in BATCH_TERMINAL:
        changes["ended_at"] = clock.now()
    moved = Batch.objects.filter(pk=batch_id, status=current).update(
        status=to, reason_code=code, reason=message, **changes
    )
    if not moved:
        raise Conflict(
            action, Batch.objects.filter(pk=batch_id).values_list("status", flat=True).first() or ""
        )
    event = BatchEvent.objects.create(
        batch_id=batch_id,
        from_status=current,
        to_status=to,
        actor=actor,
        code=code,
        message=message,
    )
    if audited:
        audit.record(
            audited,
            audit.Subject(Batch, str(batch_id), audit.name_kept(Batch, name)),
            before={"status": current},
            after={"status": to},
            note=message,
            actor=actor,
        )
    if then:
        then()
    outbox.batch_changed(event)
    if (size or 0) > MANY_ROWS and not BATCH_CALLING.issuperset({current, to}):
        queue.ring(queue.COUNT_FIGURES, str(batch_id))
    log.info("batch.status", batch_id=str(batch_id), was=current, now=str(to), code=code)
    return BatchStatus(current)


@transaction.atomic
def submit(
    batch: Batch, *, launch: bool, actor: User | None = None, adds_rows: bool = False
) -> None:
    """Submit a draft for validation: draft → initializing. Raise `Conflict`.

    With ``launch``, calls start as soon as the list is validated; otherwise the batch stays ready.
    A list that was checked before is checked from its first row again, unless ``adds_rows``.
    """
    _move(
        batch.pk,
        BatchStatus.INITIALIZING,
        action="launched" if launch else "validated",
        sources={BatchStatus.DRAFT},
        audited=AuditAction.LAUNCHED if launch else AuditAction.SUBMITTED,
        actor=actor,
        launch_when_ready=launch,
        launched_at=clock.now() if launch else None,
        rule_packs=packs.versions() if launch else {},
    )
    if not adds_rows and batch.lists.filter(status=ListStatus.IMPORTED).exists():
        forget_check(batch)
    if adds_rows:
        for stored in batch.lists.filter(status=ListStatus.UPLOADED):
            list_imports.begin(stored)
    else:
        list_imports.begin_next(batch.pk, behind=0)


@transaction.atomic
def back_to_draft(batch: Batch, *, actor: User | None = None) -> None:
    """Reopen a checked batch for editing: ready → draft. Raise `Conflict`.

    No calls were placed. All imported rows are deleted; the next check imports the lists again.
    """
    _move(
        batch.pk,
        BatchStatus.DRAFT,
        action="changed",
        sources={BatchStatus.READY},
        audited=AuditAction.CHANGED,
        actor=actor,
        message="Returned to draft for changes.",
        launch_when_ready=False,
    )
    forget_check(batch)


def forget_check(batch: Batch) -> None:
    """Delete the rows and the report of a check, within the caller's transaction; keep the lists.

    Raise `Conflict` while rows are being added.
    """
    if batch.lists.importing().exists():
        raise Conflict("changed", batch.status, why="rows are still being added to it")
    list_imports.forget(batch.pk)
    Recipient.objects.filter(batch=batch.pk).forget()
    Batch.objects.filter(pk=batch.pk).update(row_count=None, ready_through=0, dry_run={})


@transaction.atomic
def return_to_draft(batch: Batch, *, message: str) -> None:
    """End a check that found nobody to call: validating → draft. Raise `Conflict`.

    The rows, their reasons and the report are kept until another list or mapping is checked.
    """
    _move(
        batch.pk,
        BatchStatus.DRAFT,
        action="returned to its draft",
        sources={BatchStatus.VALIDATING},
        code=NOBODY_TO_CALL,
        message=message,
        launch_when_ready=False,
        launched_at=None,
        rule_packs={},
    )


@transaction.atomic
def launch(batch: Batch, *, actor: User | None = None) -> None:
    """Start calling a validated list: ready → dispatching. Raise `Conflict`."""
    _move(
        batch.pk,
        BatchStatus.DISPATCHING,
        action="launched",
        sources={BatchStatus.READY},
        audited=AuditAction.LAUNCHED,
        actor=actor,
        launched_at=clock.now(),
        rule_packs=packs.versions(),
    )
    queue.ring(queue.DISPATCH_TICK, batch.account_id)


@transaction.atomic
def begin_validating(batch: Batch) -> None:
    """Record that the list is being checked: initializing → validating. Raise `Conflict`."""
    _move(
        batch.pk,
        BatchStatus.VALIDATING,
        action="validated",
        sources={BatchStatus.INITIALIZING},
    )


@transaction.atomic
def finish_validating(batch: Batch, *, through: int, row_count: int) -> None:
    """End validation: validating → dispatching if launch was requested, else ready.

    ``through`` is the number of the last row. Raise `Conflict`.
    """
    launching = Batch.objects.values_list("launch_when_ready", flat=True).get(pk=batch.pk)
    _move(
        batch.pk,
        BatchStatus.DISPATCHING if launching else BatchStatus.READY,
        action="made ready",
        sources={BatchStatus.VALIDATING},
        row_count=row_count,
        ready_through=through,
    )
    if launching:
        queue.ring(queue.DISPATCH_TICK, batch.account_id)


@transaction.atomic
def fail(batch: Batch, *, code: str, message: str) -> None:
    """End a batch that cannot continue: importing, ready or calling → failed."""
    _move(
        batch.pk,
        BatchStatus.FAILED,
        action="failed",
        sources=BATCH_IMPORTING | BATCH_CALLING | {BatchStatus.READY},
        code=code,
        message=message,
        then=lambda: _withdraw_recipients(
            batch.pk, code="batch_failed", reason="The batch failed."
        ),
    )


@transaction.atomic
def pause(batch: Batch, *, actor: User | None = None, code: str = "", message: str = "") -> None:
    """Stop dialing until resumed: any calling status → paused. Live calls continue.

    ``code`` says why the engine paused it; it is blank when a person did.
    """
    _move(
        batch.pk,
        BatchStatus.PAUSED,
        action="paused",
        sources=BATCH_PAUSABLE,
        audited=None if code and actor is None else AuditAction.PAUSED,
        actor=actor,
        code=code,
        message=message,
    )


def pause_account(account_id: int, *, code: str, message: str) -> None:
    """Pause every calling batch of an account that needs a person's attention before more calls."""
    log.error("batch.account_unusable", account_id=account_id, code=code)
    for batch in Batch.objects.calling().filter(account=account_id):
        try:
            pause(batch, code=code, message=message)
        except Conflict:
            continue


@transaction.atomic
def resume(batch: Batch, *, actor: User | None = None) -> None:
    """Resume dialing: paused → dispatching. Raise `Conflict`."""
    _move(
        batch.pk,
        BatchStatus.DISPATCHING,
        action="resumed",
        sources=BATCH_RESUMABLE,
        audited=AuditAction.RESUMED,
        actor=actor,
    )
    queue.ring(queue.DISPATCH_TICK, batch.account_id)


@transaction.atomic
def cancel(batch: Batch, *, actor: User | None = None, hang_up: bool = False) -> None:
    """Permanently cancel rows not yet placed, and withdraw calls that have not begun.

    Calls that have begun continue to their end, or are hung up immediately with ``hang_up``.
    """
    _move(
        batch.pk,
        BatchStatus.CANCELED,
        action="canceled",
        sources=BATCH_CANCELABLE,
        audited=AuditAction.CANCELED,
        actor=actor,
        message="Live calls are hung up." if hang_up else "",
        then=lambda: _withdraw_recipients(
            batch.pk, code="batch_canceled", reason="The batch was canceled."
        ),
    )
    calls = CallResult.objects.filter(batch=batch.pk, ended_at=None)
    calls.update(stop_requested=StopRequest.HANG_UP if hang_up else StopRequest.WITHDRAW)
    # The others have no provider id yet; they are stopped as soon as they have one.
    calls.exclude(provider_call_id=None).update(next_check_at=clock.now())
    queue.ring(queue.DISPATCH_TICK, batch.account_id)


@transaction.atomic
def reopen(batch: Batch, *, actor: User | None = None, code: str, message: str) -> None:
    """Resume calling for a finished batch: completed or completed partial → dispatching."""
    _move(
        batch.pk,
        BatchStatus.DISPATCHING,
        action="reopened",
        sources=BATCH_REOPENABLE,
        audited=AuditAction.REOPENED if actor else None,
        actor=actor,
        code=code,
        message=message,
        ended_at=None,
    )
    queue.ring(queue.DISPATCH_TICK, batch.account_id)


def _withdraw_recipients(batch_id: UUID, *, code: str, reason: str) -> None:
    """Cancel all rows that were not placed, including rows that are being imported."""
    list_imports.stop(batch_id, code=code, reason=reason)
    Recipient.objects.filter(batch=batch_id).not_yet_placed().update(
        status=RecipientStatus.CANCELED, reason_code=code, reason=reason, due_at=None
    )


def next_chunk(batch: Batch) -> None:
    """Record that another chunk was queued: dispatching or waiting → in progress (chunked)."""
    _shift(batch, BatchStatus.IN_PROGRESS_CHUNKED)


def settle(batch: Batch, *, now: datetime) -> None:
    """Update a calling batch's status from its rows; do nothing for any other batch.

    1. No row is open: completed, or completed partial when some fell short.
    2. Rows are in line for dialing: dispatching (a chunked batch keeps its own status).
    3. Calls are live, being asked about, or due for another attempt: in progress.
    4. All remaining rows are scheduled for later: waiting for scheduled calls.
    """
    batch.refresh_from_db(fields=["status", "row_count", "chunk_size"])
    if batch.status not in BATCH_CALLING:
        return
    rows = Recipient.objects.filter(batch=batch)
    chunked_now = batch.status == BatchStatus.IN_PROGRESS_CHUNKED
    if not rows.any_open():
        _complete(batch)
    elif rows.filter(status__in=RECIPIENT_IN_LINE).exists():
        if not chunked_now:
            _shift(batch, BatchStatus.DISPATCHING)
    elif (
        rows.filter(status__in=RECIPIENT_IN_FLIGHT).exists()
        or rows.being_asked().exists()
        or rows.due(now).exists()
    ):
        _shift(
            batch,
            BatchStatus.IN_PROGRESS_CHUNKED if batch.is_chunked else BatchStatus.IN_PROGRESS,
        )
    else:
        _shift(batch, BatchStatus.WAITING_FOR_SCHEDULED_CALLS)


def _shift(batch: Batch, to: BatchStatus) -> None:
    """Change to another calling status; do nothing if the batch has been paused or ended."""
    if batch.status == to:
        return
    try:
        with transaction.atomic():
            _move(batch.pk, to, action="moved on", sources=BATCH_CALLING)
    except Conflict:
        return
    batch.status = to


def _complete(batch: Batch) -> None:
    short = Recipient.objects.totals(batch.pk).fallen_short()
    message = ", ".join(f"{count} {figure}" for figure, count in short.items())
    try:
        with transaction.atomic():
            Batch.objects.lock([batch.pk])
            if StoredList.objects.importing().filter(batch=batch).exists():
                return  # More rows are being imported; the import rings when it is done.
            _move(
                batch.pk,
                BatchStatus.COMPLETED_PARTIAL if short else BatchStatus.COMPLETED,
                action="completed",
                sources=BATCH_CALLING,
                code="fell_short" if short else "",
                message=f"{message}." if short else "",
            )
    except Conflict:
        return
