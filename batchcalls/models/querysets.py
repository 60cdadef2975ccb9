"""Sets of rows: what is due, what is live, how far a batch has come."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.apps import apps
from django.db.models import Count, Exists, Max, Min, Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from batchcalls.states import (
    BATCH_CALLING,
    CALL_FINAL,
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
from campaigns.vocabulary import AnsweredBy

ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts the rows of a batch. All but ``called`` add up to ``rows``.

    A status says by which of these fields it is counted.
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
        """Rows that have their final verdict."""
        return self.rows - sum(map(self.at, OPEN_STAGES))

    def at(self, stage: Stage) -> int:
        """Count the rows at a stage."""
        return sum(getattr(self, name) for name in FIGURES[stage])

    def fallen_short(self) -> dict[str, int]:
        """Return the counts of rows that were left out or not finished, without zeros."""
        names = sorted(FIGURES[Stage.SKIPPED] | FIGURES[Stage.FAILED])
        return {name: count for name in names if (count := getattr(self, name))}

    def summary(self) -> dict[str, int]:
        """Return the nine figures of a finished batch."""
        unfinished = {name for stage in OPEN_STAGES for name in FIGURES[stage]}
        return {name: count for name, count in asdict(self).items() if name not in unfinished}


class BatchQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Batches."""

    def calling(self) -> BatchQuerySet[ModelT]:
        """Return the batches whose calls may be placed."""
        return self.filter(status__in=BATCH_CALLING)

    def dialing(self) -> BatchQuerySet[ModelT]:
        """Return the calling batches that nothing beyond themselves keeps from placing calls.

        None while all calling is stopped; none of an account that is switched off.
        """
        stop = apps.get_model("batchcalls", "EmergencyStop").objects.in_force()
        return self.calling().filter(~Exists(stop), account__enabled=True)

    def first_due_at(self) -> datetime | None:
        """Return when the first recipient of any is due; None when none waits for a time.

        Each batch is asked for its own first: that is the start of an index.
        """
        recipients = apps.get_model("batchcalls", "Recipient").objects
        waiting = recipients.filter(
            batch=OuterRef("pk"), status__in=RECIPIENT_CLAIMABLE, due_at__isnull=False
        )
        first = waiting.order_by("due_at", "pk").values("due_at")[:1]
        found: datetime | None = self.annotate(at=Subquery(first)).aggregate(first=Min("at"))[
            "first"
        ]
        return found

    def lock(self, ids: Iterable[object]) -> dict[object, ModelT]:
        """Lock batches for the rest of the transaction, so that none is paused or ended meanwhile.

        Whoever locks more than batches locks them first, then calls, then recipients.
        """
        rows = self.select_for_update(no_key=True).filter(pk__in=set(ids))
        return {batch.pk: batch for batch in rows.order_by("pk")}


class StoredListQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Uploaded lists."""

    def importing(self) -> StoredListQuerySet[ModelT]:
        """Return those that are being taken in."""
        return self.filter(status=ListStatus.IMPORTING)


class ListPartQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Parts of lists."""

    def progress(self) -> tuple[int, int]:
        """Return how many rows the parts have, and how many of these are taken in."""
        found = self.aggregate(
            rows=Sum("row_count"), taken=Sum("row_count", filter=Q(done_at__isnull=False))
        )
        return found["rows"] or 0, found["taken"] or 0

    def to_do(self) -> ListPartQuerySet[ModelT]:
        """Return those that are not taken in yet."""
        return self.filter(done_at__isnull=True)

    def free(self, now: datetime) -> ListPartQuerySet[ModelT]:
        """Return those to do that no process works on, in the order of the file."""
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        return self.to_do().filter(free).order_by("number")


class VoiceAccountQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Voice accounts."""

    def built_in(self) -> ModelT:
        """Return the simulator's account, which every installation has; make it when missing."""
        account, _ = self.get_or_create(
            name="simulator",
            defaults={
                "provider": "simulator",
                "caller_ids": ["+12025550100"],
                "price_per_minute": Decimal("0.12"),
                "price_per_attempt": Decimal("0.015"),
            },
        )
        return account


class RecipientQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Rows of lists."""

    def due(self, now: datetime) -> RecipientQuerySet[ModelT]:
        """Return those that may be claimed for dialing now."""
        return self.filter(status__in=RECIPIENT_CLAIMABLE, due_at__lte=now)

    def not_yet_placed(self) -> RecipientQuerySet[ModelT]:
        """Return those that a cancel still reaches."""
        return self.filter(status__in=RECIPIENT_NOT_YET_PLACED)

    def skipped(self) -> RecipientQuerySet[ModelT]:
        """Return the skipped ones in the order of the file."""
        return self.filter(status=RecipientStatus.SKIPPED).order_by("row_number")

    def forget(self) -> None:
        """Delete rows of which no call was ever made; the database refuses it for others."""
        # Not `delete`: it would load a million rows to look for calls that cannot be there.
        self._raw_delete(self.db)

    def any_open(self) -> bool:
        """Tell whether any keeps its batch from ending.

        An unconfirmed one does so only while its provider is still being asked. Two questions,
        because an "or" would be answered by reading all rows.
        """
        return self.filter(status__in=RECIPIENT_OPEN).exists() or self.being_asked().exists()

    def being_asked(self) -> RecipientQuerySet[ModelT]:
        """Return those in doubt whose provider is still being asked."""
        return self.filter(status__in=RECIPIENT_IN_DOUBT, due_at__isnull=False)

    def totals(self, batch_id: UUID) -> Totals:
        """Count a batch's rows by where they stand."""
        return self.totals_of([batch_id])[batch_id]

    def totals_of(self, batch_ids: Collection[UUID]) -> dict[UUID, Totals]:
        """Count the rows of several batches by where they stand, in two indexed queries.

        Rows are counted, not keys: these are not in the indexes, which are all that is read so.
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


class CallResultQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Attempts."""

    def search(self, text: str) -> CallResultQuerySet[ModelT]:
        """Return those of which an id, the number or the batch's id holds each of the words.

        A whole id, of a batch or of a call, here or at the provider, is found at once; parts of
        ids and of numbers are looked for in all rows.
        """
        calls = self
        for word in text.split():
            try:
                calls = calls._of_id(UUID(word), word)
            except ValueError:
                looked_at = ("call_id", "to_number", "batch__id", "provider_call_id")
                calls = calls.filter(
                    reduce(or_, (Q(**{f"{name}__icontains": word}) for name in looked_at))
                )
        return calls

    def _of_id(self, identifier: UUID, word: str) -> CallResultQuerySet[ModelT]:
        if apps.get_model("batchcalls", "Batch").objects.filter(pk=identifier).exists():
            return self.filter(batch=identifier)
        # The index on the provider's ids begins with the account.
        accounts = apps.get_model("batchcalls", "VoiceAccount").objects.order_by()
        at_provider = Q(
            account__in=list(accounts.values_list("pk", flat=True)), provider_call_id=word
        )
        return self.filter(Q(call_id=identifier) | at_provider)

    def of_status(self, status: str) -> CallResultQuerySet[ModelT]:
        """Return those of a status; the database knows which statuses are of calls that ended.

        Saying so leads it to the index of those that ended, or of the few that have not.
        """
        return self.filter(status=status, ended_at__isnull=status not in CALL_FINAL)

    def not_ended(self) -> CallResultQuerySet[ModelT]:
        """Return those that are under way, as far as is known."""
        return self.filter(ended_at=None)

    def reached_nobody(self) -> CallResultQuerySet[ModelT]:
        """Return those that ended without a person or a voicemail."""
        anybody = [AnsweredBy.HUMAN, AnsweredBy.VOICEMAIL]
        return self.filter(ended_at__isnull=False).exclude(answered_by__in=anybody)

    def of_campaign(self, campaign: Any) -> CallResultQuerySet[ModelT]:
        """Return those of a campaign, between its first and its last call.

        The bounds change nothing but the time: without them a database that goes through the
        calls in their order goes through all that were made before or since.
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
        """Return those that hold a line at the provider, as far as is known."""
        return self.filter(ended_at=None, status__in=CALL_LIVE)

    def unanswered(self) -> CallResultQuerySet[ModelT]:
        """Return those that are being placed, or whose process died while it placed them."""
        return self.filter(ended_at=None, status=CallStatus.QUEUED, provider_call_id=None)

    def lines_held(self) -> dict[UUID, int]:
        """Count by batch those that hold a line, or might: a lost answer is asked about first.

        Two questions, because an "or" would be answered by reading all rows.
        """
        lost = self.filter(ended_at=None, status__in=CALL_IN_DOUBT, next_check_at__isnull=False)
        counts: Counter[UUID] = Counter()
        for rows in (self.live(), lost):
            counts.update(dict(rows.order_by().values_list("batch_id").annotate(n=Count("pk"))))
        return counts

    def to_check(self, now: datetime) -> CallResultQuerySet[ModelT]:
        """Return those whose provider is to be asked for news by now, longest due first."""
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
        """Return the webhooks that are to be applied by now, longest waiting first."""
        return self.filter(apply_at__lte=now).order_by("apply_at", "pk")


class EmergencyStopQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """The times that all calling was stopped."""

    def in_force(self) -> EmergencyStopQuerySet[ModelT]:
        """Return the stop that is in force, if there is one."""
        return self.filter(in_force=True)


class HeartbeatQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Signs of life of the workers."""

    def beat(self) -> None:
        """Note that this host's workers are alive."""
        self.update_or_create(host=socket.gethostname()[:255], defaults={"at": timezone.now()})
