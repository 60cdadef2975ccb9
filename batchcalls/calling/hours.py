"""The calling hours that hold for a recipient: the legal floor, the policy, and call settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from batchcalls.models import Batch
from campaigns.calling_hours import CallingHours, Closed, Open
from campaigns.legal_floor import LEGAL_HOURS

_MOST_MOVES = 200


def rules_of(
    batch: Batch, daily: dict[str, Any] | None, *, now: datetime
) -> Iterator[tuple[str, CallingHours]]:
    """Yield the hours that must all be open; each can only narrow the others.

    1. The legal floor, for real phones, unless a person lifted it for the account.
    2. The hours copied from the policy when the batch was made.
    3. The policy's hours of today, if they differ: a stricter policy holds at once.
    4. Those of the call setting ``dispatch_hours``, if set.
    """
    if batch.account.has_floor(now):
        yield "legal_hours", LEGAL_HOURS
    yield "calling_hours", batch.calling_hours
    today = batch.policy_now.hours if batch.policy_now else None
    if today and not today.is_unrestricted and today != batch.calling_hours:
        yield "policy_hours", today
    if daily:
        yield "dispatch_hours", _every_day(daily["start"], daily["end"])


def check_other_times(
    batch: Batch,
    daily: dict[str, Any] | None,
    called_at: Sequence[datetime],
    zones: Sequence[str],
    *,
    now: datetime,
) -> Open | Closed:
    """Return whether it is an allowed hour in which the recipient was not called so far.

    It must be one in each zone the recipient may be in: zones with other minutes, or other days of
    a clock change, count hours differently.
    """
    allowed = CallingHours.always()
    for _, others in rules_of(batch, daily, now=now):
        allowed = allowed.intersected(others)
    unused = [(zone, allowed.intersected(_without(_hours_of(called_at, zone)))) for zone in zones]
    at, first = now, None
    # One zone may move the time to where another is closed; within weeks they agree or never do.
    for _ in range(_MOST_MOVES):
        verdicts = (hours.check(at, [zone]) for zone, hours in unused)
        closed = [verdict for verdict in verdicts if isinstance(verdict, Closed)]
        if not closed:
            return replace(first, opens_at=at) if first else Open()
        first = first or closed[0]
        if shut := next((verdict for verdict in closed if verdict.opens_at is None), None):
            return shut
        at = max(verdict.opens_at for verdict in closed if verdict.opens_at)
    message = f"{len(zones)} possible time zones never have an unused hour at once."
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
