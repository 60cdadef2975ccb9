"""The log of a batch: its events, and the rows that were not called, with reasons."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import JsonResponse

from batchcalls.blandapi import batch_shapes
from batchcalls.blandapi.batches import READ_ROWS, find, page
from batchcalls.blandapi.errors import invalid
from batchcalls.blandapi.views import Action, Asked, door
from batchcalls.database import clock
from batchcalls.models import Batch, BatchEvent, Recipient
from batchcalls.states import BATCH_TERMINAL, BatchStatus


def _logs(asked: Asked, batch_id: str) -> JsonResponse:
    """Return the entries in order. Skipped rows follow the check that skipped them."""
    batch = find(batch_id)
    take, skip = page(asked)
    direction = asked.http.GET.get("direction", "desc").lower()
    if direction not in {"asc", "desc"}:
        raise invalid("direction must be asc or desc.")
    checked = batch.events.filter(from_status=BatchStatus.VALIDATING).order_by("at", "pk").first()
    events = batch.events.order_by("at", "pk")
    skipped = Recipient.objects.filter(batch=batch).skipped()
    if checked is None:
        parts: list[Any] = [events]
    else:
        is_before = Q(at__lt=checked.at) | Q(at=checked.at, pk__lte=checked.pk)
        parts = [events.filter(is_before), skipped, events.exclude(is_before)]
    if direction == "desc":
        parts = [part.reverse() for part in reversed(parts)]
    entries = []
    for part in parts:
        count = part.count()
        if skip < count and take:
            found = list(part[skip : skip + take])
            entries += [_entry(batch, one, checked.at if checked else None) for one in found]
            take -= len(found)
        skip = max(0, skip - count)
    return JsonResponse({"data": entries, "errors": None})


def _entry(
    batch: Batch, one: BatchEvent | Recipient, checked_at: datetime | None
) -> dict[str, Any]:
    if isinstance(one, Recipient):
        return {
            **_frame(batch, f"row-{one.row_number}", "error", checked_at or batch.created_at),
            "payload": {
                "entry": one.row_number - 1,
                "phone_number": one.raw_number,
                "code": one.reason_code,
                "message": one.reason,
            },
        }
    if one.to_status in BATCH_TERMINAL or one.returned_to_draft:
        counted = batch_shapes.counters(batch_shapes.totals_of(batch))
        message = {"message": one.message} if one.message else {}
        return {
            **_frame(batch, str(one.pk), "complete", one.at),
            "payload": {
                "status": BatchStatus.FAILED if one.returned_to_draft else one.to_status,
                **counted,
                **message,
            },
        }
    change = {"state_change": one.to_status} if one.to_status else {}
    return {
        **_frame(batch, str(one.pk), "lifecycle", one.at),
        "payload": {"message": str(one), **change},
    }


def _frame(batch: Batch, name: str, kind: str, at: datetime) -> dict[str, Any]:
    return {
        "id": name,
        "batch_id": str(batch.pk),
        "org_id": str(batch.created_by_id or ""),
        "event_type": kind,
        "timestamp": clock.text_of(at),
    }


logs = door(GET=Action(view=_logs, need=READ_ROWS))
