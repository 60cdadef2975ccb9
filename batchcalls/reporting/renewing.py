"""Renew kept figures in the background of a worker, so that pages are fast the first time too."""

from __future__ import annotations

import time

from django.utils import timezone

from batchcalls.models import Batch, KeptFigure
from batchcalls.models.batch import MANY_ROWS
from batchcalls.reporting import batch_figures, daily_figures
from batchcalls.states import BATCH_WITH_LIVE_CALLS

#: How long a worker counts each minute: the only worker of an installation also places calls.
RENEW_SECONDS = 3.0


def run(*, seconds: float = RENEW_SECONDS) -> None:
    """Renew the figures of days and of large batches: those with calls, and those never counted."""
    with timezone.override(timezone.get_default_timezone()):
        daily_figures.renew()
    # Counting many days for the first time leaves no less time for batches.
    until = time.monotonic() + seconds
    for batch in _large_batches():
        if time.monotonic() >= until:
            return
        batch_figures.renew(batch)


def run_for(batch_id: str) -> None:
    """Count the figures of one batch for its present status."""
    batch = Batch.objects.only("pk", "status", "row_count").filter(pk=batch_id).first()
    if batch is not None:
        batch_figures.renew(batch)


def _large_batches() -> list[Batch]:
    rows = Batch.objects.filter(row_count__gt=MANY_ROWS)
    # By status, a finished batch is counted once after its end.
    known = dict(KeptFigure.objects.filter(key__startswith="figures:").values_list("key", "state"))
    shown = rows.only("pk", "status", "row_count").order_by("-created_at")
    return [
        batch
        for batch in shown
        if batch.status in BATCH_WITH_LIVE_CALLS or known.get(f"figures:{batch.pk}") != batch.status
    ]
