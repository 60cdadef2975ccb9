"""How many calls an account may start now: calls per second and concurrency.

Calls per second follow the generic cell rate algorithm: the account row holds the time of the
next free slot, and one UPDATE takes as many slots as are needed. Slots are handed out a little
ahead, and each call waits for its own.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from batchcalls.models import CallResult, VoiceAccount

#: How far ahead slots are handed out: long enough to place in groups, short enough to pause.
HORIZON_SECONDS = 0.5


def allowance(account: VoiceAccount, *, now: datetime, want: int) -> int:
    """Return how many calls may be claimed now, at most ``want``."""
    free = account.concurrency - CallResult.objects.live().filter(account=account).count()
    return max(0, min(want, free, _slots_within_horizon(account, now=now, at_most=want)))


def _slots_within_horizon(account: VoiceAccount, *, now: datetime, at_most: int) -> int:
    if account.cps is None:
        return at_most
    first = max(account.next_slot_at or now, now)
    ahead = (now - first).total_seconds() + HORIZON_SECONDS
    return max(0, math.floor(ahead * account.cps) + 1) if ahead >= 0 else 0


def take_slots(account: VoiceAccount, *, now: datetime, count: int) -> list[datetime]:
    """Take the next slots; return when each call may start.

    The caller holds the account's lease, so nobody else moves the row.
    """
    if account.cps is None or count == 0:
        return [now] * count
    first = max(account.next_slot_at or now, now)
    interval = timedelta(seconds=1 / account.cps)
    slots = [first + index * interval for index in range(count)]
    account.next_slot_at = slots[-1] + interval
    VoiceAccount.objects.filter(pk=account.pk).update(next_slot_at=account.next_slot_at)
    return slots
