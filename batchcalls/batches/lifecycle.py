"""Every change of a batch's status: one function per edge, each a compare-and-set.

The loser of a race gets `Conflict`; nothing is half done, because the status, the rows that
change with it and the `BatchEvent` are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from batchcalls import queue
from batchcalls.batches import list_imports
from batchcalls.models import Batch, BatchEvent, CallResult, Recipient, StoredList
from batchcalls.states import (
    BATCH_CALLING,
    BATCH_CANCELABLE,
    BATCH_IMPORTING,
    BATCH_PAUSABLE,
    BATCH_REOPENABLE,
    BATCH_RESUMABLE,
    BATCH_TERMINAL,
    BATCH_TRANSITIONS,
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

log = structlog.get_logger(__name__)


class Conflict(Exception):
    """The batch is not in a status from which this is possible; it was left as it is."""

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
    code: str = "",
    message: str = "",
    then: Callable[[], None] | None = None,
    **changes: Any,
) -> BatchStatus:
    """Set the status if it is one of the sources; return the one it was. Raise `Conflict`.

    ``then`` does what belongs to the change before anybody is told of it.
    """
    # Locked, so that the answer is the status that whoever came first has left.
    rows = Batch.objects.filter(pk=batch_id).order_by().select_for_update(no_key=True)
    current = rows.values_list("status", flat=True).first() or ""
    if current not in sources or to not in BATCH_TRANSITIONS[BatchStatus(current)]:
        raise Conflict(action, current)
    if to in BATCH_TERMINAL:
        changes["ended_at"] = timezone.now()
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
    if then:
        then()
    outbox.batch_changed(event)
    log.info("batch.status", batch_id=str(batch_id), was=current, now=str(to), code=code)
    return BatchStatus(current)


@transaction.atomic
def submit(batch: Batch, *, launch: bool, actor: User | None = None) -> None:
    """Hand a draft over to validation: draft → initializing. Raise `Conflict`.

    With ``launch`` calls begin as soon as the list is validated; else it waits, ready.
    """
    _move(
        batch.pk,
        BatchStatus.INITIALIZING,
        action="launched" if launch else "validated",
        sources={BatchStatus.DRAFT},
        actor=actor,
        launch_when_ready=launch,
        launched_at=timezone.now() if launch else None,
    )
    for stored in batch.lists.filter(status=ListStatus.UPLOADED):
        list_imports.begin(stored)


@transaction.atomic
def back_to_draft(batch: Batch, *, actor: User | None = None) -> None:
    """Let a checked list be changed once more: ready → draft. Raise `Conflict`.

    Nobody was dialed: what was read from the lists is forgotten, and read again at the next check.
    """
    _move(
        batch.pk,
        BatchStatus.DRAFT,
        action="changed",
        sources={BatchStatus.READY},
        actor=actor,
        message="Taken back to be changed.",
        row_count=None,
        ready_through=0,
        dry_run={},
        launch_when_ready=False,
    )
    if list_imports.forget(batch.pk) > 1:
        raise Conflict("changed", BatchStatus.READY, why="further rows were added to its list")
    Recipient.objects.filter(batch=batch.pk).forget()


@transaction.atomic
def launch(batch: Batch, *, actor: User | None = None) -> None:
    """Start calling a validated list: ready → dispatching. Raise `Conflict`."""
    _move(
        batch.pk,
        BatchStatus.DISPATCHING,
        action="launched",
        sources={BatchStatus.READY},
        actor=actor,
        launched_at=timezone.now(),
    )
    queue.ring(queue.DISPATCH_TICK, batch.account_id)


@transaction.atomic
def begin_validating(batch: Batch) -> None:
    """Note that the list is being checked: initializing → validating. Raise `Conflict`."""
    _move(
        batch.pk,
        BatchStatus.VALIDATING,
        action="validated",
        sources={BatchStatus.INITIALIZING},
    )


@transaction.atomic
def finish_validating(batch: Batch, *, through: int, row_count: int) -> None:
    """End validation: validating → dispatching if launch was asked for, else ready.

    ``through`` is the number of the last row.
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
    """End a batch that cannot work at all: importing, ready or calling → failed."""
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
    """Stop dialing until resumed: any calling status → paused. Live calls go on."""
    _move(
        batch.pk,
        BatchStatus.PAUSED,
        action="paused",
        sources=BATCH_PAUSABLE,
        actor=actor,
        code=code,
        message=message,
    )


def pause_account(account_id: int, *, code: str, message: str) -> None:
    """Pause every calling batch of an account that cannot be used until a person has seen to it."""
    log.error("batch.account_unusable", account_id=account_id, code=code)
    for batch in Batch.objects.calling().filter(account=account_id):
        try:
            pause(batch, code=code, message=message)
        except Conflict:
            continue


@transaction.atomic
def resume(batch: Batch, *, actor: User | None = None) -> None:
    """Go on dialing: paused → dispatching. Raise `Conflict`."""
    _move(
        batch.pk,
        BatchStatus.DISPATCHING,
        action="resumed",
        sources=BATCH_RESUMABLE,
        actor=actor,
    )
    queue.ring(queue.DISPATCH_TICK, batch.account_id)


@transaction.atomic
def cancel(batch: Batch, *, actor: User | None = None, hang_up: bool = False) -> None:
    """Stop everything that is not placed yet, for good, and withdraw calls that have not begun.

    Calls that have begun end by themselves, or with ``hang_up`` at once.
    """
    _move(
        batch.pk,
        BatchStatus.CANCELED,
        action="canceled",
        sources=BATCH_CANCELABLE,
        actor=actor,
        message="Live calls are hung up." if hang_up else "",
        then=lambda: _withdraw_recipients(
            batch.pk, code="batch_canceled", reason="The batch was canceled."
        ),
    )
    calls = CallResult.objects.filter(batch=batch.pk, ended_at=None)
    calls.update(stop_requested=StopRequest.HANG_UP if hang_up else StopRequest.WITHDRAW)
    # Of the others no call is known yet; as soon as one is, it is stopped.
    calls.exclude(provider_call_id=None).update(next_check_at=timezone.now())
    queue.ring(queue.DISPATCH_TICK, batch.account_id)


@transaction.atomic
def reopen(batch: Batch, *, actor: User | None = None, code: str, message: str) -> None:
    """Go on calling a batch that was over: completed, fully or partly → dispatching."""
    _move(
        batch.pk,
        BatchStatus.DISPATCHING,
        action="reopened",
        sources=BATCH_REOPENABLE,
        actor=actor,
        code=code,
        message=message,
        ended_at=None,
    )
    queue.ring(queue.DISPATCH_TICK, batch.account_id)


def _withdraw_recipients(batch_id: UUID, *, code: str, reason: str) -> None:
    """Cancel all rows that were not placed, those that are just being taken in too."""
    list_imports.stop(batch_id, code=code, reason=reason)
    Recipient.objects.filter(batch=batch_id).not_yet_placed().update(
        status=RecipientStatus.CANCELED, reason_code=code, reason=reason, due_at=None
    )


def next_chunk(batch: Batch) -> None:
    """Note that a further chunk goes out: dispatching or waiting → in progress (chunked)."""
    _shift(batch, BatchStatus.IN_PROGRESS_CHUNKED)


def settle(batch: Batch, *, now: datetime) -> None:
    """Give a calling batch the status that its rows call for; do nothing for any other batch.

    1. No row is open: completed, or completed partial when some fell short.
    2. Rows wait for nothing but their turn: dispatching (a chunked batch keeps its own status).
    3. Calls are live, being found out about, or due for another attempt: in progress.
    4. Everything left has a later time: waiting for scheduled calls.
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
    """Move between calling statuses; whoever paused or canceled in the meantime wins."""
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
                return  # Its rows are about to come; whoever takes it in rings when it is over.
            _move(
                batch.pk,
                BatchStatus.COMPLETED_PARTIAL if short else BatchStatus.COMPLETED,
                action="completed",
                sources=BATCH_CALLING,
                code="fell_short" if short else "",
                message=f"Not called or not finished: {message}." if short else "",
            )
    except Conflict:
        return
