"""What a person should know about a dry run, and what to do about it, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from batchcalls.batches.spending import longest_seconds
from batchcalls.calling import budget
from batchcalls.calling.budget import Period
from batchcalls.intake import dry_run_countries, uploads
from batchcalls.lists.mapping import ListMapping
from batchcalls.models import Batch
from batchcalls.voice.prices import at_most
from campaigns.call_settings import DateOrder, ZoneSource
from campaigns.calling_hours import SEARCH_DAYS
from campaigns.consent_demands import LACKS
from campaigns.models import Ban

_ACCOUNT_BUDGETS = {
    Period.DAY: ("daily", "calls wait until the next day"),
    Period.MONTH: ("monthly", "the batch pauses"),
}


def of(
    batch: Batch,
    *,
    start_times: dict[str, Any],
    never: dict[str, int],
    without_zone: int,
    zone_conflicts: int,
    skipped: dict[str, int],
    called_today: int,
    unclear_consent: int,
    not_allowed: Mapping[str, int],
    recipients: int,
    most_cost: Decimal,
    now: datetime,
) -> Iterator[str]:
    """Yield notes on the legal floor, recent calls, budgets, columns, start times, and rows left.

    ``start_times``, ``never`` and ``skipped`` are those of the report; ``without_zone`` counts the
    rows that are never called because their time zone is not known for certain, ``zone_conflicts``
    those with zones that contradict each other, ``called_today`` those whose numbers were called
    in the last 24 hours, ``unclear_consent`` those that record a consent nobody can read and are
    called because none is required, ``not_allowed`` those that the account may not call, by
    country, and ``recipients`` those that will be called. ``most_cost`` is the upper end of the
    estimate.
    """
    if batch.account.dials_people and batch.account.is_beyond_floor(now):
        yield (
            f"Calls through {batch.account} may go beyond the legal floor until "
            f"{batch.account.beyond_floor_until:%Y-%m-%d %H:%M} UTC: "
            f"{batch.account.beyond_floor_reason}"
        )
    if called_today:
        were = "was" if called_today == 1 else "were"
        yield f"{called_today:,} of these {were} called in the last 24 hours."
    yield from dry_run_countries.notes(batch, not_allowed, recipients)
    yield from _on_budgets(batch, most_cost, now=now)
    for stored in batch.lists.all():
        yield from uploads.describe_offers(stored)
    yield from _on_start_times(batch, start_times)
    if zone_conflicts:
        yield (
            f"{_counted(zone_conflicts, 'row')} {_have(zone_conflicts)} a time zone, postcode, or "
            "state that the number or another column contradicts: calls wait until hours are open "
            "in both places. Correct the cells if only one of them is right."
        )
    if unclear_consent:
        yield (
            f"{_counted(unclear_consent, 'row')} {_have(unclear_consent)} a consent date or type "
            "that cannot be read. These calls do not require consent; correct the cells if later "
            "ones do."
        )
    yield from _on_rows_never_called(never, without_zone, skipped)


def _on_budgets(batch: Batch, most_cost: Decimal, *, now: datetime) -> Iterator[str]:
    """Say which budgets may be used up before everyone is called."""
    currency = batch.account.currency
    estimate = f"The estimate, up to {at_most(most_cost, currency)}, is above"
    most = batch.account.prices.most(longest_seconds(batch.call_settings))
    if batch.budget is not None and most > batch.budget:
        yield budget.too_small(batch.budget, most, currency)
    elif batch.budget is not None and most_cost > batch.budget:
        yield (
            f"{estimate} the budget of {at_most(batch.budget, currency)}: the batch pauses when "
            "it is used up. Raise the budget if everyone is to be called."
        )
    for one in budget.of_account(batch.account, now=now):
        if most_cost > one.left:
            name, then = _ACCOUNT_BUDGETS[one.period]
            left = at_most(max(one.left, Decimal(0)), currency)
            yield (
                f"{estimate} what is left of the {name} budget of {batch.account}, {left}: {then} "
                "when it is used up."
            )


def _on_start_times(batch: Batch, start_times: dict[str, Any]) -> Iterator[str]:
    """Say how start times were read, and which are past."""
    zone = batch.call_settings.get("timezone")
    whose = {
        ZoneSource.ROW: "the row’s time zone",
        ZoneSource.POSTCODE: "the postcode’s time zone",
        ZoneSource.NUMBER: "the number’s time zone",
        ZoneSource.BATCH: f"the batch’s time zone ({zone})",
    }
    for source, what in whose.items():
        if rows := start_times["read_in"].get(source.value):
            was = "was" if rows == 1 else "were"
            yield f"{_counted(rows, 'start time')} without an offset {was} read in {what}."
    orders = {
        stored.dates_written
        for stored in batch.lists.all()
        if ListMapping.from_list(stored.mapping).has_dates
    }
    for order in sorted(filter(None, orders)):
        yield f"Dates were read as {DateOrder(order).label}."
    if past := start_times["past"]:
        verb = "is" if past == 1 else "are"
        yield f"{_counted(past, 'start time')} {verb} in the past and will not delay the call."


def _on_rows_never_called(
    never: dict[str, int], without_zone: int, skipped: dict[str, int]
) -> Iterator[str]:
    """Total the rows that need the same remedy, and name it."""
    if without_zone:
        yield (
            f"{_counted(without_zone, 'row')} {_have(without_zone)} no single time zone: "
            "add a postcode or timezone column."
        )
    held, capped = never.get(Ban.HELD.code, 0), never.get("capped", 0)
    own_notes = (Ban.HELD.code, "capped", "do_not_call", *LACKS, *dry_run_countries.CODES)
    never_open = sum(never.values()) - without_zone - sum(never.get(code, 0) for code in own_notes)
    if never_open:
        yield (
            f"{_counted(never_open, 'row')} {_have(never_open)} no calling hours in the next "
            f"{SEARCH_DAYS} days: change the calling policy or the start times."
        )
    if listed := never.get("do_not_call"):
        be = "is" if listed == 1 else "are"
        yield f"{_counted(listed, 'row')} {be} on the do-not-call list and will not be called."
    if lacking := sum(never.get(code, 0) for code in LACKS):
        yield (
            f"{_counted(lacking, 'row')} {_have(lacking)} no consent of the kind and age that is "
            "required, and will be skipped when due: correct the list, or leave them out."
        )
    if held:
        yield (
            f"{_counted(held, 'row')} {_have(held)} a number whose opt-out is under review, and "
            f"{'waits' if held == 1 else 'wait'} until someone decides under Review opt-outs."
        )
    if capped:
        be = "is" if capped == 1 else "are"
        yield f"{_counted(capped, 'row')} {be} at a cap of the calling policy and will be skipped."
    if ambiguous := skipped.get("ambiguous_date"):
        yield (
            f"{_counted(ambiguous, 'row')} {_have(ambiguous)} a date that can be read in two ways: "
            "choose how dates are written when you match columns, with --dates, or with dates in "
            "the API."
        )
    if unplaced := skipped.get("start_time_without_zone"):
        yield (
            f"{_counted(unplaced, 'row')} {_have(unplaced)} a start time without a time zone: add "
            "an offset or a timezone column, or set the batch’s time zone."
        )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"
