"""Limit calls per second and concurrent calls, per account and per batch.

Calls per second follow the generic cell rate algorithm (ITU-T I.371): a row holds the time of its
next free slot, and one UPDATE takes as many slots as needed. Slots are assigned slightly ahead,
and each call waits for its slot. `Spacing` prevents late calls from catching up in a burst.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Q, QuerySet

from batchcalls.models import Batch, CallResult, VoiceAccount

#: How far ahead slots are assigned: long enough to place in groups, short enough to pause soon.
HORIZON_SECONDS = 0.5


class Paced(Protocol):
    """A row with a rate: an account or a batch."""

    cps: float | None
    next_slot_at: datetime | None


@dataclass(slots=True)
class Room:
    """How many calls may be claimed now: in total for the account, and at most per batch."""

    account: int
    batches: dict[UUID, int]


def room(account: VoiceAccount, batches: Sequence[Batch], *, now: datetime, at_most: int) -> Room:
    """Return the room left by rates and occupied lines, at most ``at_most`` calls in total."""
    calls = CallResult.objects.filter(account=account)
    # Counting by batch reads every live call.
    limited = [batch.pk for batch in batches if batch.concurrency is not None]
    held = calls.filter(batch__in=limited).lines_held() if limited else {}
    free = 0 if account.is_held(now) else max(0, account.concurrency - calls.count_lines_held())
    return Room(
        account=min(at_most, free, _slots(account, now=now, at_most=at_most)),
        batches={
            batch.pk: _room_of_batch(batch, held.get(batch.pk, 0), now=now, at_most=at_most)
            for batch in batches
        },
    )


def _room_of_batch(batch: Batch, held: int, *, now: datetime, at_most: int) -> int:
    free = at_most if batch.concurrency is None else max(0, batch.concurrency - held)
    return min(free, _slots(batch, now=now, at_most=at_most))


def _slots(row: Paced, *, now: datetime, at_most: int) -> int:
    """Count the free slots within the horizon."""
    if row.cps is None:
        return at_most
    ahead = HORIZON_SECONDS - (first_slot(row, now=now) - now).total_seconds()
    return 0 if ahead < 0 else min(at_most, math.floor(ahead * row.cps) + 1)


def first_slot(row: Paced, *, now: datetime) -> datetime:
    """Return when the row's next call may start.

    A slot that was stored at a lower rate is never further away than one call at today's rate.
    """
    if row.cps is None or row.next_slot_at is None:
        return now
    furthest = now + timedelta(seconds=HORIZON_SECONDS + 1 / row.cps)
    return min(max(now, row.next_slot_at), furthest)


def take_slot(row: Paced, slot: datetime) -> None:
    """Set the row's next slot after a call at ``slot``, which is no earlier than its first slot.

    The caller holds the row's lock and saves the row. Source: ITU-T I.371, annex A.
    """
    if row.cps:
        row.next_slot_at = slot + timedelta(seconds=1 / row.cps)


def free_slots(rows: QuerySet[Any], slots: Iterable[datetime]) -> None:
    """Make the last slots that a row handed out free again, because their calls were not placed."""
    if first := min(slots, default=None):
        rows.filter(next_slot_at__gt=first).update(next_slot_at=first)


def postpone(rows: QuerySet[Any], to: datetime) -> None:
    """Set a row's next slot to ``to``, unless it is later already."""
    rows.filter(Q(next_slot_at=None) | Q(next_slot_at__lt=to)).update(next_slot_at=to)


class Spacing:
    """Keeps call starts apart in a process that may stall. Times are seconds of one clock.

    After a stall, slots are in the past. Starting all of them immediately would exceed the rate,
    so each start is at least one interval after the previous one.
    """

    def __init__(self) -> None:
        self._free_at: dict[object, float] = {}
        self._held: dict[object, float] = {}

    def start(self, intervals: dict[object, float], *, now: float) -> float:
        """Return when a call with these intervals (by name) may start."""
        free = (self._free_at.get(name, now) for name in intervals)
        held = (self._held.get(name, now) for name in intervals)
        return max([now, *free, *held])

    def take(self, intervals: dict[object, float], start: float) -> None:
        """Record a start."""
        for name, interval in intervals.items():
            self._free_at[name] = start + interval

    def hold(self, name: object, until: float) -> None:
        """Prevent starts under ``name`` before ``until``."""
        self._held[name] = max(until, self._held.get(name, until))

    def release(self, name: object) -> None:
        """End a hold."""
        self._held.pop(name, None)

    def give_back(self, intervals: dict[object, float], start: float) -> None:
        """Make a start that did not happen free again, unless a later one was taken."""
        for name, interval in intervals.items():
            if self._free_at.get(name) == start + interval:
                self._free_at[name] = start

    @property
    def taken(self) -> dict[object, float]:
        """When the next call may start, for each name under which calls were started."""
        return dict(self._free_at)
