"""The shape of a batch in each generation of the API.

Known clients fail on a null in many of these fields. Those fields hold a blank, a zero or an empty
object instead. Source: the PyPI package ``bland``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings

from batchcalls.database import clock
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.models.querysets import Totals
from batchcalls.states import BATCH_TERMINAL, CALL_FINAL, BatchStatus, CallStatus, Stage
from batchcalls.webhooks import bland_shapes
from campaigns.call_settings import REGISTRY, without_secrets

#: Recipients that each batch of a list shows, and that a single batch shows.
PREVIEW, LONG_PREVIEW = 3, 100
#: Bounds, in minutes, that group calls by length.
_BOUNDS = (5, 10, 15, 20, 30, 45, 60, 90, 120)
_GROUPS = ("0-5", "5-10", "10-15", "15-20", "20-30", "30-45", "45-60", "60-90", "90-120", "120+")
#: Skipped rows that the figures of a batch name, and its calls that they list one by one.
MOST_SKIPPED, MOST_LISTED = 1_000, 10_000


def campaign_of(batch: Batch) -> str:
    """Return the campaign that a client knows: the name of ours, or the client's own id."""
    return (
        batch.campaign.name if batch.campaign else str(batch.call_settings.get("campaign_id", ""))
    )


def batch_v1(batch: Batch, *, id_name: str) -> dict[str, Any]:
    """Return a batch in the first generation's shape. Reads ``batch.campaign``."""
    return {
        id_name: str(batch.pk),
        "campaign_id": campaign_of(batch),
        "created_at": clock.text_of(batch.created_at),
        "label": batch.name,
        "base_prompt": batch.prompt,
        "endpoint_code": "api",
        "call_params": _call_params(batch),
    }


def _call_params(batch: Batch) -> dict[str, Any]:
    chosen = batch.call_settings
    voice = str(chosen.get("voice", ""))
    is_number = voice.isascii() and voice.isdecimal()
    return {
        **without_secrets(chosen),
        "reduce_latency": bool(chosen.get("reduce_latency", False)),
        "voice_id": int(voice) if is_number else 0,
        "language": chosen.get("language", REGISTRY["language"].default),
        "request_data": {},
        "max_duration": chosen.get("max_duration", bland_shapes.DEFAULT_MAX_DURATION_MINUTES),
        "wait_for_greeting": bool(chosen.get("wait_for_greeting", False)),
    }


def status_v1(batch: Batch, totals: Totals) -> str:
    """Return ``completed`` when every call is done, else ``in-progress``."""
    is_over = batch.is_over or batch.awaits_correction
    return "completed" if is_over and not totals.live else "in-progress"


def batch_v2(batch: Batch, recipients: Iterable[Recipient]) -> dict[str, Any]:
    """Return a batch in the second generation's shape, including its status."""
    said = (
        {"pathway_id": batch.pathway_id, "pathway_version": batch.pathway_version or None}
        if batch.pathway_id
        else {"task": batch.prompt}
        if batch.prompt
        else {}
    )
    start = {"start_time": clock.text_of(batch.start_at)} if batch.start_at else {}
    return {
        "id": str(batch.pk),
        "user_id": str(batch.created_by_id or ""),
        "base_prompt": json.dumps({**said, **without_secrets(batch.call_settings), **start}),
        "created_at": clock.text_of(batch.created_at),
        "call_objects": list(map(_call_object, recipients)),
        "description": batch.name,
        # The Bland API has no drafts: what can be corrected here has failed there.
        "status": BatchStatus.FAILED.value if batch.awaits_correction else batch.status,
    }


def _call_object(recipient: Recipient) -> dict[str, Any]:
    start = {"start_time": clock.text_of(recipient.start_at)} if recipient.start_at else {}
    return {
        "phone_number": recipient.e164 or recipient.raw_number,
        "request_data": recipient.request_data,
        "metadata": recipient.metadata,
        **without_secrets(recipient.call_settings),
        **start,
    }


def totals_of(batch: Batch) -> Totals:
    """Count a batch's calls by stage, including rows that are not imported yet."""
    found = Recipient.objects.totals(batch.pk)
    unread = max(0, (batch.row_count or 0) - found.rows)
    if batch.status in BATCH_TERMINAL:
        return replace(found, rows=found.rows + unread, canceled=found.canceled + unread)
    return replace(found, rows=found.rows + unread, waiting=found.waiting + unread)


def counters(totals: Totals) -> dict[str, int]:
    """Return how many calls a batch has, and how many of them succeeded and failed."""
    successful = totals.at(Stage.DONE)
    return {
        "calls_total": totals.rows,
        "calls_successful": successful,
        "calls_failed": totals.finished - successful,
    }


def previews(batches: list[Batch], *, rows: int) -> dict[UUID, list[Recipient]]:
    """Return the first recipients of each batch."""
    found: dict[UUID, list[Recipient]] = {batch.pk: [] for batch in batches}
    first = Recipient.objects.filter(batch__in=batches, row_number__lte=rows + 1)
    for recipient in first.order_by("batch", "row_number"):
        found[recipient.batch_id].append(recipient)
    return found


def analysis_v1(batch: Batch, totals: Totals) -> dict[str, Any]:
    """Return the figures of a batch's calls, each counted from rows.

    All calls are counted. The lists of single calls end after some thousands.
    """
    rows = CallResult.objects.counted().filter(batch=batch).order_by("pk")
    known = rows.values_list("call_id", "status", "duration_seconds", "error_message")
    ids, lengths, errors = [], [], []
    queue: Counter[str] = Counter()
    ended = 0
    for call_id, status, seconds, error in known.iterator(chunk_size=5_000):
        ids.append(str(call_id))
        queue[CallStatus(status).role.bland_queue] += 1
        if status in CALL_FINAL:
            ended += 1
            lengths.append((seconds or 0) / 60)
        if error:
            errors.append(error)
    if totals.waiting:
        queue["new"] += totals.waiting
    skipped = Recipient.objects.filter(batch=batch).skipped().values_list("row_number", "reason")
    errors += [f"Entry #{row - 1}: {why}" for row, why in skipped[:MOST_SKIPPED]]
    talked = [length for length in lengths if length * 60 >= 1]
    return {
        "total_calls": totals.rows,
        "completed_calls": totals.finished,
        "in_progress_calls": totals.waiting + totals.live,
        "queue_statuses": {"complete": 0, "queued": 0, "call_error": 0, **queue},
        "call_lengths": {
            "average": _average(lengths),
            "average_nonzero": _average(talked),
            "summary": _grouped(lengths),
            "all": [round(length, 4) for length in lengths[:MOST_LISTED]],
        },
        "call_ids": ids[:MOST_LISTED],
        "error_messages": errors[:MOST_LISTED],
        "endpoints": {settings.PUBLIC_URL: len(ids)},
    }


def _average(lengths: list[float]) -> float:
    return round(sum(lengths) / len(lengths), 4) if lengths else 0


def _grouped(lengths: list[float]) -> dict[str, int]:
    groups = dict.fromkeys(_GROUPS, 0)
    for length in lengths:
        place = sum(length >= bound for bound in _BOUNDS)
        groups[_GROUPS[place]] += 1
    return groups
