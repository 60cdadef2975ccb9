"""The calling hours that hold for a recipient: the legal floor, rule packs, the policy, and call
settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from batchcalls.calling import rule_packs
from batchcalls.models import Batch
from campaigns.calling_hours import CallingHours, Closed, Open
from campaigns.legal_floor import LEGAL_HOURS
from campaigns.rules.packs import Holding

#: Hours that are open in these time zones.
OpenHours = tuple[CallingHours, Sequence[str]]

_MOST_MOVES = 200


def rules_of(
    batch: Batch, daily: dict[str, Any] | None, packs: Holding | None, *, now: datetime
) -> Iterator[tuple[str, CallingHours]]:
    """Yield the hours that must all be open; each can only narrow the others.

    1. The legal floor, for real phones, unless a person lifted it for the account.
    2. Those of the rule packs, for real phones.
    3. The hours copied from the policy when the batch was made.
    4. The policy's hours of today, if they differ: a stricter policy holds at once.
    5. Those of the call setting ``dispatch_hours``, if set.
    """
    if batch.account.has_floor(now):
        yield "legal_hours", LEGAL_HOURS
    if packs:
        yield rule_packs.RULE, packs.hours
    yield "calling_hours", batch.calling_hours
    today = batch.policy_now.hours if batch.policy_now else None
    if today and not today.is_unrestricted and today != batch.calling_hours:
        yield "policy_hours", today
    if daily:
        yield "dispatch_hours", _every_day(daily["start"], daily["end"])


def close_at(
    batch: Batch, relied_on: Iterable[OpenHours], *, now: datetime, until: datetime
) -> datetime | None:
    """Return when the first of these open hours closes; None if all stay open until ``until``.

    The end of what a person let go beyond the legal floor counts as closing too.
    """
    ends = [hours.closes_at(now, zones, until=until) for hours, zones in relied_on]
    if batch.account.is_beyond_floor(now):
        ends.append(batch.account.beyond_floor_until)
    return min((end for end in ends if end and end < until), default=None)


def of_other_times(
    batch: Batch,
    daily: dict[str, Any] | None,
    packs: Holding | None,
    called_at: Sequence[datetime],
    zones: Sequence[str],
    *,
    now: datetime,
) -> list[tuple[str, CallingHours]]:
    """Return each zone with the allowed hours of its day without calls to the recipient so far.

    A call needs an open hour in each zone the recipient may be in: zones with other minutes, or
    other days of a clock change, count hours differently.
    """
    allowed = CallingHours.always()
    for _, others in rules_of(batch, daily, packs, now=now):
        allowed = allowed.intersected(others)
    return [(zone, allowed.intersected(_without(_hours_of(called_at, zone)))) for zone in zones]


def check_all(hours_of: Sequence[tuple[str, CallingHours]], *, now: datetime) -> Open | Closed:
    """Return whether each zone is open in its own hours, and if not, when all are."""
    at, first = now, None
    # One zone may move the time to where another is closed; within weeks they agree or never do.
    for _ in range(_MOST_MOVES):
        verdicts = (hours.check(at, [zone]) for zone, hours in hours_of)
        closed = [verdict for verdict in verdicts if isinstance(verdict, Closed)]
        if not closed:
            return replace(first, opens_at=at) if first else Open()
        first = first or closed[0]
        if shut := next((verdict for verdict in closed if verdict.opens_at is None), None):
            return shut
        at = max(verdict.opens_at for verdict in closed if verdict.opens_at)
    message = f"{len(hours_of)} possible time zones never have an unused hour at once."
    return Closed("never_open", message, opens_at=None)


def _hours_of(called_at: Sequence[datetime], zone: str) -> frozenset[int]:
    return frozenset(at.astimezone(ZoneInfo(zone)).hour for at in called_at)


@lru_cache(maxsize=256)
def _without(used: frozenset[int]) -> CallingHours:
    """Return every day without some hours."""
    spans = tuple((60 * hour, 60 * hour + 60) for hour in range(24) if hour not in used)
    return CallingHours(windows=(spans,) * 7)


@lru_cache(maxsize=256)
def _every_day(start: str, end: str) -> CallingHours:
    """Return the same hours for every day; an end before the start means the next day."""
    spans = [[start, end]] if start < end else [["00:00", end], [start, "24:00"]]
    spans = [span for span in spans if span[0] != span[1]]
    return CallingHours.from_dict({"windows": {str(day): spans for day in range(7)}})
