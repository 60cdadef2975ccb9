"""Limit calls per second and concurrent calls, per account and per batch.

Calls per second follow the generic cell rate algorithm (ITU-T I.371): a row holds the time of its
next free slot, and one UPDATE takes as many slots as needed. Slots are assigned slightly ahead,
and each call waits for its slot. `Spacing` prevents late calls from catching up in a burst.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

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
    held = CallResult.objects.filter(account=account).lines_held()
    free = max(0, account.concurrency - sum(held.values()))
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
    ahead = HORIZON_SECONDS
    if row.next_slot_at is not None and row.next_slot_at > now:
        ahead -= (row.next_slot_at - now).total_seconds()
    if ahead < 0:
        return 0
    return at_most if row.cps is None else min(at_most, math.floor(ahead * row.cps) + 1)


def first_slot(row: Paced, *, now: datetime) -> datetime:
    """Return when the row's next call may start."""
    return now if row.next_slot_at is None else max(now, row.next_slot_at)


def take_slot(row: Paced, slot: datetime) -> None:
    """Set the row's next slot after a call at ``slot``, which is no earlier than its first slot.

    The caller holds the row's lock and saves the row. Source: ITU-T I.371, annex A.
    """
    if row.cps:
        row.next_slot_at = slot + timedelta(seconds=1 / row.cps)


class Spacing:
    """Keeps call starts apart in a process that may stall. Times are seconds of one clock.

    After a stall, slots are in the past. Starting all of them immediately would exceed the rate,
    so each start is at least one interval after the previous one.
    """

    def __init__(self) -> None:
        self._free_at: dict[object, float] = {}

    def start(self, intervals: dict[object, float], *, now: float) -> float:
        """Return when a call with these intervals (by name) may start."""
        return max([now, *(self._free_at.get(name, now) for name in intervals)])

    def take(self, intervals: dict[object, float], start: float) -> None:
        """Record a start."""
        for name, interval in intervals.items():
            self._free_at[name] = start + interval

    def hold(self, name: object, until: float) -> None:
        """Prevent starts under ``name`` before ``until``."""
        self._free_at[name] = max(until, self._free_at.get(name, until))

    def free_at(self, name: object) -> float | None:
        """Return when the next call under ``name`` may start; None when there is no record."""
        return self._free_at.get(name)
