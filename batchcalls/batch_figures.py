"""What the page of a batch shows in numbers, each counted from rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Count, Max, Min, Sum
from django.db.models.functions import TruncHour, TruncMinute
from django.utils import timezone

from batchcalls.models import Batch, CallResult
from batchcalls.querysets import Totals
from batchcalls.states import BATCH_CALLING

ValueT = TypeVar("ValueT")

#: Over how long the present speed is taken.
SPEED_WINDOW = timedelta(seconds=10)
#: Bars of the timeline, at most.
MOST_BARS = 60
WORTH_REMEMBERING_SECONDS = 0.05
_WIDTHS = (60, 300, 900, 3_600, 4 * 3_600, 86_400, 7 * 86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFigures:
    """Rows by where they stand, money by currency, speed in calls per second, time left."""

    totals: Totals
    costs: dict[str, Decimal]
    calls_per_second: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Calls that began, by spans of ``width_seconds`` from the first on."""

    width_seconds: int
    bars: list[tuple[datetime, int]]


def figures_of(batch: Batch, totals: Totals, *, now: datetime | None = None) -> BatchFigures:
    """Return what is known at the moment."""
    now = now or timezone.now()
    calls = CallResult.objects.filter(batch=batch).order_by()
    costs = dict(calls.exclude(price=None).values_list("currency").annotate(sum=Sum("price")))
    speed = 0.0
    if batch.status in BATCH_CALLING:
        # The newest calls are the end of an index; counting all that are recent reads only these.
        newest = calls.order_by("-pk").values_list("claimed_at", flat=True)[:2_000]
        recent = sum(1 for claimed_at in newest if claimed_at > now - SPEED_WINDOW)
        speed = recent / SPEED_WINDOW.total_seconds()
    return BatchFigures(
        totals=totals,
        costs=costs,
        calls_per_second=speed,
        seconds_left=_seconds_left(batch, totals, speed),
    )


def _seconds_left(batch: Batch, totals: Totals, speed: float) -> float | None:
    """Estimate from the present speed; None when nothing waits or nothing moves."""
    if batch.status not in BATCH_CALLING or not totals.waiting or not speed:
        return None
    return totals.waiting / speed


def timeline_of(batch: Batch) -> Timeline | None:
    """Count a batch's calls by spans of time, as wide as keeps the bars few; None without calls."""
    calls = CallResult.objects.filter(batch=batch).order_by()
    ends = calls.aggregate(first=Min("claimed_at"), last=Max("claimed_at"))
    if ends["first"] is None:
        return None
    length = (ends["last"] - ends["first"]).total_seconds()
    width = next((width for width in _WIDTHS if length / width < MOST_BARS), _WIDTHS[-1])
    start = datetime.fromtimestamp(ends["first"].timestamp() // width * width, tz=UTC)
    bars = ceil((ends["last"] - start).total_seconds() / width) or 1
    counts = dict.fromkeys(range(bars), 0)
    trunc = TruncMinute if width < 3_600 else TruncHour
    grouped = calls.annotate(span=trunc("claimed_at", tzinfo=UTC)).values_list("span")
    for span, n in grouped.annotate(n=Count("pk")):
        place = int((span - start).total_seconds() // width)
        counts[max(0, min(place, bars - 1))] += n
    spans = [(start + timedelta(seconds=width * place), n) for place, n in counts.items()]
    return Timeline(width_seconds=width, bars=spans[-MOST_BARS:])


def remembered(key: str, compute: Callable[[], ValueT]) -> ValueT:
    """Return what was computed a moment ago, where computing takes long; else compute it.

    Counting a million rows takes a good part of a second, and a page that is followed live asks
    every few seconds. What took ``t`` seconds is kept for 20 ``t``, so that counting never takes
    more than a twentieth of the time; what is fast is never old.
    """
    found: ValueT | None = cache.get(key)
    if found is not None:
        return found
    began = time.monotonic()
    value = compute()
    took = time.monotonic() - began
    if took > WORTH_REMEMBERING_SECONDS:
        cache.set(key, value, timeout=ceil(20 * took))
    return value
