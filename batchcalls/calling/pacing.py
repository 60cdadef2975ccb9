"""How many calls may start now: calls per second and concurrency, of accounts and of batches.

Calls per second follow the generic cell rate algorithm (ITU-T I.371): a row holds the time of its
next free slot, and one UPDATE takes as many slots as are needed. Slots are handed out a little
ahead, and each call waits for its own. What is late is never made up for: `Spacing`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from batchcalls.models import Batch, CallResult, VoiceAccount

#: How far ahead slots are handed out: long enough to place in groups, short enough to pause.
HORIZON_SECONDS = 0.5


class Paced(Protocol):
    """A row with a rate: an account or a batch."""

    cps: float | None
    next_slot_at: datetime | None


@dataclass(slots=True)
class Room:
    """How many calls may be claimed now: on the account, and at most of each of its batches."""

    account: int
    batches: dict[UUID, int]


def room(account: VoiceAccount, batches: Sequence[Batch], *, now: datetime, at_most: int) -> Room:
    """Return what the rates and the lines that are held leave free, ``at_most`` in all."""
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
    """Return when the next call of the row may start."""
    return now if row.next_slot_at is None else max(now, row.next_slot_at)


def take_slot(row: Paced, slot: datetime) -> None:
    """Note on the row that a call starts then, no earlier than its first slot.

    The caller holds the row's lock and saves it. Source: ITU-T I.371, annex A.
    """
    if row.cps:
        row.next_slot_at = slot + timedelta(seconds=1 / row.cps)


class Spacing:
    """Keeps starts apart in a process that may stall, in seconds of one clock.

    Slots lie in the past after a stall. Starting all of these at once would be more calls in a
    second than the rate allows, so each start is at least an interval after the one before.
    """

    def __init__(self) -> None:
        self._free_at: dict[object, float] = {}

    def start(self, intervals: dict[object, float], *, now: float) -> float:
        """Return when a call may start that keeps all these intervals, by the name of each."""
        return max([now, *(self._free_at.get(name, now) for name in intervals)])

    def take(self, intervals: dict[object, float], start: float) -> None:
        """Note a start."""
        for name, interval in intervals.items():
            self._free_at[name] = start + interval

    def hold(self, name: object, until: float) -> None:
        """Let nothing of that name start before then."""
        self._free_at[name] = max(until, self._free_at.get(name, until))

    def free_at(self, name: object) -> float | None:
        """Return when the next call of that name may start; None when nothing is noted."""
        return self._free_at.get(name)
