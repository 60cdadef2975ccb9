"""Estimate calls, duration and cost of a launch: ranges, with the assumptions behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_UP, Decimal
from math import ceil
from typing import Any

from django.db.models import Avg, Count
from django.template.defaultfilters import pluralize

from batchcalls.batches.spending import longest_seconds
from batchcalls.calling import frequency, rule_packs
from batchcalls.lists.mapping import ListMapping, Target
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.states import CallStatus, RecipientStatus
from batchcalls.voice.prices import money_range
from campaigns.caps import Caps
from campaigns.vocabulary import RetryOutcome

#: Assumed seconds of talk time per call until the campaign has enough calls.
SHORT_CALL_SECONDS, LONG_CALL_SECONDS = 30, 180
RINGING_SECONDS = 15
#: Past calls used to estimate the length of calls: how many to read, and how many are enough.
CALLS_ASKED, CALLS_NEEDED = 1_000, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retries:
    """The most calls that all recipients together get, the most of one, and its longest waits."""

    calls: int
    of_one: int
    wait_seconds: int


def of(batch: Batch, *, recipients: int, now: datetime) -> tuple[dict[str, Any], list[str]]:
    """Return calls, seconds and cost, each [from, to], and the assumptions behind them.

    From: each recipient gets one short call. To: each uses every retry of every outcome that caps
    allow, waits as long as the policy says before each, and every call is long.
    """
    account = batch.account
    low, high, source = _talk_seconds(batch)
    caps = _caps_by_rows(batch, recipients=recipients, now=now)
    retries = _within(caps, _retries(batch, recipients), recipients)
    calls = [recipients, recipients + retries.calls]
    cps = min((rate for rate in (account.cps, batch.cps) if rate), default=None)
    lines = min(account.concurrency, batch.concurrency or account.concurrency)
    waits = [0, retries.wait_seconds if recipients else 0]
    # The last call begins after all others have begun, and each line takes one call at a time.
    # Lines are free for others while a recipient waits for a retry, so that waits add up once.
    seconds = [
        max(count / cps if cps else 0, ceil(count / lines - 1) * (talk + RINGING_SECONDS))
        + (talk + RINGING_SECONDS if count else 0)
        + wait
        for count, talk, wait in zip(calls, (low, high), waits, strict=True)
    ]
    prices = account.prices
    cost = [count * prices.cost(talk) for count, talk in zip(calls, (low, high), strict=True)]
    pace = f"{cps:g} call{pluralize(cps)} per second, " if cps else ""
    return (
        {
            "calls": calls,
            "seconds": [round(value) for value in seconds],
            "cost": [str(value.quantize(Decimal("0.01"), rounding=ROUND_UP)) for value in cost],
            "currency": account.currency,
        },
        [
            source,
            _tries(retries),
            f"Assumes {pace}{lines:,} concurrent call{pluralize(lines)}, no other batches on "
            f"{account.name}, and no calling-hour delays.",
            prices.in_words(),
        ],
    )


def describe(estimate: dict[str, Any]) -> str:
    """Return calls, duration and cost in words: "12–36 calls · about 4 min · est. $0.30–$1.50"."""
    least, most = estimate["calls"]
    calls = f"{_range(f'{least:,}', f'{most:,}')} call{pluralize(most)}"
    time = _range(*map(_span, estimate["seconds"]))
    cheapest, dearest = map(Decimal, estimate["cost"])
    cost = money_range(cheapest, dearest, estimate["currency"])
    return f"{calls} · about {time} · est. {cost}"


def has_column(batch: Batch, setting: str) -> bool:
    """Return whether a column gives rows their own value of a call setting."""
    return any(
        column.target == Target.CALL_SETTING and column.name == setting
        for stored in batch.lists.all()
        for column in ListMapping.from_list(stored.mapping).columns
    )


def _tries(retries: _Retries) -> str:
    ringing = f"{RINGING_SECONDS} s of ringing before each answer"
    if not retries.of_one:
        return f"Each recipient gets one call; {ringing}."
    waits = f", and waits up to {_span(retries.wait_seconds)} for them" * bool(retries.wait_seconds)
    return f"Each recipient gets at most {1 + retries.of_one} calls{waits}; {ringing}."


def _retries(batch: Batch, recipients: int) -> _Retries:
    """Add up the retries of every outcome, and those of the call setting ``retry``."""
    policy = batch.retry_policy
    of_policy, wait = policy.max_attempts - 1, policy.longest_wait_seconds
    # The setting gives one more call after a first voicemail, unless the policy gives one.
    if of_policy == policy.max_total or any(
        rule.outcome == RetryOutcome.VOICEMAIL and rule.max_retries for rule in policy.rules
    ):
        return _Retries(calls=recipients * of_policy, of_one=of_policy, wait_seconds=wait)
    with_setting, longest = 0, 0
    for rows, setting in _retry_settings(batch, recipients):
        with_setting += rows
        longest = max(longest, int(setting["wait"]))
    return _Retries(
        calls=recipients * of_policy + with_setting,
        of_one=of_policy + bool(with_setting),
        wait_seconds=wait + longest,
    )


def _caps_by_rows(batch: Batch, *, recipients: int, now: datetime) -> list[tuple[int, Caps]]:
    """Return how many rows have which caps: those of rule packs differ by place."""
    if not batch.account.dials_people:
        return [(recipients, frequency.caps_of(batch, None, now=now))]
    off = rule_packs.switched_off(batch.account, now=now)
    rows = Recipient.objects.filter(batch=batch).exclude(status=RecipientStatus.SKIPPED)
    found: Counter[Caps] = Counter()
    for places, count in rows.order_by().values_list("places").annotate(Count("pk")):
        packs = rule_packs.holding(batch, places, now=now, off=off)
        found[frequency.caps_of(batch, packs, now=now)] += count
    return [(count, caps) for caps, count in found.items()]


def _within(caps: list[tuple[int, Caps]], retries: _Retries, recipients: int) -> _Retries:
    """Leave out retries that are skipped at a cap, and count the wait for those that are not."""
    most = sorted(
        ((_most_retries(one, retries), rows) for rows, one in caps), key=lambda pair: -pair[0]
    )
    # Of more rows than recipients, those that may be called most often.
    left, calls = recipients, 0
    for of_one, rows in most:
        calls += min(rows, left) * of_one
        left -= min(rows, left)
    return replace(
        retries,
        calls=min(retries.calls, calls),
        of_one=most[0][0] if most else retries.of_one,
        wait_seconds=max([retries.wait_seconds, *(_wait_at(one, retries) for _, one in caps)]),
    )


def _most_retries(caps: Caps, retries: _Retries) -> int:
    """Return how many retries of a row are placed before one is skipped at a cap."""
    limits = [
        limit - 1
        for window, limit in caps.limits.values()
        # In a window that is shorter than all waits, the calls may be spread over several.
        if not window.answered_only and window.length.total_seconds() > retries.wait_seconds
    ]
    return min([retries.of_one, *limits]) if caps.skip else retries.of_one


def _wait_at(caps: Caps, retries: _Retries) -> int:
    """Return the seconds that all calls to one number take at least, if they wait at caps."""
    spans = [
        retries.of_one // limit * round(window.length.total_seconds())
        for window, limit in caps.limits.values()
        if not window.answered_only
    ]
    return 0 if caps.skip else max(spans, default=0)


def _retry_settings(batch: Batch, recipients: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield how many recipients have each value of the call setting ``retry``."""
    others = recipients
    if has_column(batch, "retry"):
        rows = Recipient.objects.filter(batch=batch, call_settings__retry__isnull=False).exclude(
            status=RecipientStatus.SKIPPED
        )
        for setting, count in (
            rows.order_by().values_list("call_settings__retry").annotate(Count("pk"))
        ):
            others -= count
            yield count, setting
    if (setting := batch.call_settings.get("retry")) and others > 0:
        yield others, setting


def _range(least: str, most: str) -> str:
    return least if least == most else f"{least}–{most}"


def _span(seconds: int) -> str:
    """Format a duration as 2 h 05 min, or 40 s."""
    if seconds < 120:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _talk_seconds(batch: Batch) -> tuple[int, int, str]:
    """Return the range of call lengths in seconds, and the basis of the estimate."""
    limit = int(longest_seconds(batch.call_settings))
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
    return low, high, f"Assumes {low}–{high} s per call (not enough history yet)."
