"""Let a request leave only if the database said shortly before that it may.

Between a look at the database and the first byte of a request lie a queue, a free connection,
connecting and TLS: many seconds with a slow carrier, any time in a suspended process. The threads
that send may not use the database. Therefore the thread that holds the account's lease asks about
all calls that were handed to threads and not yet sent, several times a second, and a thread sends
only while the last answer is fresh. So no request leaves later than `PERMITTED_SECONDS` after the
commit of what halts it, and none leaves a process that cannot ask.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from batchcalls.calling.claiming import Claim
from batchcalls.calling.instants import Instant
from batchcalls.database import clock
from batchcalls.database.lease import Lease
from batchcalls.models import Batch, CallResult, VoiceAccount
from batchcalls.voice.errors import NotPlaced
from campaigns import same_phone
from campaigns.models import Suppression

log = structlog.get_logger(__name__)

#: How long an answer of the database permits sending, from the moment before it was asked.
PERMITTED_SECONDS = 0.5
#: Ask the database again when its oldest answer has this age.
RENEW_SECONDS = 0.2
#: Use one query, with one time for entries that expire, so long: Django takes as much time to write
#: it as the database to answer it. An entry thus forbids up to a second longer.
REWRITE_SECONDS = 1.0

DATABASE_SLOW = "database_slow"


class Withheld(NotPlaced):
    """We did not send the request, so the provider knows nothing of it."""


def halted() -> Withheld:
    """Return the reason for a call that may not be sent any more."""
    return Withheld(
        "Dialing was halted before this call was placed.", code="halted", retry_after_seconds=0
    )


def too_late() -> Withheld:
    """Return the reason for a call that another process may soon ask about."""
    return Withheld("The worker was held up.", code="too_late", retry_after_seconds=0)


def closed() -> Withheld:
    """Return the reason for a call that waited until its calling hours were over."""
    return Withheld(
        "Calling hours ended before this call was placed.", code="hours_over", retry_after_seconds=0
    )


def database_slow() -> Withheld:
    """Return the reason for a call that no answer of the database was fresh enough to permit."""
    return Withheld(
        "The database takes too long to answer.", code=DATABASE_SLOW, retry_after_seconds=0
    )


class Permissions:
    """Which of the calls that were handed out may be sent now.

    `take` is for the threads that send. The rest, and the database, is for the thread that made
    this object.
    """

    def __init__(self, lease: Lease[VoiceAccount], *, stop: Callable[[], bool]) -> None:
        self._lease = lease
        self._stop = stop
        self._asker = threading.get_ident()
        self._changed = threading.Condition()
        #: Calls that were handed out and not sent, and when the database was asked about each,
        #: oldest answer first.
        self._unsent: dict[int, tuple[Claim, Instant]] = {}
        self._rules = _allowed(lease, now=clock.now())
        self._rules_written_at = Instant.now()

    def ask(self, new: Sequence[Claim] = ()) -> list[Claim]:
        """Ask about ``new`` calls and, when it is time, about all unsent ones; return the halted.

        The halted calls will not be sent. Raise `LeaseLost` when another process has taken over
        the account: it settles our claims, so sending them now could dial twice.
        """
        with self._changed:
            is_due = self.due_in <= 0
            unsent = [claim for claim, _ in self._unsent.values()] if is_due else []
        if not (unsent or new):
            return []
        asked_at = Instant.now()
        wanted = self._still_wanted([*unsent, *new])
        with self._changed:
            # Some were sent while the database was asked.
            known = [*(claim for claim in unsent if claim.call.pk in self._unsent), *new]
            for claim in known:
                self._unsent.pop(claim.call.pk, None)
                if claim.call.pk in wanted:
                    self._unsent[claim.call.pk] = claim, asked_at
            self._changed.notify_all()
        return [claim for claim in known if claim.call.pk not in wanted]

    @property
    def due_in(self) -> float:
        """Seconds until the database must be asked again; infinite if no call is unsent."""
        with self._changed:
            for _, asked_at in self._unsent.values():
                return RENEW_SECONDS - asked_at.age_seconds
        return math.inf

    def revoke(self) -> list[Claim]:
        """Withdraw all permissions; return the calls, which will not be sent."""
        with self._changed:
            revoked = [claim for claim, _ in self._unsent.values()]
            self._unsent.clear()
            self._changed.notify_all()
        return revoked

    def take(self, claim: Claim) -> None:
        """Let the caller send a call's request at once, and set its ``sent_at``.

        Wait for the next answer of the database if the last one is too old. Raise `Withheld` when
        the request must not be sent.
        """
        if claim.call.sent_at is not None:
            raise RuntimeError("A provider asked twice whether it may send one request.")
        longest = settings.SEND_WITHIN_SECONDS
        waited = False
        with self._changed:
            while True:
                if claim.call.pk not in self._unsent:
                    raise halted()
                age = claim.made_at.age_seconds
                if age > longest:
                    del self._unsent[claim.call.pk]
                    raise database_slow() if waited else too_late()
                _, asked_at = self._unsent[claim.call.pk]
                if asked_at.age_seconds < PERMITTED_SECONDS:
                    break
                waited = True
                self._await_answer(seconds=longest - age)
            del self._unsent[claim.call.pk]
            # By the clock of the claim, whichever that is.
            sent_at = claim.call.claimed_at + timedelta(seconds=age)
            if claim.until is not None and sent_at >= claim.until:
                raise closed()
            claim.call.sent_at = sent_at

    def _await_answer(self, *, seconds: float) -> None:
        if threading.get_ident() != self._asker:
            self._changed.wait(timeout=seconds)
            return
        # Without threads, the caller runs each request itself, and nobody else would ask.
        try:
            self.ask()
        except Exception:
            # The next step fails for the same reason, and then says so.
            log.exception("permission.cannot_ask")
            self._unsent.clear()

    def _still_wanted(self, claims: Sequence[Claim]) -> set[int]:
        """Return which of the calls may still be placed. Raise `LeaseLost`."""
        if self._stop():
            return set()
        now = clock.now()
        if self._rules_written_at.age_seconds > REWRITE_SECONDS:
            self._rules, self._rules_written_at = _allowed(self._lease, now=now), Instant.now()
        rows = list(self._rules.filter(pk__in=[claim.call.pk for claim in claims]))
        allowed = {pk for pk, *_ in rows}
        self._lease.keep(is_mine=bool(allowed))
        has_twins = any(same_phone.twin_of(claim.call.to_number) for claim in claims)
        if not (has_twins or any(has_hashes for *_, has_hashes in rows)):
            return allowed
        campaigns = {pk: campaign for pk, campaign, _ in rows}
        numbers = {
            claim.call.pk: claim.call.to_number for claim in claims if claim.call.pk in allowed
        }
        bans = Suppression.objects.bans_among(numbers.values(), now=now)
        return {pk for pk in allowed if not bans.on(numbers[pk], campaigns[pk])}


def _allowed(
    lease: Lease[VoiceAccount], *, now: datetime
) -> QuerySet[CallResult, tuple[int, int | None, bool]]:
    """Return the calls that are not halted, stopped, held or on the do-not-call list.

    One query for all rules: it runs up to twenty times a second. Beside each key and campaign, it
    says whether the list has hashes too, which only another query can compare.
    """
    forbidden = Suppression.objects.forbidding(
        number=OuterRef("to_number"), campaign=OuterRef("batch__campaign_id"), now=now
    )
    return (
        CallResult.objects.order_by()
        .filter(
            ~forbidden,
            stop_requested="",
            batch__in=Batch.objects.dialing().order_by(),
            account__in=lease.mine.order_by(),
        )
        .values_list("pk", "batch__campaign_id", Exists(Suppression.objects.hashed().order_by()))
    )
