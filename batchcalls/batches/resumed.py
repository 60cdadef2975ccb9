"""When batches were last resumed: a person has seen what went wrong before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Max

from batchcalls.models import BatchEvent
from batchcalls.states import BATCH_RESUMABLE


def last_resumed(*, since: datetime, **which: Any) -> datetime | None:
    """Return when a batch was last resumed after a time; ``which`` are filters on its events."""
    events = BatchEvent.objects.filter(from_status__in=BATCH_RESUMABLE, at__gt=since, **which)
    at: datetime | None = events.aggregate(at=Max("at"))["at"]
    return at
