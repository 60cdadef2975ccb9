"""The figures of a batch's page, each counted from rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, Count, F, QuerySet, Sum, Value, When
from django.db.models.functions import Concat, TruncMinute

from batchcalls.database import clock
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.models.batch import MANY_ROWS
from batchcalls.models.querysets import Totals
from batchcalls.reporting import kept
from batchcalls.states import BATCH_CALLING, CALL_FINAL

#: The period over which the current speed is measured.
SPEED_WINDOW = timedelta(seconds=10)
#: Maximum number of bars in the timeline.
MOST_BARS = 60
#: The smallest difference between two stored prices.
_PRICE_STEP = Decimal(1).scaleb(-5)
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
    large = {batch.pk for batch in batches if is_large(batch)}
    small = [batch.pk for batch in batches if batch.pk not in large]
    found = Recipient.objects.totals_of(small) if small else {}
    if large:
        states = {_totals_key(one.pk): _state(one) for one in batches if one.pk in large}
        kept_totals = kept.get_each(states, _count_totals, TOTALS)
        found |= {pk: kept_totals[_totals_key(pk)] for pk in large}
    return found


def current(batch: Batch, totals: Totals) -> BatchFigures:
    """Return the figures of a batch, which may be some seconds old if it is large."""
    key, state = _figures_key(batch), _state(batch, totals)
    return kept.get(key, lambda: figures_of(batch, totals), FIGURES_OF_BATCH, state=state)


def is_large(batch: Batch) -> bool:
    """Tell whether counting the rows of a batch may take long."""
    return batch.row_count is None or batch.row_count > MANY_ROWS


def renew(batch: Batch) -> None:
    """Count the figures of a large batch anew if they are old, for whoever looks at it next."""
    key = _totals_key(batch.pk)
    kept.renew({key: _state(batch)}, _count_totals, TOTALS)
    totals = totals_of([batch])[batch.pk]
    kept.renew(
        {_figures_key(batch): _state(batch, totals)},
        lambda keys: {key: figures_of(batch, totals) for key in keys},
        FIGURES_OF_BATCH,
    )


def _state(batch: Batch, totals: Totals | None = None) -> str:
    """Return what figures are counted for: those of live calls are not the final ones.

    While a batch calls, its status comes and goes, and its figures stay those of that batch.
    """
    status = "calling" if batch.status in BATCH_CALLING else batch.status
    return f"{status}, live" if totals and totals.live else status


def _totals_key(pk: UUID) -> str:
    return f"totals:{pk}"


def _figures_key(batch: Batch) -> str:
    return f"figures:{batch.pk}"


def _count_totals(keys: Collection[str]) -> dict[str, Totals]:
    by_key = {key: UUID(key.partition(":")[2]) for key in keys}
    found = Recipient.objects.totals_of(list(by_key.values()))
    return {key: found[pk] for key, pk in by_key.items()}


def _write(figures: BatchFigures) -> dict[str, Any]:
    timeline = figures.timeline
    return {
        "totals": asdict(figures.totals),
        "calls": figures.calls,
        "costs": {currency: str(cost) for currency, cost in figures.costs.items()},
        "calls_per_second": figures.calls_per_second,
        "seconds_left": figures.seconds_left,
        "timeline": timeline
        and [timeline.width_seconds, [[at.isoformat(), n] for at, n in timeline.bars]],
        "outcomes": [[*outcome, n] for outcome, n in figures.outcomes.items()],
    }


def _read(stored: dict[str, Any]) -> BatchFigures:
    timeline = stored["timeline"]
    return BatchFigures(
        totals=Totals(**stored["totals"]),
        calls=stored["calls"],
        costs={currency: Decimal(cost) for currency, cost in stored["costs"].items()},
        calls_per_second=stored["calls_per_second"],
        seconds_left=stored["seconds_left"],
        timeline=timeline
        and Timeline(
            width_seconds=timeline[0],
            bars=[(datetime.fromisoformat(at), n) for at, n in timeline[1]],
        ),
        outcomes={Outcome(field, value): n for field, value, n in stored["outcomes"]},
    )


TOTALS: kept.Form[Totals] = kept.Form(asdict, lambda stored: Totals(**stored))
FIGURES_OF_BATCH = kept.Form(_write, _read)
