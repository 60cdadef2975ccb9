"""The calls of today and of the last days, by the site's time zone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from batchcalls.models import CallResult, DayOfCalls
from batchcalls.reporting import kept
from campaigns.vocabulary import AnsweredBy

DAYS = 14
#: The most calls that are counted while someone waits, and how long they wait if there are more.
MANY_CALLS = 50_000
PATIENCE_SECONDS = 0.15
#: A call may be answered while it is live. What came of it is known at its end.
_REACHED = Q(answered_by=AnsweredBy.HUMAN, ended_at__isnull=False)
_VOICEMAIL = Q(answered_by=AnsweredBy.VOICEMAIL, ended_at__isnull=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """Calls that began today, in the site's time zone, with their cost by currency."""

    calls: int
    reached: int
    voicemail: int
    live: int
    costs: dict[str, Decimal]

    @property
    def ended(self) -> int:
        """Calls that are over. Nobody knows yet who answers the others."""
        return self.calls - self.live

    @property
    def not_reached(self) -> int:
        """Calls that ended without reaching anyone."""
        return self.ended - self.reached - self.voicemail


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day's calls, how many of them are over, and how many of those a person answered."""

    day: date
    calls: int
    ended: int
    reached: int

    @property
    def rate(self) -> float:
        """Percentage of the calls that are over which a person answered."""
        return 100 * self.reached / self.ended if self.ended else 0.0


def shown() -> tuple[Today, list[Day]] | None:
    """Return the figures of today and of the last days.

    None while an installation with many calls counts them for the first time: a worker does so
    each minute, but there may be none.
    """
    newest = CallResult.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    if newest <= MANY_CALLS or _are_kept():
        return today(), last_days()
    return kept.soon("daily figures", lambda: (today(), last_days()), patience=PATIENCE_SECONDS)


def _are_kept() -> bool:
    """Tell whether no day has to be counted before it is shown."""
    _, uncounted, others = _known_days()
    return not uncounted and kept.has({"today": _state()} | _states(others))


def today() -> Today:
    """Return the figures of today, which may be some seconds old."""
    return kept.get("today", count_today, _TODAY, state=_state())


def last_days() -> list[Day]:
    """Return the last days, the current one last. Days that may still change may be seconds old."""
    settled, others = _settled_days()
    found = kept.get_each(_states(others), _count_days, _DAY)
    return sorted([*settled, *found.values()], key=lambda day: day.day)


def renew() -> None:
    """Count the figures anew that are old, for whoever looks at them next."""
    kept.renew({"today": _state()}, lambda keys: {key: count_today() for key in keys}, _TODAY)
    kept.renew(_states(_settled_days()[1]), _count_days, _DAY)


def count_today() -> Today:
    """Count the calls since midnight."""
    since = _midnight(timezone.localdate())
    calls = CallResult.objects.counted().filter(claimed_at__gte=since).order_by()
    found = calls.aggregate(
        calls=Count("pk"),
        reached=Count("pk", filter=_REACHED),
        voicemail=Count("pk", filter=_VOICEMAIL),
        live=Count("pk", filter=Q(ended_at=None)),
    )
    priced = calls.exclude(price=None).values_list("currency")
    return Today(**found, costs=dict(priced.annotate(sum=Sum("price"))))


def days(first: date, end: date) -> list[Day]:
    """Count the calls of each day from ``first`` to before ``end``, days without calls included."""
    calls = (
        CallResult.objects.counted()
        .filter(claimed_at__gte=_midnight(first), claimed_at__lt=_midnight(end))
        .order_by()
    )
    grouped = calls.annotate(day=TruncDate("claimed_at")).values_list("day")
    counted = grouped.annotate(
        n=Count("pk"), ended=Count("ended_at"), reached=Count("pk", filter=_REACHED)
    )
    counts = {day: figures for day, *figures in counted}
    found = []
    for day in _from(first, end):
        n, ended, reached = counts.get(day, (0, 0, 0))
        found.append(Day(day=day, calls=n, ended=ended, reached=reached))
    return found


def _settled_days() -> tuple[list[Day], list[date]]:
    """Return the figures of the last days whose calls have all ended, and the other days.

    A day is counted when it is first wanted and kept from then on.
    """
    found, settled, others = _known_days()
    if settled:
        found += _keep(settled, timezone.get_current_timezone_name())
    return found, others


def _known_days() -> tuple[list[Day], list[date], list[date]]:
    """Return the kept figures of the last days, the days that can be kept too, and the others.

    Yesterday is always one of the others: a call may be recorded a little later than it was
    claimed.
    """
    today = timezone.localdate()
    end, first = today - timedelta(days=1), today - timedelta(days=DAYS - 1)
    zone = timezone.get_current_timezone_name()
    rows = DayOfCalls.objects.filter(time_zone=zone, day__gte=first, day__lt=end)
    found = [
        Day(day=row.day, calls=row.calls, ended=row.ended, reached=row.reached) for row in rows
    ]
    known = {day.day for day in found}
    unknown = [day for day in _from(first, end) if day not in known]
    still_open = _days_of_open_calls(before=end) if unknown else set()
    settled = [day for day in unknown if day not in still_open]
    return found, settled, [*(day for day in unknown if day in still_open), end, today]


def _keep(settled: list[date], zone: str) -> list[Day]:
    counted = [one for day in settled for one in days(day, day + timedelta(days=1))]
    DayOfCalls.objects.bulk_create(
        [DayOfCalls(time_zone=zone, **asdict(day)) for day in counted], ignore_conflicts=True
    )
    kept.forget(_states(settled))
    return counted


def _days_of_open_calls(*, before: date) -> set[date]:
    """Return the days before another of calls that have not ended, by the index of open calls."""
    calls = CallResult.objects.not_ended().filter(claimed_at__lt=_midnight(before)).order_by()
    return {timezone.localdate(at) for at in calls.values_list("claimed_at", flat=True)}


def _from(first: date, end: date) -> list[date]:
    return [first + timedelta(days=place) for place in range((end - first).days)]


def _states(wanted: Iterable[date]) -> dict[str, str]:
    """Return the key of each day's figures, and the time zone that they are counted for."""
    zone = timezone.get_current_timezone_name()
    return {f"day:{day.isoformat()}": zone for day in wanted}


def _count_days(keys: Collection[str]) -> dict[str, Day]:
    wanted = {key: date.fromisoformat(key.partition(":")[2]) for key in keys}
    return {key: days(day, day + timedelta(days=1))[0] for key, day in wanted.items()}


def _state() -> str:
    return f"{timezone.localdate()} {timezone.get_current_timezone_name()}"[:60]


def _write_today(counted: Today) -> dict[str, Any]:
    costs = {currency: str(cost) for currency, cost in counted.costs.items()}
    return asdict(counted) | {"costs": costs}


def _read_today(stored: dict[str, Any]) -> Today:
    costs = {currency: Decimal(cost) for currency, cost in stored["costs"].items()}
    return Today(**stored | {"costs": costs})


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


_DAY: kept.Form[Day] = kept.Form(
    lambda day: asdict(day) | {"day": day.day.isoformat()},
    lambda stored: Day(**stored | {"day": date.fromisoformat(stored["day"])}),
)
_TODAY = kept.Form(_write_today, _read_today)
