"""``GET /v1/calls``: every filter of the API, over attempts and waiting single calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import QueryDict

from batchcalls.blandapi import known_calls, query_values
from batchcalls.blandapi.errors import invalid
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.states import BATCH_TERMINAL, CALL_FINAL, RECIPIENT_TERMINAL
from batchcalls.webhooks.bland_shapes import ANSWERED_BY

MOST = 1_000
SORTS = ("created_at", "updated_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """The calls of a page, and the total number of matches."""

    calls: list[known_calls.Told]
    total: int


def page_of(query: QueryDict) -> CallPage:
    """Return the requested calls. Raise `Refused` for an invalid filter.

    ``from`` is the index of the first call, ``to`` the index after the last.
    """
    first = query_values.integer(query, "from", default=0)
    behind = query_values.integer(query, "to", default=query_values.MOST_INDEX)
    limit = query_values.integer(query, "limit", default=MOST, most=MOST)
    count = max(0, min(limit, behind - first))
    ascending = bool(query_values.boolean(query, "ascending"))
    sort_by = query.get("sort_by") or "created_at"
    if sort_by not in SORTS:
        raise invalid(f"sort_by must be {' or '.join(SORTS)}.")
    calls = _attempts(query)
    waiting = _waiting(query, calls)
    waiting_count = waiting.count() if waiting is not None else 0
    total = calls.count() + waiting_count
    ids = _ids(
        calls,
        waiting if waiting_count else None,
        sort_by=sort_by,
        ascending=ascending,
        first=first,
        count=count,
    )
    return CallPage(calls=known_calls.in_order(ids), total=total)


def _ids(
    calls: QuerySet[CallResult],
    waiting: QuerySet[Batch] | None,
    *,
    sort_by: str,
    ascending: bool,
    first: int,
    count: int,
) -> list[UUID]:
    """Return the ids of a page. Both kinds of calls share one order."""
    made: Any = calls.order_by()
    by_creation = sort_by == "created_at"
    if waiting is None:
        at = F("claimed_at") if by_creation else _UPDATED
        order = [at.asc(), F("pk").asc()] if ascending else [at.desc(), F("pk").desc()]
        return list(made.order_by(*order).values_list("call_id", flat=True)[first : first + count])
    made = made.annotate(at=F("claimed_at") if by_creation else _UPDATED, known_as=F("call_id"))
    accepted = F("created_at") if by_creation else Coalesce("ended_at", "created_at")
    held = waiting.order_by().annotate(at=accepted, known_as=F("single_call_id"))
    names = ("at", "known_as")
    both = made.values_list(*names).union(held.values_list(*names), all=True)
    ordered = both.order_by(*(names if ascending else (f"-{name}" for name in names)))
    return [known_as for _, known_as in ordered[first : first + count]]


_UPDATED = Coalesce("ended_at", "answered_at", "placed_at", "claimed_at")


def _attempts(query: QueryDict) -> QuerySet[CallResult]:
    rows: Any = CallResult.objects.counted()
    if number := query_values.phone(query, "from_number"):
        rows = rows.filter(from_number=number)
    if number := query_values.phone(query, "to_number"):
        rows = rows.filter(to_number=number)
    since, until = _span(query)
    if since:
        rows = rows.filter(claimed_at__gte=since)
    if until:
        rows = rows.filter(claimed_at__lte=until)
    updated_since = query_values.moment(query, "update_start_date")
    updated_until = query_values.moment(query, "update_end_date", end_of_day=True)
    if updated_since or updated_until:
        rows = rows.annotate(updated=_UPDATED)
        rows = rows.filter(updated__gte=updated_since) if updated_since else rows
        rows = rows.filter(updated__lte=updated_until) if updated_until else rows
    completed = query_values.boolean(query, "completed")
    if completed is not None:
        rows = rows.filter(ended_at__isnull=not completed)
        rows = rows.filter(status__in=CALL_FINAL) if completed else rows
    if (who := _answered_by(query)) is not None:
        rows = rows.filter(answered_by__in=who)
    if query_values.boolean(query, "inbound"):
        rows = rows.none()
    for name, lookup in (("duration_gt", "gt"), ("duration_lt", "lt")):
        if (minutes := query_values.number(query, name)) is not None:
            rows = rows.annotate(length=Coalesce("duration_seconds", 0))
            rows = rows.filter(**{f"length__{lookup}": minutes * 60})
    if (batch := _batch_id(query)) is not None:
        rows = rows.filter(batch=batch)
    if campaign := _text(query, "campaign_id"):
        rows = rows.filter(of_campaign(campaign, "batch__"))
    found: QuerySet[CallResult] = rows
    return found


def _waiting(query: QueryDict, calls: QuerySet[CallResult]) -> QuerySet[Batch] | None:
    """Return the matching single calls without an attempt, or None when none can match."""
    longer = query_values.number(query, "duration_gt")
    shorter = query_values.number(query, "duration_lt")
    who = _answered_by(query)
    if (
        calls.query.is_empty()
        or query_values.phone(query, "from_number")
        or (longer is not None and longer >= 0)
        or (shorter is not None and shorter <= 0)
        or (who is not None and "" not in who)
    ):
        return None
    rows: Any = known_calls.waiting()
    if number := query_values.phone(query, "to_number"):
        mine = Recipient.objects.filter(e164=number).values("batch")
        rows = rows.filter(Q(pk__in=mine) | Q(pk__in=_unread(number)))
    since, until = _span(query)
    updated_since = query_values.moment(query, "update_start_date")
    updated_until = query_values.moment(query, "update_end_date", end_of_day=True)
    if updated_since or updated_until:
        rows = rows.annotate(updated=Coalesce("ended_at", "created_at"))
    for condition, value in (
        ("created_at__gte", since),
        ("created_at__lte", until),
        ("updated__gte", updated_since),
        ("updated__lte", updated_until),
    ):
        if value is not None:
            rows = rows.filter(**{condition: value})
    completed = query_values.boolean(query, "completed")
    if completed is not None:
        is_over = Q(status__in=BATCH_TERMINAL) | Q(recipients__status__in=RECIPIENT_TERMINAL)
        rows = (rows.filter(is_over) if completed else rows.exclude(is_over)).distinct()
    if (batch := _batch_id(query)) is not None:
        rows = rows.filter(pk=batch)
    if campaign := _text(query, "campaign_id"):
        rows = rows.filter(of_campaign(campaign, ""))
    found: QuerySet[Batch] = rows
    return found


def of_campaign(name: str, prefix: str) -> Q:
    """Return the condition for batches of a campaign: ours by its name, or the client's own."""
    return Q(**{f"{prefix}campaign__name": name}) | Q(
        **{f"{prefix}call_settings__campaign_id": name}
    )


def _unread(number: str) -> list[UUID]:
    """Return the few single calls to a number whose rows are not imported yet."""
    unread = known_calls.waiting().filter(recipients=None)[:MOST]
    return [batch.pk for batch in unread if known_calls.unread_number(batch) == number]


def _span(query: QueryDict) -> tuple[datetime | None, datetime | None]:
    since = query_values.moment(query, "start_date")
    until = query_values.moment(query, "end_date", end_of_day=True)
    day = query_values.moment(query, "created_at")
    if day is None:
        return since, until
    if since or until:
        raise invalid("created_at does not go with start_date or end_date.")
    return day, query_values.moment(query, "created_at", end_of_day=True)


#: Other words of programs for who answered.
_OTHER_WORDS = {"null": "unknown", "machine": "voicemail"}


def _answered_by(query: QueryDict) -> list[str] | None:
    """Return our words for who answered. Calls where this is not known appear as unknown."""
    word = query.get("answered_by", "").strip().lower().replace("_", "-")
    if not word:
        return None
    word = _OTHER_WORDS.get(word, word)
    ours = [name for name, theirs in ANSWERED_BY.items() if theirs == word]
    if not ours:
        raise invalid(f"answered_by must be one of {', '.join(ANSWERED_BY.values())}.")
    return [*ours, ""] if word == "unknown" else ours


def _batch_id(query: QueryDict) -> UUID | None:
    text = query.get("batch_id", "").strip()
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        # No batch has such an id, so no call matches.
        return UUID(int=0)


def _text(query: QueryDict, name: str) -> str:
    return query.get(name, "").strip().replace("\x00", "")
