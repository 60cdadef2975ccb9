"""What outgoing webhooks say, as of the moment the event happened, as text ready to be sent.

Two formats: ours, as Standard Webhooks recommends (``type``, ``timestamp``, ``data``), and that of
the Bland API (post-call report, batch status).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from batchcalls.models import (
    Batch,
    BatchEvent,
    CallResult,
    Recipient,
    WebhookEndpoint,
    WebhookEvent,
)
from batchcalls.models.querysets import Totals
from batchcalls.states import BATCH_FALLEN_SHORT, BATCH_TERMINAL, BatchStatus, Stage
from batchcalls.webhooks import bland_shapes


def dump(value: Any) -> str:
    """Return JSON as JavaScript writes it.

    Receivers that check a signature over what they parsed and wrote again find the same bytes.
    """
    text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    # Half a character, as it may come out of a broken escape, cannot be sent.
    return text.encode("utf-8", "replace").decode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    # JavaScript knows no 1.0.
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Ours --------------------------------------------------------------------------------------------


def _message(event: WebhookEvent, at: datetime, data: dict[str, Any]) -> str:
    return dump({"type": event.value, "timestamp": bland_shapes.timestamp(at), "data": data})


def call_finished(call: CallResult, batch: Batch, recipient: Recipient, *, at: datetime) -> str:
    """Return our message about a call that has its result; amounts of money are texts."""
    data = {
        "call_id": str(call.call_id),
        "batch_id": str(batch.pk),
        "batch_name": batch.name,
        "campaign_id": batch.campaign_id,
        "test": batch.test_of_id is not None,
        "attempt": call.attempt,
        "to": call.to_number,
        "from": call.from_number,
        "status": call.status,
        "answered_by": call.answered_by or None,
        "disposition": call.disposition or None,
        "error_code": call.error_code or None,
        "error_message": call.error_message or None,
        "duration_seconds": call.duration_seconds,
        "price": None if call.price is None else f"{call.price.normalize():f}",
        "currency": call.currency or None,
        "summary": call.summary or None,
        "extracted": call.extracted,
        "variables": call.variables,
        "transcript": call.transcript,
        "recording_url": call.recording_url or None,
        "claimed_at": bland_shapes.timestamp(call.claimed_at),
        "placed_at": _time(call.placed_at),
        "answered_at": _time(call.answered_at),
        "ended_at": _time(call.ended_at),
        "recipient": {
            "row_number": recipient.row_number,
            "status": recipient.status,
            "outcome": recipient.outcome or None,
            "next_attempt_at": _time(recipient.due_at),
            "request_data": recipient.request_data,
            "metadata": recipient.metadata,
        },
    }
    return _message(WebhookEvent.CALL_FINISHED, at, data)


def batch_status(batch: Batch, event: BatchEvent, totals: Totals | None) -> str:
    """Return our message about a change of status; ``totals`` are those of a batch that is over."""
    data = {
        "batch_id": str(batch.pk),
        "name": batch.name,
        "campaign_id": batch.campaign_id,
        "test": batch.test_of_id is not None,
        "status": event.to_status,
        "previous_status": event.from_status,
        "reason_code": event.code or None,
        "reason": event.message or None,
        "is_over": event.to_status in BATCH_TERMINAL,
        "url": settings.PUBLIC_URL + reverse("admin:batchcalls_batch_change", args=[batch.pk]),
        "totals": asdict(totals) if totals else None,
    }
    return _message(WebhookEvent.BATCH_STATUS, event.at, data)


def test(endpoint: WebhookEndpoint, *, at: datetime) -> str:
    """Return a message that only shows that messages arrive."""
    data = {"endpoint_id": str(endpoint.pk), "message": "A test from Batch Calls."}
    return _message(WebhookEvent.TEST, at, data)


# Bland-compatible --------------------------------------------------------------------------------


def bland_post_call(call: CallResult) -> str:
    """Return the post-call report. Source: Bland API, post-call webhooks.

    Reads ``call.batch`` and ``call.recipient``.
    """
    report = {
        **bland_shapes.call_detail(call),
        "pathway_tags": [],
        "recording_expiration": None,
        "pre_transfer_duration": None,
        "post_transfer_duration": None,
        "citation_schema_ids": [],
    }
    if call.attempt > 1:
        report["isRetry"] = True
    return dump(report)


def bland_batch_status(batch: Batch, event: BatchEvent, totals: Totals | None) -> str | None:
    """Return a batch's status message; None for a status that the Bland API does not have.

    Source: Bland API, status_webhook. Successful are calls that were finished, whoever answered.
    """
    status = BatchStatus(event.to_status).role.bland if event.to_status else ""
    if not status:
        return None
    told: dict[str, Any] = {
        "batch_id": str(batch.pk),
        "status": status,
        "timestamp": bland_shapes.timestamp(event.at),
    }
    if event.to_status in BATCH_FALLEN_SHORT:
        is_canceled = event.to_status == BatchStatus.CANCELED
        told["code"] = event.code or ("batch_canceled" if is_canceled else "")
        told["reason"] = event.message or f"The batch was {batch.get_status_display().lower()}."
    elif event.message:
        told["message"] = event.message
    if totals and event.to_status != BatchStatus.FAILED:
        successful = totals.at(Stage.DONE)
        told["calls_total"] = totals.rows
        told["calls_successful"] = successful
        told["calls_failed"] = totals.rows - successful
    return dump(told)


def bland_test(endpoint: WebhookEndpoint, *, at: datetime) -> str:
    """Return a message that no program takes for a report of a call: it has a category."""
    return dump(
        {
            "category": "test",
            "log_level": "info",
            "message": "A test from Batch Calls.",
            "call_id": str(endpoint.pk),
            "timestamp": bland_shapes.timestamp(at),
        }
    )


def _time(moment: datetime | None) -> str | None:
    return bland_shapes.timestamp(moment) if moment else None
