"""Compute what launching a batch would do, without calling anyone.

A few queries group the rows, however many there are: rows with the same country, time zones and
start hour may be called at the same times. The report is stored with the batch as plain data, so
that pages, API and command line show the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_UP, Decimal
from math import ceil
from typing import Any

from django.db.models import Avg, Count, F, Min, QuerySet
from django.db.models.functions import TruncHour

from batchcalls.calling import call_requests, gate
from batchcalls.database import clock
from batchcalls.intake.listed import is_listed
from batchcalls.lists.mapping import ListMapping, Target
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.models.batch import DuplicateChoice
from batchcalls.states import (
    RECIPIENT_NOT_YET_PLACED,
    RECIPIENT_RETRYING,
    CallStatus,
    RecipientStatus,
)
from campaigns import e164
from campaigns.calling_hours import Closed
from campaigns.prompts import MissingVariable
from campaigns.quoted_values import NOTE

PROMPTS_SHOWN = 3
PROBLEMS_SHOWN = 50
#: Assumed seconds of talk time per call until the campaign has enough calls.
SHORT_CALL_SECONDS, LONG_CALL_SECONDS = 30, 180
RINGING_SECONDS = 15
#: Past calls used to estimate the length of calls: how many to read, and how many are enough.
CALLS_ASKED, CALLS_NEEDED = 1_000, 30

_TO_DIAL = RECIPIENT_NOT_YET_PLACED - RECIPIENT_RETRYING


def store(batch: Batch) -> dict[str, Any]:
    """Compute the report as of now, store it with the batch, and return it."""
    report = compute(batch, now=clock.now())
    Batch.objects.filter(pk=batch.pk).update(dry_run=report)
    batch.dry_run = report
    return report


def compute(batch: Batch, *, now: datetime) -> dict[str, Any]:
    """Return what a launch would do at a time (aware), as JSON-like data.

    ``rows``, ``now``, ``later`` (count and first_at, ISO 8601), ``never`` (count by reason: rules
    that would skip the row when it is dialed, including do-not-call), ``skipped`` (count by reason
    code), ``duplicates`` (the choice, and the number of rows affected), ``countries``,
    ``time_zones``, ``estimate`` (each figure [from, to]; seconds, and money as text),
    ``assumptions`` (sentences), ``prompts`` and ``problems`` (rows of the file).
    """
    skipped = {
        row["reason_code"]: row["rows"]
        for row in _rows(batch)
        .filter(status=RecipientStatus.SKIPPED)
        .values("reason_code")
        .annotate(rows=Count("pk"))
        .order_by("-rows", "reason_code")
    }
    outlook = _outlook(batch, now=now)
    estimate, assumptions = _estimate(batch, recipients=outlook["now"] + outlook["later"]["count"])
    return {
        "computed_at": now.isoformat(timespec="seconds"),
        "rows": _rows(batch).count(),
        **outlook,
        "skipped": skipped,
        "duplicates": _duplicates(batch, skipped),
        "estimate": estimate,
        "assumptions": assumptions,
        "prompts": list(_prompts(batch, now=now)),
        "problems": list(_problems(batch)) if skipped else [],
    }


def describe_estimate(estimate: dict[str, Any]) -> str:
    """Return calls, duration and cost in words: "12 to 36 calls; 4 min; 0.30 to 1.50 USD"."""
    calls = _range(*(f"{count:,}" for count in estimate["calls"]))
    time = _range(*map(_span, estimate["seconds"]))
    return f"{calls} calls; {time}; {_range(*estimate['cost'])} {estimate['currency']}"


def _range(least: str, most: str) -> str:
    return least if least == most else f"{least} to {most}"


def _span(seconds: int) -> str:
    """Format a duration as 2 h 05 min, or 40 s."""
    if seconds < 120:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _rows(batch: Batch) -> QuerySet[Recipient]:
    return Recipient.objects.filter(batch=batch).order_by()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Rows that may be called at the same times."""

    rows: int
    region: str
    zones: str
    is_listed: bool
    starts_at: datetime
    dispatch_hours: dict[str, Any] | None


def _groups(batch: Batch, *, now: datetime) -> Iterator[_Group]:
    """Group the rows still to be dialed in one pass."""
    keys = ["region", "time_zones", "listed", "start_hour"]
    recipients = (
        _rows(batch)
        .filter(status__in=_TO_DIAL)
        .annotate(
            listed=is_listed(),
            start_hour=TruncHour("start_at"),
        )
    )
    rows = recipients.exclude(region="")
    if _has_own_hours(batch):
        rows = rows.annotate(hours=F("call_settings__dispatch_hours"))
        keys.append("hours")
    earliest = max(now, batch.start_at) if batch.start_at else now
    for row in rows.values(*keys).annotate(rows=Count("pk"), starts_at=Min("start_at")):
        yield _Group(
            rows=row["rows"],
            region=row["region"],
            zones=row["time_zones"],
            is_listed=row["listed"],
            starts_at=max(earliest, row["starts_at"]) if row["starts_at"] else earliest,
            dispatch_hours=row.get("hours") or batch.call_settings.get("dispatch_hours"),
        )
    # Rows older than the column, whose zones are otherwise looked up only at dialing time.
    for recipient in recipients.filter(region="").iterator(chunk_size=2_000):
        number = e164.parse(recipient.e164, region="ZZ")
        own_hours = recipient.call_settings.get("dispatch_hours")
        yield _Group(
            rows=1,
            region=number.region if isinstance(number, e164.Number) else "",
            zones=",".join(call_requests.zones_of(batch, recipient)),
            is_listed=recipient.listed,
            starts_at=max(earliest, recipient.start_at) if recipient.start_at else earliest,
            dispatch_hours=own_hours or batch.call_settings.get("dispatch_hours"),
        )


def _has_own_hours(batch: Batch) -> bool:
    """Return whether a column gives rows their own hours."""
    return any(
        column.target == Target.CALL_SETTING and column.name == "dispatch_hours"
        for stored in batch.lists.all()
        for column in ListMapping.from_list(stored.mapping).columns
    )


def _outlook(batch: Batch, *, now: datetime) -> dict[str, Any]:
    """Count recipients callable now, later and never, by country and time zone."""
    callable_now, never = 0, Counter[str]()
    countries: Counter[str] = Counter()
    zones: dict[str, dict[str, Any]] = {}
    for group in _groups(batch, now=now):
        opens_at, reason = (None, "do_not_call") if group.is_listed else _opening(batch, group)
        if reason:
            never[reason] += group.rows
            continue
        countries[group.region or "unknown"] += group.rows
        zone = zones.setdefault(
            group.zones, {"zones": group.zones, "now": 0, "later": 0, "first_at": None}
        )
        if opens_at is None or opens_at <= now:
            callable_now += group.rows
            zone["now"] += group.rows
        else:
            zone["later"] += group.rows
            first = opens_at.isoformat(timespec="seconds")
            zone["first_at"] = min(zone["first_at"] or first, first)
    return {
        "now": callable_now,
        "later": {
            "count": sum(zone["later"] for zone in zones.values()),
            "first_at": min(
                (zone["first_at"] for zone in zones.values() if zone["first_at"]), default=None
            ),
        },
        "never": dict(never.most_common()),
        "countries": dict(countries.most_common()),
        "time_zones": sorted(zones.values(), key=lambda zone: -(zone["now"] + zone["later"])),
    }


def _opening(batch: Batch, group: _Group) -> tuple[datetime | None, str]:
    """Return when rows of a group may first be called, or why never."""
    at, zones = group.starts_at, call_requests.zones_in(group.zones)
    rules = [hours for _, hours in gate.rules_of(batch, group.dispatch_hours)]
    # One rule may move the time to where another is closed; within weeks they agree or never do.
    for _ in range(20):
        closed = [verdict for rule in rules if isinstance(verdict := rule.check(at, zones), Closed)]
        if not closed:
            return at, ""
        if shut := next((verdict for verdict in closed if verdict.opens_at is None), None):
            return None, shut.reason
        at = max(verdict.opens_at for verdict in closed if verdict.opens_at)
    return None, "never_open"


def _duplicates(batch: Batch, skipped: dict[str, int]) -> dict[str, Any]:
    if batch.duplicates == DuplicateChoice.CALL_ONCE:
        return {"choice": batch.duplicates, "rows": skipped.get("duplicate", 0)}
    rows = _rows(batch).exclude(status=RecipientStatus.SKIPPED)
    counts = rows.aggregate(rows=Count("pk"), numbers=Count("e164", distinct=True))
    return {"choice": batch.duplicates, "rows": counts["rows"] - counts["numbers"]}


def _estimate(batch: Batch, *, recipients: int) -> tuple[dict[str, Any], list[str]]:
    """Return calls, seconds and cost, each [from, to], and the assumptions behind them."""
    account = batch.account
    low, high, source = _talk_seconds(batch)
    retries = max((rule.max_retries for rule in batch.retry_policy.rules), default=0)
    calls = [recipients, recipients * (1 + retries)]
    cps = min((rate for rate in (account.cps, batch.cps) if rate), default=None)
    lines = min(account.concurrency, batch.concurrency or account.concurrency)
    # The last call begins after all others have begun, and each line takes one call at a time.
    seconds = [
        max(count / cps if cps else 0, ceil(count / lines - 1) * (talk + RINGING_SECONDS))
        + (talk + RINGING_SECONDS if count else 0)
        for count, talk in zip(calls, (low, high), strict=True)
    ]
    cost = [
        count * (account.price_per_attempt + account.price_per_minute * Decimal(talk) / 60)
        for count, talk in zip(calls, (low, high), strict=True)
    ]
    pace = f"{cps:g} calls a second" if cps else "as many calls a second as the lines allow"
    tries = f"at most {1 + retries} calls" if retries else "one call"
    return (
        {
            "calls": calls,
            "seconds": [round(value) for value in seconds],
            "cost": [str(value.quantize(Decimal("0.01"), rounding=ROUND_UP)) for value in cost],
            "currency": account.currency,
        },
        [
            source,
            f"Each recipient gets {tries}; {RINGING_SECONDS} s of ringing before each answer.",
            f"{pace[0].upper()}{pace[1:]}, {lines:,} at once, nobody else calling through "
            f"{account.name}, and no waiting for calling hours.",
            f"{account.price_per_minute.normalize():f} {account.currency} a minute and "
            f"{account.price_per_attempt.normalize():f} for each attempt.",
        ],
    )


def _talk_seconds(batch: Batch) -> tuple[int, int, str]:
    """Return the range of call lengths in seconds, and the basis of the estimate."""
    limit = int(batch.call_settings.get("max_duration", 30) * 60)
    if batch.campaign_id:
        latest = CallResult.objects.filter(
            batch__campaign=batch.campaign_id,
            status=CallStatus.COMPLETED,
            duration_seconds__isnull=False,
        ).order_by("-pk")[:CALLS_ASKED]
        figures = latest.aggregate(calls=Count("pk"), mean=Avg("duration_seconds"))
        if figures["calls"] >= CALLS_NEEDED:
            mean = round(figures["mean"])
            source = (
                f"The last {figures['calls']:,} calls of the campaign took {mean} s on average."
            )
            return min(limit, mean * 4 // 5), min(limit, mean * 6 // 5 + 1), source
    low, high = min(limit, SHORT_CALL_SECONDS), min(limit, LONG_CALL_SECONDS)
    return low, high, f"Calls of {low} to {high} s: too few calls tell how long they are."


def _prompts(batch: Batch, *, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the prompts of the first recipients, without the note that explains the marks."""
    rows = _rows(batch).filter(status__in=_TO_DIAL).order_by("row_number")
    for row in rows[:PROMPTS_SHOWN]:
        call = CallResult(batch=batch, recipient=row, attempt=1, to_number=row.e164, claimed_at=now)
        try:
            request = call_requests.build(batch, row, call)
        except MissingVariable as error:  # the row would be skipped when it is dialed
            text = error.message
        else:
            text = request.prompt.removeprefix(NOTE) or f"Pathway {request.pathway_id}"
        yield {"row": row.row_number, "number": row.e164, "text": text}


def _problems(batch: Batch) -> Iterator[dict[str, Any]]:
    rows = _rows(batch).filter(status=RecipientStatus.SKIPPED).order_by("row_number")
    for row in rows.only("row_number", "raw_number", "reason_code", "reason")[:PROBLEMS_SHOWN]:
        yield {
            "row": row.row_number,
            "raw_number": row.raw_number,
            "reason": row.reason_code,
            "message": row.reason,
        }
