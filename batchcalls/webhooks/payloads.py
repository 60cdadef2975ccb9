"""Bodies of outgoing webhooks at the time of the event, as text ready to send.

There are two formats: ours, as Standard Webhooks recommends (``type``, ``timestamp``, ``data``),
and the Bland API's (post-call report, batch status).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from batchcalls.database import clock
from batchcalls.models import (
    Batch,
    BatchEvent,
    CallResult,
    WebhookEndpoint,
    WebhookEvent,
)
from batchcalls.models.call_fields import Kind, Place, fields_of
from batchcalls.models.querysets import Totals
from batchcalls.states import BATCH_FALLEN_SHORT, BATCH_TERMINAL, BatchStatus, Stage
from batchcalls.webhooks import bland_shapes


def dump(value: Any) -> str:
    """Return JSON in the form JavaScript writes it.

    Receivers may check the signature over parsed and re-serialized JSON, which then has the same
    bytes.
    """
    text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate, for example from a broken escape, cannot be encoded.
    return text.encode("utf-8", "replace").decode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    # JavaScript writes 1.0 as 1.
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Ours --------------------------------------------------------------------------------------------


def _message(event: WebhookEvent, at: datetime, data: dict[str, Any]) -> str:
    return dump({"type": event.value, "timestamp": clock.text_of(at), "data": data})


def _time(moment: datetime | None) -> str | None:
    return clock.text_of(moment) if moment else None


def _same(value: Any) -> Any:
    return value


def _or_null(text: Any) -> Any:
    return text or None


_CONVERT: dict[Kind, Callable[[Any], Any]] = {
    **dict.fromkeys([Kind.TEXT, Kind.CHOICE, Kind.RECORDING], _or_null),
    Kind.ID: str,
    Kind.TIME: _time,
    Kind.MONEY: lambda amount: None if amount is None else f"{amount.normalize():f}",
}
_CALL_FIELDS = [
    (one.name_in(Place.WEBHOOK), one.value_of, _CONVERT.get(one.kind, _same))
    for one in fields_of(Place.WEBHOOK)
]


def call_finished(call: CallResult, *, at: datetime) -> str:
    """Return our message about a call that has its result; money amounts are texts.

    Uses ``call.batch`` and ``call.recipient``.
    """
    recipient = call.recipient
    data = {
        **{name: convert(value_of(call)) for name, value_of, convert in _CALL_FIELDS},
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
    """Return our message about a change of status, or a warning that comes without one.

    Only finished batches have ``totals``.
    """
    data = {
        "batch_id": str(batch.pk),
        "name": batch.name,
        "campaign_id": batch.campaign_id,
        "test": batch.is_test,
        "status": event.to_status or batch.status,
        "previous_status": event.from_status or batch.status,
        "reason_code": event.code or None,
        "reason": event.message or None,
        "is_over": event.to_status in BATCH_TERMINAL,
        "url": settings.PUBLIC_URL + reverse("admin:batchcalls_batch_change", args=[batch.pk]),
        "totals": asdict(totals) if totals else None,
    }
    return _message(WebhookEvent.BATCH_STATUS, event.at, data)


def test(endpoint: WebhookEndpoint, *, at: datetime) -> str:
    """Return our test message."""
    data = {"endpoint_id": str(endpoint.pk), "message": "A test from Batch Calls."}
    return _message(WebhookEvent.TEST, at, data)


# Bland-compatible --------------------------------------------------------------------------------


def bland_post_call(call: CallResult) -> str:
    """Return the post-call report. Source: Bland API, post-call webhooks.

    Uses ``call.batch`` and ``call.recipient``.
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

    A finished call counts as successful, whoever answered. Source: Bland API, status_webhook.
    """
    to_status = BatchStatus.FAILED if event.returned_to_draft else event.to_status
    status = BatchStatus(to_status).role.bland if to_status else ""
    if not status:
        return None
    message: dict[str, Any] = {
        "batch_id": str(batch.pk),
        "status": status,
        "timestamp": clock.text_of(event.at),
    }
    if to_status in BATCH_FALLEN_SHORT:
        is_canceled = event.to_status == BatchStatus.CANCELED
        message["code"] = event.code or ("batch_canceled" if is_canceled else "")
        message["reason"] = event.message or f"The batch was {batch.get_status_display().lower()}."
    elif event.message:
        message["message"] = event.message
    if totals and to_status != BatchStatus.FAILED:
        successful = totals.at(Stage.DONE)
        message["calls_total"] = totals.rows
        message["calls_successful"] = successful
        message["calls_failed"] = totals.rows - successful
    return dump(message)


def bland_test(endpoint: WebhookEndpoint, *, at: datetime) -> str:
    """Return a test message; its ``category`` keeps programs from reading it as a call report."""
    return dump(
        {
            "category": "test",
            "log_level": "info",
            "message": "A test from Batch Calls.",
            "call_id": str(endpoint.pk),
            "timestamp": clock.text_of(at),
        }
    )
