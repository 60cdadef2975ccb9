"""Ask the provider for news of calls, to stop calls, and whether a lost call exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Min

from batchcalls.calling import call_requests, giving_up, recording, results
from batchcalls.calling.next_check import ASK_AGAIN_AFTER, next_check
from batchcalls.database import clock
from batchcalls.database.bulk import update_each
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.net.under_way import UnderWay
from batchcalls.states import (
    CALL_GIVEN_UP,
    CALL_IN_DOUBT,
    STOP_DUE,
    RecipientStatus,
    StopRequest,
)
from batchcalls.voice.base import (
    CallAbsent,
    CallAccepted,
    CallFound,
    CallReference,
    CallRequest,
    CannotTell,
    Pulled,
    VoiceProvider,
)
from batchcalls.voice.errors import NotPlaced, OutcomeUnknown

log = structlog.get_logger(__name__)

#: Concurrent questions. The provider itself reports on most calls.
ASKING_THREADS = 16
#: Seconds before each further question about an unconfirmed call. After the last, a person decides.
LOOKUP_WAITS = (5, 15, 60, 180, 600)
#: How long denials are not believed after the clock was set: longer than a call may take to appear
#: in a list, and shorter than the waits above.
STEP_DOUBT_SECONDS = 600.0
#: The same for an attempt that was given up, after the first such question.
GIVEN_UP_WAITS = (180, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call to ask about; ``request`` is the request it was placed with."""

    call: CallResult
    request: CallRequest
    asked_at: datetime

    @property
    def reference(self) -> CallReference:
        """The provider's reference to the call."""
        return CallReference(provider_call_id=str(self.call.provider_call_id), request=self.request)


#: Statuses in which the provider is asked whether the call exists, not for news of it.
IS_IT_THERE = CALL_IN_DOUBT | CALL_GIVEN_UP

Reply = Pulled | CallFound | CallAbsent | CannotTell | Exception


def stale_from(account: VoiceAccount) -> datetime | None:
    """Return when the oldest unanswered claim becomes stale; None when there is no such claim."""
    rows = CallResult.objects.unanswered().filter(account=account)
    oldest: datetime | None = rows.aggregate(at=Min("claimed_at"))["at"]
    return oldest + timedelta(seconds=settings.STALE_CLAIM_SECONDS) if oldest else None


def abandon_stale(account: VoiceAccount, *, now: datetime) -> set[UUID]:
    """Mark claims unconfirmed whose process died before recording; return their batches."""
    limit = now - timedelta(seconds=settings.STALE_CLAIM_SECONDS)
    unanswered = CallResult.objects.unanswered().filter(account=account, claimed_at__lt=limit)
    stale = list(unanswered[:1000])
    if stale:
        died = OutcomeUnknown(
            "The worker stopped while placing this call. Checking with the provider.",
            code=giving_up.WORKER_DIED,
        )
        recording.record_unknown([(call, died) for call in stale], ask_at=now)
    return {call.batch_id for call in stale}


def ask_about_forgotten(account: VoiceAccount, *, now: datetime) -> None:
    """Ask about open calls without a next question, as older versions left them."""
    calls = CallResult.objects.live().filter(account=account, next_check_at=None)
    calls.exclude(provider_call_id=None).update(next_check_at=now, checked_at=None)


class Enquirer:
    """Context manager that asks about an account's calls, many at once, while its lease lasts.

    On exit, running questions are awaited and their answers applied.
    """

    def __init__(self, account: VoiceAccount, provider: VoiceProvider) -> None:
        self._account = account
        self._provider = provider
        threads = ASKING_THREADS if provider.keeps_waiting else 0
        self._under_way: UnderWay[Question, Reply] = UnderWay(self._ask, threads=threads)
        self._asked: set[int] = set()
        #: Batches that changed since they were last settled.
        self.touched: set[UUID] = set()

    @property
    def idle(self) -> bool:
        """True when no question is running."""
        return not self._under_way.count

    def step(self) -> bool:
        """Ask about due calls and apply answers; return whether there was anything to do."""
        asked = self._ask_about_due()
        return self._apply_replies(self._under_way.collect()) or asked

    def _ask_about_due(self) -> bool:
        room = self._under_way.free
        if room <= 0:
            return False
        due = list(
            CallResult.objects.to_check(clock.now())
            .filter(account=self._account)
            .exclude(pk__in=self._asked)
            .select_related("recipient")[:room]
        )
        # One instance per batch, shared by its calls.
        batches = Batch.objects.in_bulk({call.batch_id for call in due})
        for call in due:
            call.batch = batches[call.batch_id]
            try:
                request = call_requests.build(call.batch, call.recipient, call)
            except Exception:
                # One call that cannot be asked about must not block the others.
                log.exception("reconcile.no_request", call_id=str(call.call_id))
                _ask_later([call], clock.now() + ASK_AGAIN_AFTER)
                continue
            self._asked.add(call.pk)
            self._under_way.start(Question(call=call, request=request, asked_at=clock.now()))
        return bool(due)

    def _ask(self, question: Question) -> Reply:
        """Ask the provider; runs in a thread."""
        call = question.call
        try:
            if call.status in IS_IT_THERE:
                return self._provider.find(
                    question.request, sent_at=call.latest_sent_at, since=call.claimed_at
                )
            until = question.asked_at
            if call.stop_requested in STOP_DUE:
                hang_up = call.stop_requested == StopRequest.HANG_UP
                return self._provider.stop(question.reference, hang_up=hang_up, now=until)
            return self._provider.pull(question.reference, after=call.checked_at, until=until)
        except NotPlaced as error:
            return error
        except Exception as error:
            log.exception("reconcile.asking_failed", call_id=str(call.call_id))
            return error

    def _apply_replies(self, replies: Sequence[tuple[Question, Reply]]) -> bool:
        """Apply the provider's answers, one group for each kind."""
        if not replies:
            return False
        now = clock.now()
        replies = [(question, _unless_in_doubt(reply)) for question, reply in replies]
        self._asked -= {question.call.pk for question, _ in replies}
        self.touched |= {question.call.batch_id for question, _ in replies}
        pulled = [(one, reply) for one, reply in replies if isinstance(reply, Pulled)]
        found = [
            (
                one.call,
                CallAccepted(
                    provider_call_id=reply.provider_call_id, next_event_at=reply.next_event_at
                ),
            )
            for one, reply in replies
            if isinstance(reply, CallFound)
        ]
        denied = [one.call for one, reply in replies if isinstance(reply, CallAbsent)]
        if pulled:
            self._apply_all(pulled, now=now)
        for call, error in recording.record_accepted(found, now=now) if found else ():
            _look_up_later(call, str(error), now=now)
        if lost := [call for call in denied if call.status in CALL_IN_DOUBT]:
            giving_up.give_up(self._account.pk, lost, now=now)
        for call in denied:
            if call.status in CALL_GIVEN_UP:
                _look_up_later(call, "", now=now)
        for question, reply in replies:
            if isinstance(reply, CannotTell):
                _look_up_later(question.call, reply.reason, now=now)
            elif isinstance(reply, Exception):
                self._postpone(question.call, reply, now=now)
        return True

    def _apply_all(self, pulled: list[tuple[Question, Pulled]], *, now: datetime) -> None:
        """Apply answers as one group; if that fails, one by one, so a bad one blocks no other."""
        try:
            self._apply(pulled, now=now)
        except (DatabaseError, ValueError):
            log.exception("reconcile.group_failed", account_id=self._account.pk)
        else:
            return
        for pair in pulled:
            try:
                self._apply([pair], now=now)
            except (DatabaseError, ValueError):
                log.exception("reconcile.event_failed", call_id=str(pair[0].call.call_id))
                _ask_later([pair[0].call], now + ASK_AGAIN_AFTER)

    @transaction.atomic
    def _apply(self, pulled: list[tuple[Question, Pulled]], *, now: datetime) -> None:
        """Apply fetched events and store when to ask again; if either fails, both are redone."""
        events = [event for _, reply in pulled for event in reply.events]
        results.apply(self._account.pk, events, now=now)
        # Events are known up to the time of the question, not of the answer. If the provider names
        # no next event, an earlier one was missed: the next question is about the whole call.
        asked = [
            (
                one.call,
                one.asked_at if reply.next_event_at else None,
                next_check(reply.next_event_at, now=now),
            )
            for one, reply in pulled
        ]
        update_each(
            CallResult,
            ["checked_at", "next_check_at", "stop_requested"],
            [
                (call.pk, at, again, StopRequest.TOLD)
                for call, at, again in asked
                if call.stop_requested in STOP_DUE
            ],
            where_null="ended_at",
        )
        # Keep a stop request that arrived while the question was running.
        update_each(
            CallResult,
            ["checked_at", "next_check_at"],
            [
                (call.pk, at, again)
                for call, at, again in asked
                if call.stop_requested not in STOP_DUE
            ],
            where_null="ended_at",
            where_in=("stop_requested", {"", *StopRequest} - STOP_DUE),
        )

    def _postpone(self, call: CallResult, error: Exception, *, now: datetime) -> None:
        if call.status in IS_IT_THERE:
            _look_up_later(call, f"asking ended in {type(error).__name__}.", now=now)
            return
        wait = ASK_AGAIN_AFTER
        if isinstance(error, NotPlaced):
            wait = max(timedelta(seconds=error.retry_after_seconds), timedelta(seconds=1))
        _ask_later([call], now + wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Wait for running questions and apply their answers."""
        with self._under_way:
            self._apply_replies(self._under_way.drain(seconds=settings.PLACING_WAIT_SECONDS))


def _unless_in_doubt(reply: Reply) -> Reply:
    """Believe no denial while the call may be younger than its stored times say."""
    if isinstance(reply, CallAbsent) and clock.seconds_since_step() < STEP_DOUBT_SECONDS:
        return CannotTell("The clock was set, so it is too early to tell.")
    return reply


def _ask_later(calls: Sequence[CallResult], at: datetime) -> None:
    # Not about calls that have ended in the meantime.
    due = CallResult.objects.filter(pk__in=[call.pk for call in calls], next_check_at__isnull=False)
    due.update(next_check_at=at)


@transaction.atomic
def _look_up_later(call: CallResult, reason: str, *, now: datetime) -> None:
    """Postpone the next question; after the last one an unconfirmed recipient stays so."""
    all_waits = GIVEN_UP_WAITS if call.status in CALL_GIVEN_UP else LOOKUP_WAITS
    waits = all_waits[call.lookups :]
    ask_at = now + timedelta(seconds=waits[0]) if waits else None
    CallResult.objects.filter(pk=call.pk, status=call.status).update(
        lookups=call.lookups + 1, next_check_at=ask_at
    )
    if call.status in CALL_GIVEN_UP:
        return
    Recipient.objects.filter(pk=call.recipient_id, status=RecipientStatus.UNCONFIRMED).update(
        due_at=ask_at,
        reason=f"Could not confirm whether this call was placed: {reason}",
    )
