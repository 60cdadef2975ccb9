"""Place claimed calls: wait for the slot → ask again → place once → record.

Many requests run at the same time, outside any transaction, and no request is ever repeated. The
provider's answers are recorded in groups. Only the thread that holds the account's lease uses the
database.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Self
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q, QuerySet

from batchcalls.calling import claiming, pacing, recording
from batchcalls.calling.claiming import ACCOUNT, Claim
from batchcalls.calling.permission import DATABASE_SLOW, Permissions, Withheld, halted
from batchcalls.database import clock
from batchcalls.database.insisting import insist
from batchcalls.database.lease import Lease
from batchcalls.models import Batch, VoiceAccount
from batchcalls.net.under_way import UnderWay
from batchcalls.voice.base import VoiceProvider
from batchcalls.voice.errors import OutcomeUnknown, ProviderThrottled, VoiceError

log = structlog.get_logger(__name__)

#: Recipients claimed per transaction: few enough to be placed soon after.
CLAIM_SIZE = 128
#: Pause after a claim that yielded less than that.
CLAIM_AGAIN_SECONDS = 0.1
#: Answers are recorded when there are this many, or when the first is this old.
RECORD_SIZE, RECORD_SECONDS = 128, 0.25
#: How long answers wait for a database that is away or full.
INSIST_SECONDS = 60.0
#: How early a call is handed to a thread.
AHEAD_SECONDS = 0.05
#: Calls held longer than this return to the queue, where a pause or cancel can reach them.
LONGEST_HOLD_SECONDS = 2.0

#: A claim, and the time on the monotonic clock at which it is placed.
Start = tuple[Claim, float]


class Dispatcher:
    """Context manager that places an account's due calls while its lease lasts.

    `step` does everything that is possible now and never waits. `wait` waits for the next answer
    or slot. Both raise `LeaseLost` when another process has taken over the account. On exit,
    calls that were not placed return to the queue, and running requests are awaited.
    """

    def __init__(
        self,
        provider: VoiceProvider,
        lease: Lease[VoiceAccount],
        *,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._provider = provider
        self._lease = lease
        self._stop = stop
        self._permissions = Permissions(lease, stop=stop)
        threads = settings.PLACING_THREADS if provider.keeps_waiting else 0
        self._under_way: UnderWay[Start, recording.Answer] = UnderWay(self._place, threads=threads)
        #: Calls are started in groups because each group costs database queries.
        self._group = max(1, self._under_way.threads // 4)
        self._waiting: deque[Claim] = deque()
        #: When each running request was handed to a thread, oldest first.
        self._started: dict[int, float] = {}
        self._answered: list[tuple[Claim, recording.Answer]] = []
        self._answered_since = 0.0
        self._spacing = pacing.Spacing()
        #: Whether the account's row may say that the database is too slow.
        self._may_be_slow = True
        #: Batches that changed since they were last settled.
        self.touched: set[UUID] = set()
        #: True when the last claim ran out of due recipients.
        self.dry = True
        self._claim_again_at = 0.0

    def step(self) -> bool:
        """Claim, start, collect and record what is possible now; return whether anything was."""
        self._halt(self._permissions.ask())
        claimed = self._claim()
        started = self._start_due()
        recorded = self._collect()
        return claimed or started or recorded

    def wait(self, seconds: float) -> None:
        """Wait for an answer or a slot, at most ``seconds``."""
        if self._can_start():
            start = self._start_of(self._waiting[0], now=time.monotonic())
            seconds = max(0.0, min(seconds, start - AHEAD_SECONDS - time.monotonic()))
        if self._answered:
            seconds = min(seconds, RECORD_SECONDS)
        seconds = min(seconds, self._permissions.due_in)
        if self._under_way.count:
            self._note(self._under_way.collect(wait_seconds=max(seconds, 0.001)))
        elif seconds > 0:
            time.sleep(seconds)

    @property
    def longest_wait_seconds(self) -> float:
        """How long the oldest request has been without an answer; 0 if none is running."""
        for started in self._started.values():
            return time.monotonic() - started
        return 0.0

    @property
    def idle(self) -> bool:
        """True when no call is claimed, being placed or waiting to be recorded."""
        return not (self._waiting or self._under_way.count or self._answered)

    # Claiming ------------------------------------------------------------------------------------

    def _claim(self) -> bool:
        """Claim ahead so that threads do not wait for the next transaction."""
        if len(self._waiting) > CLAIM_SIZE // 2 or self._stop():
            return False
        if time.monotonic() < self._claim_again_at:
            return False
        claims = claiming.claim(self._lease, want=CLAIM_SIZE)
        if len(claims.placeable) < CLAIM_SIZE:
            self._claim_again_at = time.monotonic() + CLAIM_AGAIN_SECONDS
        self.dry = not claims.full and len(claims.placeable) < CLAIM_SIZE
        self.touched |= claims.batches
        if claims.placeable:
            # The account's row is not on hold: the hold is over, or a person ended it.
            self._spacing.release(ACCOUNT)
        self._waiting.extend(claims.placeable)
        return bool(claims.batches)

    def claim_again(self) -> None:
        """Claim in the next step, because there are new recipients."""
        self._claim_again_at = 0.0

    # Starting ------------------------------------------------------------------------------------

    def _start_due(self) -> bool:
        """Start a group of calls whose slot has come, after asking whether they are allowed."""
        if not self._can_start():
            return False
        group: list[Start] = []
        now = time.monotonic()
        while self._waiting and len(group) < self._under_way.free:
            start = self._start_of(self._waiting[0], now=now)
            if start > now + AHEAD_SECONDS:
                break
            claim = self._waiting.popleft()
            self._spacing.take(claim.intervals, start)
            group.append((claim, start))
        if not group:
            return self._return_held(now)
        try:
            refused = self._permissions.ask([claim for claim, _ in group])
        except BaseException:
            # No thread has these calls yet. They return to the queue with the others on exit.
            self._waiting.extendleft(claim for claim, _ in reversed(group))
            raise
        not_wanted = {claim.call.pk for claim in refused}
        for claim, start in reversed(group):
            if claim.call.pk in not_wanted:
                self._spacing.give_back(claim.intervals, start)
        self._halt(refused)
        for claim, start in group:
            if claim.call.pk not in not_wanted:
                self._started[claim.call.pk] = now
                self._under_way.start((claim, start))
        return True

    def _can_start(self) -> bool:
        """Return whether there are calls to start and enough free threads for a whole group."""
        return bool(self._waiting) and self._under_way.free >= min(self._group, len(self._waiting))

    def _start_of(self, claim: Claim, *, now: float) -> float:
        slot = now + (claim.slot - clock.now()).total_seconds()
        return max(slot, self._spacing.start({ACCOUNT: 0.0, **claim.intervals}, now=now))

    def _halt(self, claims: Sequence[Claim]) -> None:
        if claims:
            self.touched |= {claim.call.batch_id for claim in claims}
            _withdraw([(claim, halted()) for claim in claims])
            self._free_slots(claims)

    def _free_slots(self, claims: Sequence[Claim]) -> None:
        """Make the slots of returned claims free again, unless a later one is still in use."""
        in_use = {name for claim in self._waiting for name in claim.intervals}
        for name in {name for claim in claims for name in claim.intervals} - in_use:
            slots = [claim.slot for claim in claims if name in claim.intervals]
            pacing.free_slots(self._paced(name), slots)
        self._store_spacing()

    def _return_held(self, now: float) -> bool:
        """Return all claims to the queue when the account may not start calls for a while."""
        until = self._spacing.start({ACCOUNT: 0.0}, now=now)
        if not self._waiting or until - now < LONGEST_HOLD_SECONDS:
            return False
        held, self._waiting = list(self._waiting), deque()
        self._halt(held)
        return True

    # Placing: the only part that runs in threads -------------------------------------------------

    def _place(self, job: Start) -> recording.Answer:
        """Send one request, once, at its start time."""
        claim, start = job
        if (ahead := start - time.monotonic()) > 0:
            time.sleep(ahead)
        may_send = partial(self._permissions.take, claim)
        try:
            return self._provider.place(claim.request, may_send=may_send)
        except VoiceError as error:
            return error
        except Exception as error:
            log.exception("dispatch.place_failed", call_id=str(claim.call.call_id))
            return OutcomeUnknown(
                f"Placing the call ended in {type(error).__name__}; it may exist.",
                code="place_error",
            )

    # Recording -----------------------------------------------------------------------------------

    def _collect(self) -> bool:
        self._note(self._under_way.collect())
        age = time.monotonic() - self._answered_since
        if not self._answered:
            return False
        if len(self._answered) < RECORD_SIZE and age < RECORD_SECONDS and self._under_way.count:
            return False
        return self._record()

    def _note(self, answers: list[tuple[Start, recording.Answer]]) -> None:
        if answers and not self._answered:
            self._answered_since = time.monotonic()
        for (claim, _), answer in answers:
            self._started.pop(claim.call.pk, None)
            self._answered.append((claim, answer))
            if isinstance(answer, ProviderThrottled) and answer.account_wide:
                self._hold(answer)

    def _hold(self, answer: ProviderThrottled) -> None:
        """Hold all calls of the account as long as its provider asks, on every worker."""
        self._spacing.hold(ACCOUNT, time.monotonic() + answer.retry_after_seconds)
        until = clock.now() + timedelta(seconds=answer.retry_after_seconds)
        shorter = Q(held_until=None) | Q(held_until__lt=until)
        self._lease.mine.filter(shorter).update(
            held_until=until, held_code="", held_reason=str(answer)
        )

    def _record(self) -> bool:
        answered = list(self._answered)
        if answered:
            withheld = [(one, answer) for one, answer in answered if isinstance(answer, Withheld)]
            if withheld:
                _withdraw(withheld)
            recording.record(
                [(one.call, answer) for one, answer in answered if not isinstance(answer, Withheld)]
            )
            self._note_slowness([answer for _, answer in answered])
            self.touched |= {claim.call.batch_id for claim, _ in answered}
        # Only now: what could not be recorded is recorded again.
        del self._answered[: len(answered)]
        return bool(answered)

    def _note_slowness(self, answers: Sequence[recording.Answer]) -> None:
        """Store that the database is too slow for dialing, and later that it no longer is."""
        if any(isinstance(one, Withheld) and one.code == DATABASE_SLOW for one in answers):
            self._may_be_slow = True
            self._lease.mine.update(database_slow_at=clock.now())
        elif self._may_be_slow and not all(isinstance(one, Withheld) for one in answers):
            self._may_be_slow = False
            self._lease.mine.exclude(database_slow_at=None).update(database_slow_at=None)

    # Leaving -------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Return unplaced calls to the queue, then await and record running requests.

        If the database is away, the answers wait for it: they say which calls exist.
        """
        with self._under_way:
            waiting, self._waiting = list(self._waiting), deque()
            unsent = [*waiting, *self._permissions.revoke()]
            try:
                self._halt(unsent)
            except DatabaseError:
                log.warning("dispatch.not_returned", calls=len(unsent))
            else:
                unsent = []
            self._note(self._under_way.drain(seconds=settings.PLACING_WAIT_SECONDS))
            try:
                insist(self._record, seconds=INSIST_SECONDS)
            except DatabaseError:
                # The provider will be asked about them. A person may need the ids.
                answers = {str(one.call.call_id): str(answer) for one, answer in self._answered}
                log.error("dispatch.answers_not_recorded", answers=answers)
                raise
            self._halt(unsent)
            self._store_spacing()

    def _store_spacing(self) -> None:
        """Store when the next calls may start, if that is later than the rows say."""
        for name, free_at in self._spacing.taken.items():
            if (ahead := free_at - time.monotonic()) > 0:
                pacing.postpone(self._paced(name), clock.now() + timedelta(seconds=ahead))

    def _paced(self, name: Any) -> QuerySet[VoiceAccount] | QuerySet[Batch]:
        """Return the row with a rate; no row once the lease is lost."""
        mine = self._lease.mine
        return mine if name == ACCOUNT else Batch.objects.filter(pk=name, account__in=mine)


def _withdraw(withheld: Sequence[tuple[Claim, Withheld]]) -> None:
    """Return claims whose requests were not sent to the queue."""
    now = clock.now()
    recording.withdraw(
        [
            recording.Withdrawal(call=claim.call, due_at=now, code=why.code, reason=str(why))
            for claim, why in withheld
        ]
    )
