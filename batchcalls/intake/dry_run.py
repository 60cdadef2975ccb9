"""Compute what launching a batch would do, without calling anyone.

A few queries group the rows, however many there are: rows with the same country, time zones and
start hour may be called at the same times. The report is stored with the batch as plain data, so
that pages, API and command line show the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, When
from django.db.models.functions import TruncHour

from batchcalls.calling import call_requests, consent, frequency, recent_attempts, rule_packs
from batchcalls.calling.hours import rules_of
from batchcalls.database import clock
from batchcalls.intake import (
    dry_run_countries,
    dry_run_notes,
    estimate,
    recently_called,
    recorded_consent,
)
from batchcalls.intake.grouping import groups_of
from batchcalls.intake.listed import with_bans
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.models.batch import DuplicateChoice
from batchcalls.states import (
    RECIPIENT_NOT_YET_PLACED,
    RECIPIENT_RETRYING,
    RecipientStatus,
)
from campaigns import e164, quoted_values, same_phone
from campaigns.calling_hours import Closed
from campaigns.caps import DAY, Attempt
from campaigns.consent_demands import Evidence
from campaigns.models import Ban
from campaigns.places.whereabouts import Whereabouts
from campaigns.prompts import MissingVariable
from campaigns.rules.packs import Holding

PROMPTS_SHOWN = 3
PROBLEMS_SHOWN = 50
CONFLICTS_SHOWN = 20
#: Rows that are looked at one by one, at a time.
CHUNK = 2_000

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
    ``time_zones``, ``zone_sources`` (count by what says where the recipient is), ``zone_conflicts``
    (rows whose sources contradict each other: their count, and the first), ``estimate`` (each
    figure [from, to]; seconds, and money as text),
    ``assumptions`` (sentences), ``start_times`` (of rows still to be dialed: their count, how many
    are past, and by whose zone they were read), ``notes`` (sentences: what to know, and what to do
    about it), ``prompts`` as the agent would say them, and ``problems`` (rows of the file).
    """
    skipped = {
        row["reason_code"]: row["rows"]
        for row in _rows(batch)
        .filter(status=RecipientStatus.SKIPPED)
        .values("reason_code")
        .annotate(rows=Count("pk"))
        .order_by("-rows", "reason_code")
    }
    outlook, without_zone, refused = _outlook(batch, now=now)
    zone_conflicts = _zone_conflicts(batch)
    recipients = outlook["now"] + outlook["later"]["count"]
    figures, assumptions = estimate.of(batch, recipients=recipients, now=now)
    start_times = _start_times(batch, now=now)
    return {
        "computed_at": now.isoformat(timespec="seconds"),
        "rows": _rows(batch).count(),
        **outlook,
        "zone_conflicts": zone_conflicts,
        "skipped": skipped,
        "duplicates": _duplicates(batch, skipped),
        "estimate": figures,
        "assumptions": assumptions,
        "start_times": start_times,
        "notes": list(
            dry_run_notes.of(
                batch,
                start_times=start_times,
                never=outlook["never"],
                without_zone=without_zone,
                zone_conflicts=zone_conflicts["count"],
                skipped=skipped,
                called_today=_called_today(batch, now=now),
                unclear_consent=recorded_consent.count_unclear(
                    batch, _rows(batch).filter(status__in=_TO_DIAL)
                ),
                not_allowed=dry_run_countries.skipped_by_country(batch) + refused,
                recipients=outlook["now"] + outlook["later"]["count"],
                most_cost=Decimal(figures["cost"][1]),
                now=now,
            )
        ),
        "prompts": list(_prompts(batch, now=now)),
        "problems": list(_problems(batch)) if skipped else [],
    }


def _rows(batch: Batch) -> QuerySet[Recipient]:
    return Recipient.objects.filter(batch=batch).order_by()


def _called_today(batch: Batch, *, now: datetime) -> int:
    """Count the rows still to be dialed whose numbers were called in the last 24 hours."""
    since = now - DAY
    if not CallResult.objects.filter(claimed_at__gt=since).exists():
        return 0
    called = recently_called.is_called_since(since, batch.account)
    return _rows(batch).filter(called, status__in=_TO_DIAL).count()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Rows that may be called at the same times.

    ``refused`` is the reason code if their country may not be called.
    """

    rows: int
    region: str
    zones: tuple[str, ...]
    zone_source: str
    ban: Ban | None
    starts_at: datetime
    dispatch_hours: dict[str, Any] | None
    packs: Holding | None
    consent: Evidence
    refused: str = ""
    attempts: Sequence[Attempt] = ()


def _groups(batch: Batch, *, now: datetime) -> Iterator[_Group]:
    """Group the rows still to be dialed."""
    keys = ["region", "time_zones", "zone_sources", "listed", "held", "start_hour"]
    off = rule_packs.switched_off(batch.account, now=now)
    earliest = max(now, batch.start_at) if batch.start_at else now
    recipients: Any = with_bans(_rows(batch).filter(status__in=_TO_DIAL), now=now).annotate(
        # The current hour has start times that are past, and others that are still to come.
        own_start=Case(When(start_at__gt=earliest, then=F("start_at"))),
        # Inside of the condition, because SQLite calls Python to truncate each of them.
        start_hour=Case(When(start_at__gt=earliest, then=TruncHour("start_at"))),
    )
    strictest = rule_packs.holding(batch, _all_places(batch), now=now, off=off)
    caps = frequency.caps_of(batch, strictest, now=now)
    may_be_capped = recently_called.may_be_capped(caps, batch.account, now=now)
    permitted = batch.account.permitted
    in_doubt = Q(zone_sources="") | Q(region__in=dry_run_countries.in_doubt(permitted))
    if batch.account.dials_people:
        keys.append("places")
        in_doubt |= Q(places="")
    rows = recipients.exclude(in_doubt)
    if consent.is_checked(batch):
        rows = rows.annotate(**recorded_consent.COLUMNS)
        keys += recorded_consent.COLUMNS
    if caps.limits:
        rows = rows.exclude(may_be_capped)
    if estimate.has_column(batch, "dispatch_hours"):
        rows = rows.annotate(hours=F("call_settings__dispatch_hours"))
        keys.append("hours")
    for row in groups_of(rows, batch, keys, start="own_start"):
        place = Whereabouts.from_stored(row["time_zones"], row["zone_sources"])
        yield _Group(
            rows=row["rows"],
            region=row["region"],
            zones=place.zones,
            zone_source=place.sources[0],
            ban=_ban(listed=row["listed"], held=row["held"]),
            starts_at=row["starts_at"] or earliest,
            dispatch_hours=row.get("hours") or batch.call_settings.get("dispatch_hours"),
            packs=rule_packs.holding(batch, row.get("places", ""), now=now, off=off),
            consent=recorded_consent.evidence_in(row),
            refused=dry_run_countries.refused_region(permitted, row["region"]),
        )
    # Rows at a cap, rows of countries that share a code with permitted ones, rows of no known zone,
    # and rows older than the columns, whose zones and places are looked up at dialing time.
    others = recipients.filter(in_doubt | may_be_capped)
    for recipient, packs, attempts in _looked_at(others, batch, off, now=now):
        number = e164.parse(recipient.e164, region="ZZ")
        own_hours = recipient.call_settings.get("dispatch_hours")
        place = recipient.whereabouts
        yield _Group(
            rows=1,
            attempts=attempts,
            region=number.region if isinstance(number, e164.Number) else "",
            zones=place.zones,
            zone_source=next(iter(place.sources), ""),
            ban=_ban(listed=recipient.listed, held=recipient.held),
            starts_at=recipient.own_start or earliest,
            consent=recipient.consent_evidence,
            dispatch_hours=own_hours or batch.call_settings.get("dispatch_hours"),
            packs=packs,
            refused=why.code if permitted and (why := permitted.check(recipient.e164)) else "",
        )


def _all_places(batch: Batch) -> str:
    """Return all places of a batch's rows, whose strictest caps no row exceeds."""
    if not batch.account.dials_people:
        return ""
    rows = _rows(batch).filter(status__in=_TO_DIAL)
    return ",".join(sorted(filter(None, set(rows.values_list("places", flat=True).distinct()))))


def _looked_at(
    rows: QuerySet[Recipient], batch: Batch, off: frozenset[str], *, now: datetime
) -> Iterator[tuple[Any, Holding | None, Sequence[Attempt]]]:
    """Yield rows, each with its rule packs and the recent attempts to its number."""
    found = rows.iterator(chunk_size=CHUNK)
    while some := list(islice(found, CHUNK)):
        packs = [rule_packs.holding(batch, row.possible_places, now=now, off=off) for row in some]
        longest = max(frequency.longest_cap(batch, one, now=now) for one in set(packs))
        numbers = {row.e164 for row in some}
        recent = recent_attempts.of(numbers, batch.account, longest=longest, now=now)
        for row, holding in zip(some, packs, strict=True):
            yield row, holding, recent.get(same_phone.key_of(row.e164), ())


def _outlook(batch: Batch, *, now: datetime) -> tuple[dict[str, Any], int, Counter[str]]:
    """Count recipients callable now, later and never, by country and time zone.

    Return also how many are never called because their time zone is not known for certain, and how
    many because of their country, by country.
    """
    callable_now, without_zone, never = 0, 0, Counter[str]()
    not_allowed = Counter[str]()
    countries: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    zones: dict[str, dict[str, Any]] = {}
    for group in _groups(batch, now=now):
        opens_at, reason = _opening_by_all_rules(batch, group, now=now)
        if reason == group.refused != "":
            not_allowed[group.region] += group.rows
        if reason:
            never[reason] += group.rows
            if reason == "unknown_timezone" or (reason == "never_open" and len(group.zones) > 1):
                without_zone += group.rows
            continue
        countries[group.region or "unknown"] += group.rows
        sources[group.zone_source or "unknown"] += group.rows
        names = ",".join(group.zones)
        zone = zones.setdefault(names, {"zones": names, "now": 0, "later": 0, "first_at": None})
        if opens_at is None or opens_at <= now:
            callable_now += group.rows
            zone["now"] += group.rows
        else:
            zone["later"] += group.rows
            first = opens_at.isoformat(timespec="seconds")
            zone["first_at"] = min(zone["first_at"] or first, first)
    outlook = {
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
        "zone_sources": dict(sources.most_common()),
    }
    return outlook, without_zone, not_allowed


def _ban(*, listed: bool, held: bool) -> Ban | None:
    return Ban.EVERYWHERE if listed else Ban.HELD if held else None


def _opening_by_all_rules(
    batch: Batch, group: _Group, *, now: datetime
) -> tuple[datetime | None, str]:
    """Return when rows of a group may first be called, or why never, as the gate will decide."""
    if group.ban:
        return None, group.ban.code
    if group.refused:
        return None, group.refused
    opens_at, reason = _opening(batch, group, now=now)
    # Consent may still be fresh today, and too old when the call is due.
    for at in (now, opens_at or now):
        if lack := consent.lack_of(batch, group.packs, group.consent, now=at):
            return None, lack.code
    return opens_at, reason


def _opening(batch: Batch, group: _Group, *, now: datetime) -> tuple[datetime | None, str]:
    """Return when rows of a group may first be called, or why never."""
    at, zones, attempts = group.starts_at, group.zones, group.attempts
    rules = [hours for _, hours in rules_of(batch, group.dispatch_hours, group.packs, now=now)]
    caps = frequency.caps_of(batch, group.packs, now=now)
    # One rule may move the time to where another is closed; within weeks they agree or never do.
    for _ in range(20):
        closed = [verdict for rule in rules if isinstance(verdict := rule.check(at, zones), Closed)]
        if not closed:
            capped = caps.check(attempts, now=at)
            if capped is None:
                return at, ""
            if caps.skip and not capped.is_open:
                return None, "capped"
            # By then, calls under way have ended; that nobody answers them is a guess.
            attempts = [replace(one, under_way=False) for one in attempts]
            at = capped.free_at
            continue
        if shut := next((verdict for verdict in closed if verdict.opens_at is None), None):
            return None, shut.reason
        at = max(verdict.opens_at for verdict in closed if verdict.opens_at)
    return None, "never_open"


def _zone_conflicts(batch: Batch) -> dict[str, Any]:
    """Count the rows whose time zone, postcode, number or state contradict each other."""
    rows = _rows(batch).filter(status__in=_TO_DIAL, zone_sources__contains=",")
    shown = list(rows.order_by("row_number")[:CONFLICTS_SHOWN])
    return {
        "count": rows.count() if len(shown) == CONFLICTS_SHOWN else len(shown),
        "rows": [
            {"row": one.row_number, "number": one.e164, "message": f"{one.whereabouts}."}
            for one in shown
        ],
    }


def _duplicates(batch: Batch, skipped: dict[str, int]) -> dict[str, Any]:
    if batch.duplicates == DuplicateChoice.CALL_ONCE:
        return {"choice": batch.duplicates, "rows": skipped.get("duplicate", 0)}
    rows = _rows(batch).exclude(status=RecipientStatus.SKIPPED)
    counts = rows.aggregate(rows=Count("pk"), numbers=Count("e164", distinct=True))
    return {"choice": batch.duplicates, "rows": counts["rows"] - counts["numbers"]}


def _start_times(batch: Batch, *, now: datetime) -> dict[str, Any]:
    """Count the start times of rows still to be dialed, past ones, and by whose zone."""
    if not estimate.has_column(batch, "start_time"):
        return {"count": 0, "past": 0, "read_in": {}}
    rows = _rows(batch).filter(status__in=_TO_DIAL, start_at__isnull=False)
    found = rows.values("start_zone").annotate(
        rows=Count("pk"), past=Count("pk", filter=Q(start_at__lt=now))
    )
    counts = {row["start_zone"] or "offset": row["rows"] for row in found}
    return {
        "count": sum(counts.values()),
        "past": sum(row["past"] for row in found),
        "read_in": dict(sorted(counts.items())),
    }


def _prompts(batch: Batch, *, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the prompts of the first recipients, without the marks around values."""
    rows = _rows(batch).filter(status__in=_TO_DIAL).order_by("row_number")
    for row in rows[:PROMPTS_SHOWN]:
        call = CallResult(batch=batch, recipient=row, attempt=1, to_number=row.e164, claimed_at=now)
        try:
            request = call_requests.build(batch, row, call)
        except MissingVariable as error:  # the row would be skipped when it is dialed
            text = error.message
        else:
            led_by = batch.conversation.for_row(row.call_settings).label
            text = quoted_values.plain(request.prompt) or led_by
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
