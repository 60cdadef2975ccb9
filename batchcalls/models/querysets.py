"""Querysets: rows that are due or live, and the progress of batches."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import Count, Exists, Max, Min, Model, OuterRef, Q, QuerySet, Subquery, Sum

from batchcalls.database import clock
from batchcalls.database.stamps import StampedQuerySet
from batchcalls.states import (
    BATCH_CALLING,
    BATCH_TERMINAL,
    CALL_FINAL,
    CALL_GIVEN_UP,
    CALL_IN_DOUBT,
    CALL_LIVE,
    FIGURES,
    OPEN_STAGES,
    RECIPIENT_CLAIMABLE,
    RECIPIENT_IN_DOUBT,
    RECIPIENT_NOT_YET_PLACED,
    RECIPIENT_OPEN,
    CallStatus,
    ListStatus,
    RecipientStatus,
    Stage,
)
from batchcalls.voice.registry import PROVIDERS
from campaigns.vocabulary import AnsweredBy

#: Error code of a call that was placed, as a person says, and whose result is not known.
RESULT_UNKNOWN = "result_unknown"

#: Parts of numbers with as many digits are rare: finding some of them may read all calls.
RARE_DIGITS = 5
#: The most numbers by which a search finds recipients.
MOST_NUMBERS = 500
#: Shorter beginnings of ids would find many.
LEAST_OF_ID = 6

ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Row counts of a batch. All fields but ``called`` add up to ``rows``.

    The role of a status defines which field counts it.
    """

    rows: int = 0
    called: int = 0
    reached: int = 0
    voicemail: int = 0
    not_reached: int = 0
    failed: int = 0
    skipped: int = 0
    unconfirmed: int = 0
    canceled: int = 0
    waiting: int = 0
    live: int = 0

    @property
    def finished(self) -> int:
        """The number of rows at a final stage."""
        return self.rows - sum(map(self.at, OPEN_STAGES))

    def at(self, stage: Stage) -> int:
        """Count the rows at a stage."""
        return sum(getattr(self, name) for name in FIGURES[stage])

    def fallen_short(self) -> dict[str, int]:
        """Return the nonzero counts of rows that were skipped or not finished."""
        names = sorted(FIGURES[Stage.SKIPPED] | FIGURES[Stage.FAILED])
        return {name: count for name in names if (count := getattr(self, name))}

    def summary(self) -> dict[str, int]:
        """Return the nine figures of a finished batch."""
        unfinished = {name for stage in OPEN_STAGES for name in FIGURES[stage]}
        return {name: count for name, count in asdict(self).items() if name not in unfinished}


class BatchQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Batches."""

    def calling(self) -> BatchQuerySet[ModelT]:
        """Return the batches in a calling status."""
        return self.filter(status__in=BATCH_CALLING)

    def under(self, policy: Any) -> BatchQuerySet[ModelT]:
        """Return the batches that are not over and were made under a calling policy."""
        return self.exclude(status__in=BATCH_TERMINAL).filter(policy__id=policy.pk)

    def dialing(self) -> BatchQuerySet[ModelT]:
        """Return the calling batches that may place calls now.

        Empty while all calling is stopped; excludes batches of accounts that are switched off.
        """
        stop = apps.get_model("batchcalls", "EmergencyStop").objects.in_force()
        return self.calling().filter(~Exists(stop), account__enabled=True)

    def first_due_at(self) -> datetime | None:
        """Return the earliest due time of any recipient; None when no recipient has one.

        The query takes each batch's earliest separately, which is the first entry of an index.
        """
        recipients = apps.get_model("batchcalls", "Recipient").objects
        waiting = recipients.filter(
            batch=OuterRef("pk"), status__in=RECIPIENT_CLAIMABLE, due_at__isnull=False
        )
        first = waiting.order_by("due_at", "pk").values("due_at")[:1]
        due_at: datetime | None = self.annotate(at=Subquery(first)).aggregate(first=Min("at"))[
            "first"
        ]
        return due_at

    def lock(self, ids: Iterable[object]) -> dict[object, ModelT]:
        """Lock batches for the rest of the transaction, so that none is paused or ended meanwhile.

        To lock more than batches, lock batches first, then calls, then recipients.
        """
        rows = self.select_for_update(no_key=True).filter(pk__in=set(ids))
        return {batch.pk: batch for batch in rows.order_by("pk")}


class StoredListQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Uploaded lists."""

    def importing(self) -> StoredListQuerySet[ModelT]:
        """Return the lists that are being imported."""
        return self.filter(status=ListStatus.IMPORTING)

    def waiting(self) -> StoredListQuerySet[ModelT]:
        """Return the lists whose import waits for a disk; ``reason`` says for which one."""
        return self.importing().exclude(reason="")

    def reason(self) -> str:
        """Return why the first of these lists waits, or nothing."""
        return self.values_list("reason", flat=True).first() or ""


class ListPartQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Parts of lists."""

    def progress(self) -> tuple[int, int]:
        """Return the number of rows in the parts, and how many of them are imported."""
        sums = self.aggregate(
            rows=Sum("row_count"), taken=Sum("row_count", filter=Q(done_at__isnull=False))
        )
        return sums["rows"] or 0, sums["taken"] or 0

    def to_do(self) -> ListPartQuerySet[ModelT]:
        """Return the parts that are not imported yet."""
        return self.filter(done_at__isnull=True)

    def free(self, now: datetime) -> ListPartQuerySet[ModelT]:
        """Return the parts to import that no process is working on, in file order."""
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        return self.to_do().filter(free).order_by("number")


class VoiceAccountQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Voice accounts."""

    def built_in(self) -> ModelT:
        """Return the simulator's account, which every installation has; create it if missing."""
        account, is_new = self.get_or_create(
            name="simulator",
            defaults={
                "provider": "simulator",
                "price_per_minute": Decimal("0.12"),
                "price_per_attempt": Decimal("0.015"),
            },
        )
        if is_new:
            apps.get_model("batchcalls", "CallerId").objects.create(
                account_id=account.pk, e164="+12025550100"
            )
        return account


class RecipientQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Rows of lists."""

    def due(self, now: datetime) -> RecipientQuerySet[ModelT]:
        """Return the recipients that may be claimed for dialing now."""
        return self.filter(status__in=RECIPIENT_CLAIMABLE, due_at__lte=now)

    def not_yet_placed(self) -> RecipientQuerySet[ModelT]:
        """Return the recipients that can still be canceled."""
        return self.filter(status__in=RECIPIENT_NOT_YET_PLACED)

    def skipped(self) -> RecipientQuerySet[ModelT]:
        """Return the skipped recipients in file order."""
        return self.filter(status=RecipientStatus.SKIPPED).order_by("row_number")

    def with_digits(self, digits: str) -> Q:
        """Return the condition for rows of a batch whose number contains digits.

        1. Read their numbers, which are in the index of a batch's numbers: it is a small part of
           the rows, and of rows that do not match nothing else is read.
        2. Of more than `MOST_NUMBERS`, the first rows of a page are found soon without it.
        """
        found = Q(e164__contains=digits)
        numbers = self.filter(found).order_by().values_list("e164", flat=True).distinct()
        rare = list(numbers[: MOST_NUMBERS + 1])
        return Q(e164__in=rare) if len(rare) <= MOST_NUMBERS else found

    def forget(self) -> None:
        """Delete rows that were never called; the database rejects deleting other rows."""
        # Not `delete`, which would load a million rows to look for calls that cannot exist.
        self._raw_delete(self.db)

    def any_open(self) -> bool:
        """Return whether any recipient keeps its batch open.

        An unconfirmed recipient does so only while the provider is still being asked. This runs
        two queries, because a query with "or" would read all rows.
        """
        return self.filter(status__in=RECIPIENT_OPEN).exists() or self.being_asked().exists()

    def being_asked(self) -> RecipientQuerySet[ModelT]:
        """Return the recipients in doubt whose provider is still being asked."""
        return self.filter(status__in=RECIPIENT_IN_DOUBT, due_at__isnull=False)

    def totals(self, batch_id: UUID) -> Totals:
        """Count a batch's rows by status."""
        return self.totals_of([batch_id])[batch_id]

    def totals_of(self, batch_ids: Collection[UUID]) -> dict[UUID, Totals]:
        """Count the rows of several batches by status, in two indexed queries.

        The queries count rows, not primary keys: keys are not in the indexes, and without them
        the database reads only the indexes.
        """
        rows = self.filter(batch_id__in=batch_ids).order_by()
        counts: dict[UUID, Counter[str]] = {pk: Counter() for pk in batch_ids}
        grouped = rows.values_list("batch_id", "status", "outcome").annotate(n=Count("*"))
        for batch_id, status, outcome, n in grouped:
            counts[batch_id][outcome or RecipientStatus(status).role.figure] += n
        called = dict(rows.filter(called=True).values_list("batch_id").annotate(n=Count("*")))
        return {
            pk: Totals(rows=count.total(), called=called.get(pk, 0), **count)
            for pk, count in counts.items()
        }


def _has_digits(digits: str) -> Q:
    found = Q(to_number__contains=digits)
    if connection.vendor == "sqlite" and len(digits) >= RARE_DIGITS:
        # The inner query reads only an index, which is a small part of the table.
        calls = apps.get_model("batchcalls", "CallResult").objects.order_by()
        return Q(pk__in=calls.filter(found).values("pk"))
    return found


def _ids_from(beginning: str) -> Q:
    """Return the condition for calls whose id, or whose batch's id, begins so."""
    digits = beginning.replace("-", "").lower()
    if not LEAST_OF_ID <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        return Q(pk__in=[])
    ids = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    batches = apps.get_model("batchcalls", "Batch").objects.filter(pk__range=ids).order_by()
    # Few ids begin alike. A join instead of a list would keep the database from using the index.
    return Q(call_id__range=ids) | Q(batch__in=list(batches.values_list("pk", flat=True)[:100]))


class CallResultQuerySet(StampedQuerySet[ModelT], Generic[ModelT]):
    """Attempts."""

    def search(self, text: str, *, parts_of_numbers: bool = True) -> CallResultQuerySet[ModelT]:
        """Return the calls that have each word: a number or part of one, or an id.

        Ids of calls, ours or the provider's, and of batches are found as a whole, ours and those
        of batches also by their beginning. Every condition has an index; see `with_digits`.
        """
        calls = self
        for word in text.split():
            try:
                calls = calls._of_id(UUID(word), word)
            except ValueError:
                found = Q(to_number=word) | self._at_provider(word) | _ids_from(word)
                if parts_of_numbers and word.removeprefix("+").isdecimal():
                    found |= _has_digits(word)
                calls = calls.filter(found)
        return calls

    def with_digits(self, digits: str) -> CallResultQuerySet[ModelT]:
        """Return the calls to numbers that contain digits.

        PostgreSQL has an index of trigrams for it, see `database.trigrams`. SQLite reads an index
        of all numbers.
        """
        return self.filter(_has_digits(digits))

    def _of_id(self, identifier: UUID, word: str) -> CallResultQuerySet[ModelT]:
        if apps.get_model("batchcalls", "Batch").objects.filter(pk=identifier).exists():
            return self.filter(batch=identifier)
        return self.filter(Q(call_id=identifier) | self._at_provider(word))

    def _at_provider(self, word: str) -> Q:
        # The index on the provider's ids begins with the account.
        accounts = apps.get_model("batchcalls", "VoiceAccount").objects.order_by()
        return Q(account__in=list(accounts.values_list("pk", flat=True)), provider_call_id=word)

    def of_status(self, status: str) -> CallResultQuerySet[ModelT]:
        """Return the calls with a status.

        The condition on ``ended_at`` follows from the status. It lets the database use the index
        of calls that ended, or of the few that have not.
        """
        return self.filter(status=status, ended_at__isnull=status not in CALL_FINAL)

    def not_ended(self) -> CallResultQuerySet[ModelT]:
        """Return the calls that have not ended, as far as we know."""
        return self.filter(ended_at=None)

    def reached_nobody(self) -> CallResultQuerySet[ModelT]:
        """Return the calls that ended without reaching a person or a voicemail."""
        anybody = [AnsweredBy.HUMAN, AnsweredBy.VOICEMAIL]
        return self.counted().filter(ended_at__isnull=False).exclude(answered_by__in=anybody)

    def counted(self) -> CallResultQuerySet[ModelT]:
        """Return the calls without attempts that were given up, which count as no call."""
        return self.exclude(status__in=CALL_GIVEN_UP)

    def that_may_have_rung(self, *, like: Any, since: datetime) -> CallResultQuerySet[ModelT]:
        """Return the attempts claimed since a time that may have reached a phone.

        They are those of accounts of the same kind as ``like``: that ring people, or that do not.
        Attempts that the provider refused have ended without its id, unless a person says that
        the call was placed.
        """
        kinds = [kind for kind, one in PROVIDERS.items() if one.dials_people == like.dials_people]
        refused = Q(ended_at__isnull=False, provider_call_id=None) & ~Q(error_code=RESULT_UNKNOWN)
        recent = self.filter(claimed_at__gt=since, account__provider__in=kinds)
        return recent.exclude(status__in=CALL_GIVEN_UP).exclude(refused)

    def given_up(self) -> CallResultQuerySet[ModelT]:
        """Return the attempts that are believed not to exist."""
        # The second condition follows from the first and lets the database use an index.
        return self.filter(status__in=CALL_GIVEN_UP, ended_at__isnull=False)

    def turned_up(self) -> CallResultQuerySet[ModelT]:
        """Return the calls that exist although their attempts had been given up."""
        return self.counted().filter(given_up_at__isnull=False)

    def of_campaign(self, campaign: Any) -> CallResultQuerySet[ModelT]:
        """Return a campaign's calls, bounded by its first and last call.

        The bounds only make the query faster. Without them, a database that scans the calls in
        order also scans all calls before and after the campaign's.
        """
        batches = apps.get_model("batchcalls", "Batch").objects.filter(campaign=campaign)
        own = self.model._default_manager.filter(batch=OuterRef("pk")).values("pk")
        bounds = batches.order_by().aggregate(
            first=Min(Subquery(own.order_by("pk")[:1])),
            last=Max(Subquery(own.order_by("-pk")[:1])),
        )
        if bounds["first"] is None:
            return self.none()
        return self.filter(
            batch__in=batches.order_by(), pk__gte=bounds["first"], pk__lte=bounds["last"]
        )

    def live(self) -> CallResultQuerySet[ModelT]:
        """Return the calls that occupy a line at the provider, as far as we know."""
        return self.filter(ended_at=None, status__in=CALL_LIVE)

    def unanswered(self) -> CallResultQuerySet[ModelT]:
        """Return the calls that are being placed, or whose process died while placing them."""
        return self.filter(ended_at=None, status=CallStatus.QUEUED, provider_call_id=None)

    def lines_held(self) -> dict[UUID, int]:
        """Count the calls that occupy or may occupy a line, by batch."""
        counts: Counter[UUID] = Counter()
        for rows, count in self._holding_lines():
            counts.update(dict(rows.order_by().values_list("batch_id").annotate(n=count)))
        return +counts

    def count_lines_held(self) -> int:
        """Count the calls that occupy or may occupy a line, without grouping them all."""
        return sum(rows.aggregate(n=count)["n"] for rows, count in self._holding_lines())

    def _holding_lines(self) -> tuple[tuple[CallResultQuerySet[ModelT], Count], ...]:
        """Return the calls that may hold a line, in two parts, and how to count each.

        A call in doubt counts while the provider is being asked. One query with "or" would read
        all rows. A condition on ``next_check_at`` would make SQLite read all live calls.
        """
        doubted = self.filter(ended_at=None, status__in=CALL_IN_DOUBT)
        being_asked = Count("pk", filter=Q(next_check_at__isnull=False))
        return (self.live(), Count("pk")), (doubted, being_asked)

    def to_check(self, now: datetime) -> CallResultQuerySet[ModelT]:
        """Return the calls to ask the provider about now, longest due first."""
        return self.filter(next_check_at__lte=now).order_by("next_check_at", "pk")

    def ended_by_outcome(self, recipients: Iterable[int]) -> dict[int, dict[str, int]]:
        """Count each recipient's ended attempts by outcome, for the retry rules."""
        counts: dict[int, dict[str, int]] = {}
        rows = (
            self.filter(recipient__in=list(recipients))
            .exclude(ended_at=None)
            .order_by()
            .values_list("recipient_id", "retry_outcome")
            .annotate(n=Count("pk"))
        )
        for recipient, outcome, n in rows:
            if outcome:
                counts.setdefault(recipient, {})[outcome] = n
        return counts


class CallEventQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Evidence about calls."""

    def to_apply(self, now: datetime) -> CallEventQuerySet[ModelT]:
        """Return the webhooks that are due to be applied, longest waiting first."""
        return self.filter(apply_at__lte=now).order_by("apply_at", "pk")


class EmergencyStopQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Emergency stops."""

    def in_force(self) -> EmergencyStopQuerySet[ModelT]:
        """Return the stop in force, if any."""
        return self.filter(in_force=True)

    def restored(self) -> EmergencyStopQuerySet[ModelT]:
        """Return the stop in force if the database was restored from a backup."""
        return self.in_force().filter(restored_from__isnull=False)


class HeartbeatQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Heartbeats of workers."""

    def beat(self) -> None:
        """Record that this host's workers are alive, and how wrong its clock is."""
        self.update_or_create(
            host=socket.gethostname()[:255],
            defaults={"at": clock.now(), "clock_ahead_seconds": round(clock.ahead_seconds(), 3)},
        )
