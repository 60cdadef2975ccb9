"""Rows of a batch in any status, as the database takes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from batchcalls.models import Batch, Recipient
from batchcalls.states import (
    RECIPIENT_CLAIMABLE,
    BatchStatus,
    RecipientOutcome,
    RecipientStatus,
)

LATER = timedelta(days=1)


def add_row(batch: Batch, status: RecipientStatus, **fields: Any) -> Recipient:
    """Add a row in a status; it is due tomorrow if the status asks for a time."""
    row = 2 + batch.recipients.count()
    return Recipient.objects.create(
        **{
            "batch": batch,
            "row_number": row,
            "e164": f"+120255501{row:02}",
            "status": status,
            "outcome": RecipientOutcome.REACHED if status.role.by_outcome else "",
            "reason_code": "test",
            "due_at": timezone.now() + LATER if status in RECIPIENT_CLAIMABLE else None,
            "claim_token": uuid4(),
            "claimed_at": timezone.now(),
            **fields,
        }
    )


def calling(batch: Batch, status: BatchStatus = BatchStatus.IN_PROGRESS) -> Batch:
    """Have a draft call, without rows."""
    batch.status = status
    batch.save(update_fields=["status"])
    return batch
