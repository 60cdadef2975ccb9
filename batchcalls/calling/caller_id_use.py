"""How often caller IDs were used in the last 24 hours, and whose turn it is.

The lease of an account lets only one claim at a time count its calls, so no cap is exceeded.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, QuerySet

from batchcalls.database.bulk import update_each
from batchcalls.models import CallerId, CallResult, VoiceAccount
from campaigns.caps import DAY

#: Caller IDs whose calls are counted by one query.
COUNTED_AT_ONCE = 64


@dataclass(slots=True)
class _Calls:
    """The calls from a number in the last day: stored ones, and those of this claim.

    ``oldest`` is when the first of the stored ones was claimed.
    """

    stored: int = 0
    oldest: datetime | None = None
    chosen: int = 0

    @property
    def total(self) -> int:
        return self.stored + self.chosen


class Use:
    """The use of an account's caller IDs, which are numbered as in ``rows``.

    ``rows`` are in the order of their turns. Only the calls of caller IDs that have a cap are
    counted, and only when one of them may be chosen: an account may have thousands.
    """

    def __init__(self, account: VoiceAccount, rows: Sequence[CallerId], *, now: datetime) -> None:
        self._account, self._rows, self._now = account, rows, now
        self._turns = list(range(len(rows)))
        self._calls: dict[int, _Calls] = {}
        self._newly_full: set[int] = set()
        self._chosen: set[int] = set()
        self._last_turn = len(rows)

    def queue(self, numbers: Iterable[int]) -> list[tuple[int, int]]:
        """Return caller IDs as a queue for `first`."""
        queue = [(self._turns[one], one) for one in numbers]
        heapq.heapify(queue)
        return queue

    def first(self, queue: list[tuple[int, int]], may_call: Callable[[int], bool]) -> int | None:
        """Return the caller ID whose turn it is. Those at their cap leave the queue for good."""
        aside: list[tuple[int, int]] = []
        found = None
        while queue and found is None:
            turn, one = queue[0]
            if turn != self._turns[one]:  # it was chosen from another queue meanwhile
                heapq.heapreplace(queue, (self._turns[one], one))
            elif self.is_full(one, queue):
                heapq.heappop(queue)
            elif may_call(one):
                found = one
            else:
                aside.append(heapq.heappop(queue))
        for entry in aside:
            heapq.heappush(queue, entry)
        return found

    def take(self, one: int) -> str:
        """Count a call from a caller ID and end its turn; return its use before in words."""
        cap = self._rows[one].daily_cap
        words = "" if cap is None else f", {self._calls[one].total:,} of {cap:,} calls in 24 hours"
        self._calls.setdefault(one, _Calls()).chosen += 1
        self._chosen.add(one)
        self._last_turn += 1
        self._turns[one] = self._last_turn
        return words

    def is_full(self, one: int, next_ones: Sequence[tuple[int, int]] = ()) -> bool:
        """Return whether a caller ID is at its cap; count the next in its queue with it."""
        row = self._rows[one]
        if row.daily_cap is None:
            return False
        if row.full_until and row.full_until > self._now:
            return True
        if one not in self._calls:
            soon = heapq.nsmallest(COUNTED_AT_ONCE, next_ones)
            self._count({one, *(other for _, other in soon)})
        if self._calls[one].total < row.daily_cap:
            return False
        row.full_until = self._free_at(row, self._calls[one])
        self._newly_full.add(one)
        return True

    def store(self) -> None:
        """Store which caller IDs were chosen, and which are at their cap."""
        chosen = [self._rows[one].pk for one in self._chosen]
        if chosen:
            CallerId.objects.filter(pk__in=chosen).update(used_at=self._now)
        full = [self._rows[one] for one in self._newly_full]
        update_each(CallerId, ["full_until"], [(row.pk, row.full_until) for row in full])

    def _count(self, wanted: Collection[int]) -> None:
        numbers = {
            self._rows[one].e164: one
            for one in wanted
            if one not in self._calls and self._rows[one].daily_cap is not None
        }
        self._calls.update((one, _Calls()) for one in numbers.values())
        counted = self._recent(numbers).values_list("from_number")
        for number, *calls in counted.annotate(calls=Count("*"), oldest=Min("claimed_at")):
            self._calls[numbers[number]] = _Calls(*calls)

    def _free_at(self, row: CallerId, calls: _Calls) -> datetime:
        """Return when a caller ID at its cap may be used again."""
        longest = timedelta(seconds=settings.SEND_WITHIN_SECONDS)
        first = calls.oldest or self._now
        if (too_many := calls.stored - (row.daily_cap or 0)) > 0:  # the cap was lowered
            recent = self._recent([row.e164]).order_by("claimed_at")
            first = recent.values_list("claimed_at", flat=True)[too_many]
        return first + DAY + longest

    def _recent(self, numbers: Collection[str]) -> QuerySet[CallResult]:
        """Return the attempts from numbers that may have been sent within the last 24 hours."""
        since = self._now - DAY - timedelta(seconds=settings.SEND_WITHIN_SECONDS)
        calls = CallResult.objects.filter(account=self._account, from_number__in=numbers)
        return calls.filter(claimed_at__gt=since).order_by()
