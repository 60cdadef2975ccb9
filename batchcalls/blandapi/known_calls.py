"""A call as clients see it, from the moment it is accepted.

A single call has its id before its first attempt: while its row is imported, while it waits for its
time, and when a rule forbids it. A client that loses the response can find the call in the list
during all that time, so it does not send the call again. An attempt that was given up is not shown:
its call waits again, and keeps its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.db.models.query import QuerySet

from batchcalls.blandapi.errors import not_found
from batchcalls.lists.mapping import ListMapping, Target
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.states import BATCH_TERMINAL, RECIPIENT_TERMINAL, CallStatus
from batchcalls.webhooks import bland_shapes
from campaigns import e164

#: An attempt, or the batch of a single call that has no attempt yet.
Told = CallResult | Batch

#: The members of a call in a list.
LISTED = (
    *("call_id", "batch_id", "to", "from", "inbound", "completed", "status", "queue_status"),
    *("error_message", "answered_by", "created_at", "end_at", "call_length", "corrected_duration"),
    *("request_data", "metadata", "pathway_id", "disposition_tag", "summary", "price"),
)


def waiting() -> QuerySet[Batch]:
    """Return the single calls that have no attempt."""
    attempts = CallResult.objects.counted().filter(batch=OuterRef("pk"))
    return Batch.objects.filter(~Exists(attempts), single_call_id__isnull=False)


def attempts() -> QuerySet[CallResult]:
    """Return the attempts with their batches and recipients."""
    return CallResult.objects.counted().select_related("batch", "recipient")


def find(call_id: str) -> Told:
    """Return the call with an id. Raise `Refused` if there is none."""
    try:
        identifier = UUID(call_id)
    except ValueError:
        raise not_found("call") from None
    call = attempts().filter(call_id=identifier).first()
    # Its attempt may begin between these two queries, but not end.
    found = call or waiting().filter(single_call_id=identifier).first()
    found = found or attempts().filter(call_id=identifier).first()
    # Its first attempt was given up, so the next one has another id.
    found = found or (
        attempts().filter(batch__single_call_id=identifier).order_by("attempt").first()
    )
    if found is None:
        raise not_found("call")
    return found


def in_order(ids: Sequence[UUID]) -> list[Told]:
    """Return the calls with these ids, in that order, without their long transcripts."""
    known: dict[UUID, Told] = {}
    for call in attempts().filter(call_id__in=ids).defer("transcript", "checks"):
        call.transcript = []
        known[call.call_id] = call
    missing = [one for one in ids if one not in known]
    if missing:
        singles = Batch.objects.filter(single_call_id__in=missing).prefetch_related("recipients")
        known |= {one.single_call_id: one for one in singles if one.single_call_id}
    return [known[one] for one in ids if one in known]


def id_of(told: Told) -> str:
    """Return the id by which clients know a call."""
    return bland_shapes.id_of(told) if isinstance(told, CallResult) else str(told.single_call_id)


def details(many: Iterable[Told]) -> list[dict[str, Any]]:
    """Return the full shapes of calls."""
    return [detail(one) for one in many]


def listed(many: Iterable[Told]) -> list[dict[str, Any]]:
    """Return the list shapes of calls, without transcripts."""
    return [{name: one[name] for name in LISTED} for one in details(many)]


def detail(told: Told) -> dict[str, Any]:
    """Return the full shape of a call."""
    if isinstance(told, CallResult):
        return bland_shapes.call_detail(told)
    row = next(iter(told.recipients.all()[:1]), None)
    status = _status(told, row)
    shown = row or _unread_row(told)
    call = CallResult(
        call_id=id_of(told),
        batch=told,
        recipient=shown,
        attempt=1,
        to_number=shown.e164,
        status=status,
        error_message=(shown.reason or told.reason) if status != CallStatus.QUEUED else "",
        claimed_at=told.created_at,
        ended_at=told.ended_at if status != CallStatus.QUEUED else None,
    )
    found = bland_shapes.call_detail(call)
    found["to"] = found["to"] or shown.raw_number
    if status == CallStatus.FAILED:
        # The call failed before it was dialed.
        found["queue_status"] = "queue_error"
    return found


def _status(batch: Batch, row: Recipient | None) -> CallStatus:
    """Return the status of a call without an attempt: queued until its row or batch is over."""
    if row is not None and row.status in RECIPIENT_TERMINAL:
        ended_as = row.status
    elif batch.status in BATCH_TERMINAL:
        ended_as = batch.status
    else:
        return CallStatus.QUEUED
    return CallStatus.CANCELED if ended_as == CallStatus.CANCELED else CallStatus.FAILED


def _unread_row(batch: Batch) -> Recipient:
    """Return a row that is not imported yet, with the fields that are shown."""
    stored = batch.first_list
    cells = stored.samples[0] if stored.samples else []
    row = Recipient(batch=batch)
    mapping = ListMapping.from_list(stored.mapping)
    for column in mapping.columns:
        cell = cells[column.position] if column.position < len(cells) else ""
        if column.position == mapping.phone_position:
            row.raw_number = cell
        elif column.is_variable:
            row.request_data[column.name] = cell
        elif column.target == Target.METADATA:
            row.metadata[column.name] = cell
    number = e164.parse(row.raw_number, region=batch.region)
    row.e164 = number.e164 if isinstance(number, e164.Number) else ""
    return row


def unread_number(batch: Batch) -> str:
    """Return the number of a call whose row is not imported yet, as E.164."""
    return _unread_row(batch).e164
