"""The figures of a batch's page, each counted from rows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.core.cache import cache
from django.db.models import Case, Count, F, QuerySet, Sum, Value, When
from django.db.models.functions import Concat, TruncMinute

from batchcalls.database import clock
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.models.querysets import Totals
from batchcalls.states import BATCH_CALLING, CALL_FINAL

ValueT = TypeVar("ValueT")

#: The period over which the current speed is measured.
SPEED_WINDOW = timedelta(seconds=10)
#: Maximum number of bars in the timeline.
MOST_BARS = 60
#: The smallest difference between two stored prices.
_PRICE_STEP = Decimal(1).scaleb(-5)
WORTH_REMEMBERING_SECONDS = 0.05
#: A batch with at most this many rows is always counted again.
ALWAYS_COUNTED_ROWS = 2_000
#: What precedes a status in a column of outcomes. No disposition begins with it.
_STATUS = "\x01"
_WIDTHS = (60, 300, 900, 3_600, 4 * 3_600, 86_400, 7 * 86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Calls by start time, in spans of ``width_seconds`` from the first call on."""

    width_seconds: int
    bars: list[tuple[datetime, int]]


class Outcome(NamedTuple):
    """How calls ended: ``field`` is ``disposition``, or ``status`` for those without."""

    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFigures:
    """Rows by stage, attempts, cost by currency, speed in calls per second, seconds left.

    ``outcomes`` counts the ended calls by disposition, and those without one by status.
    """

    totals: Totals
    calls: int
    costs: dict[str, Decimal]
    calls_per_second: float
    seconds_left: float | None
    timeline: Timeline | None
    outcomes: dict[Outcome, int]


def figures_of(batch: Batch, totals: Totals, *, now: datetime | None = None) -> BatchFigures:
    """Return the current figures."""
    now = now or clock.now()
    calls = CallResult.objects.counted().filter(batch=batch).order_by()
    speed = 0.0
    if batch.status in BATCH_CALLING:
        # The newest calls are the end of an index. Counting all recent calls reads only these.
        newest = calls.order_by("-pk").values_list("claimed_at", flat=True)[:2_000]
        recent = sum(1 for claimed_at in newest if claimed_at > now - SPEED_WINDOW)
        speed = recent / SPEED_WINDOW.total_seconds()
    counts, costs, outcomes = _counts_costs_and_outcomes(calls)
    return BatchFigures(
        totals=totals,
        calls=sum(counts.values()),
        costs=costs,
        calls_per_second=speed,
        seconds_left=_seconds_left(batch, totals, speed),
        timeline=timeline_of(counts),
        outcomes=outcomes,
    )


def _seconds_left(batch: Batch, totals: Totals, speed: float) -> float | None:
    """Estimate from the current speed. Return None when nothing waits or nothing moves."""
    if batch.status not in BATCH_CALLING or not totals.waiting or not speed:
        return None
    return totals.waiting / speed


def _counts_costs_and_outcomes(
    calls: QuerySet[CallResult],
) -> tuple[Counter[datetime], dict[str, Decimal], dict[Outcome, int]]:
    """Count a batch's calls by minute and by outcome and add up their cost, in one pass.

    Separate queries, for each figure or for the first call, would each read all the calls again.
    """
    # One expression, because PostgreSQL sorts all calls where it expects many groups.
    outcome = Case(
        When(disposition="", then=Concat(Value(_STATUS), F("status"))), default=F("disposition")
    )
    grouped = calls.annotate(minute=TruncMinute("claimed_at", tzinfo=UTC), outcome=outcome)
    counts: Counter[datetime] = Counter()
    outcomes: Counter[Outcome] = Counter()
    costs: dict[str, Decimal] = {}
    rows = grouped.values_list("minute", "currency", "outcome").annotate(
        n=Count("*"), cost=Sum("price")
    )
    for minute, currency, shown, n, cost in rows:
        counts[minute] += n
        if not shown.startswith(_STATUS):
            outcomes[Outcome("disposition", shown)] += n
        elif (status := shown.removeprefix(_STATUS)) in CALL_FINAL:
            outcomes[Outcome("status", status)] += n
        if cost is not None:
            # SQLite adds floats, whose last digits are noise.
            costs[currency] = costs.get(currency, Decimal(0)) + cost.quantize(_PRICE_STEP)
    return counts, costs, dict(outcomes)


def timeline_of(counts: Mapping[datetime, int]) -> Timeline | None:
    """Group minutes into spans, wide enough to keep the bars few. Return None without calls."""
    if not counts:
        return None
    first, last = min(counts), max(counts)
    length = (last - first).total_seconds()
    width = next((width for width in _WIDTHS if length / width < MOST_BARS), _WIDTHS[-1])
    start = datetime.fromtimestamp(first.timestamp() // width * width, tz=UTC)
    bars = [0] * (int((last - start).total_seconds() // width) + 1)
    for minute, n in counts.items():
        bars[int((minute - start).total_seconds() // width)] += n
    spans = [(start + timedelta(seconds=width * place), n) for place, n in enumerate(bars)]
    return Timeline(width_seconds=width, bars=spans[-MOST_BARS:])


def totals_of(batches: Iterable[Batch]) -> dict[UUID, Totals]:
    """Count the rows of batches. Counts that take long may be some seconds old.

    All batches that need counting are counted together, in two queries.
    """
    batches = list(batches)
    keys = {
        batch.pk: f"totals:{batch.pk}:{batch.status}"
        for batch in batches
        if batch.row_count is None or batch.row_count > ALWAYS_COUNTED_ROWS
    }
    kept = cache.get_many(keys.values())
    found: dict[UUID, Totals] = {pk: kept[key] for pk, key in keys.items() if key in kept}
    missing = [batch.pk for batch in batches if batch.pk not in found]
    if missing:
        began = time.monotonic()
        found |= Recipient.objects.totals_of(missing)
        long = {keys[pk]: found[pk] for pk in missing if pk in keys}
        _keep(long, time.monotonic() - began)
    return found


def remembered(key: str, compute: Callable[[], ValueT], *, for_seconds: int = 0) -> ValueT:
    """Return a recently computed value if computing it is slow, else compute it.

    Counting a million rows takes a good part of a second, and a live page asks every few seconds.
    A value that took ``t`` seconds is kept for 20 ``t``, so that counting never takes more than a
    twentieth of the time, and fast values are never old. Values that hardly change are kept
    ``for_seconds``, if that is longer.
    """
    found: ValueT | None = cache.get(key)
    if found is not None:
        return found
    began = time.monotonic()
    value = compute()
    _keep({key: value}, time.monotonic() - began, for_seconds)
    return value


def _keep(values: dict[str, Any], took: float, for_seconds: int = 0) -> None:
    if took > WORTH_REMEMBERING_SECONDS:
        cache.set_many(values, timeout=max(ceil(20 * took), for_seconds))
