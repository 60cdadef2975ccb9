"""Decide whether a recipient may be dialed now, at the moment of dialing and never before.

Each rule answers with a reason code and a sentence. The answers are stored with the attempt or,
for a refusal, with the recipient. A rule that cannot be evaluated refuses the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from batchcalls.calling import recent_attempts
from batchcalls.calling.recent_attempts import Recent
from batchcalls.models import Batch, Recipient, VoiceAccount
from batchcalls.states import RecipientStatus
from campaigns.calling_hours import CallingHours, Closed
from campaigns.caps import Capped, Caps
from campaigns.legal_floor import LEGAL_CAPS, LEGAL_HOURS
from campaigns.models import Ban, Bans, CallingPolicy

#: A held number is released by the decision about it; until then it is checked this often.
CHECK_HOLDS_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """All rules allow the call; ``checks`` holds each rule's answer."""

    checks: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A rule refuses the call: permanently (skipped) or until ``due_at`` (deferred)."""

    status: RecipientStatus
    code: str
    message: str
    due_at: datetime | None = None


def check(
    batch: Batch, recipient: Recipient, *, bans: Bans, recent: Recent, now: datetime
) -> Allowed | Refused:
    """Check one recipient against every rule.

    The batch's status and the account's switch are the same for all recipients, so
    `claiming.claim` checks them. ``bans`` are the do-not-call entries about the numbers being
    claimed, and ``recent`` the attempts to each of them and the recipients' own.
    """
    if ban := bans.on(recipient.e164, batch.campaign_id):
        return _refused_by_list(ban, now)
    checks = {"do_not_call": "not listed"}
    own_hours = recipient.call_settings.get("dispatch_hours")
    daily = own_hours or batch.call_settings.get("dispatch_hours")
    for rule, hours in rules_of(batch, daily, now=now):
        if hours.is_unrestricted:
            checks[rule] = "no restriction"
            continue
        place = recipient.whereabouts
        verdict = hours.check(now, place.zones)
        if isinstance(verdict, Closed):
            return _refused_by_hours(verdict)
        checks["time_zone"] = str(place)
        checks[rule] = f"open in {', '.join(place.zones)}"
    if called_at := recent.called_at.get(recipient.pk):
        zones = recipient.whereabouts.zones[:1] or ("UTC",)
        hours = _other_hours(batch, daily, called_at, zones[0], now=now)
        if isinstance(closed := hours.check(now, zones), Closed):
            return _refused_by_hours(closed, code="called_at_this_hour")
        checks["another_hour"] = f"not called at this hour in {zones[0]}"
    caps, attempts = caps_of(batch, now=now), recent.attempts.get(recipient.e164, ())
    if capped := caps.check(attempts, now=now):
        return _refused_by_cap(capped, skip=caps.skip)
    if caps.limits:
        checks["caps"] = caps.in_words(attempts, now=now)
    return Allowed(checks=checks)


def caps_of(batch: Batch, *, now: datetime) -> Caps:
    """Return the strictest caps: those copied from the policy, those of today, the legal floor."""
    caps = batch.caps
    if batch.policy_now:
        caps = caps.narrowed(batch.policy_now.caps)
    return caps.narrowed(LEGAL_CAPS) if batch.account.has_floor(now) else caps


def look_up_policies(account: VoiceAccount, batches: list[Batch]) -> None:
    """Set the account and today's policy of many batches, with a query or none for each table."""
    ids = {batch.policy["id"] for batch in batches if batch.policy.get("id")}
    policies = CallingPolicy.objects.as_of_now(ids) if ids else {}
    for batch in batches:
        batch.account = account
        batch.policy_now = policies.get(batch.policy.get("id", 0))


def rules_of(
    batch: Batch, daily: dict[str, Any] | None, *, now: datetime
) -> Iterator[tuple[str, CallingHours]]:
    """Yield the hours that must all be open; each can only narrow the others.

    1. The legal floor, for real phones, unless a person lifted it for the account.
    2. The hours copied from the policy when the batch was made.
    3. The policy's hours of today, if they differ: a stricter policy holds at once.
    4. Those of the call setting ``dispatch_hours``, if set.
    """
    if batch.account.has_floor(now):
        yield "legal_hours", LEGAL_HOURS
    yield "calling_hours", batch.calling_hours
    today = batch.policy_now.hours if batch.policy_now else None
    if today and not today.is_unrestricted and today != batch.calling_hours:
        yield "policy_hours", today
    if daily:
        yield "dispatch_hours", _every_day(daily["start"], daily["end"])


def times_of_retries(
    drawn: Iterable[tuple[Batch, Sequence[Recipient]]],
) -> dict[int, list[datetime]]:
    """Return when those recipients were called who must be called at another hour."""
    again = [
        row.pk
        for batch, rows in drawn
        for row in rows
        if row.attempts and batch.policy.get("retry", {}).get("another_hour")
    ]
    return recent_attempts.times_of(again) if again else {}


def longest_cap(batch: Batch, *, now: datetime) -> timedelta:
    """Return the longest time over which a batch's caps count; zero without caps."""
    try:
        return caps_of(batch, now=now).longest
    except ValueError:  # `check` then refuses each recipient
        return timedelta(0)


def _other_hours(
    batch: Batch,
    daily: dict[str, Any] | None,
    called_at: Sequence[datetime],
    zone: str,
    *,
    now: datetime,
) -> CallingHours:
    """Return the allowed hours of the day in which the recipient was not called so far."""
    # One zone will do: where offsets differ by whole hours, two calls share an hour in all or none.
    used = frozenset(at.astimezone(ZoneInfo(zone)).hour for at in called_at)
    hours = _without(used)
    for _, others in rules_of(batch, daily, now=now):
        hours = hours.intersected(others)
    return hours


def recent_of(batch: Batch, recipient: Recipient, *, now: datetime) -> Recent:
    """Return the recent attempts that `check` needs for one recipient, without locks."""
    longest = longest_cap(batch, now=now)
    attempts = recent_attempts.of([recipient.e164], batch.account, longest=longest, now=now)
    return Recent(attempts, times_of_retries([(batch, [recipient])]))


@lru_cache(maxsize=256)
def _without(used: frozenset[int]) -> CallingHours:
    """Return every day without some hours."""
    spans = tuple((60 * hour, 60 * hour + 60) for hour in range(24) if hour not in used)
    return CallingHours(windows=(spans,) * 7)


@lru_cache(maxsize=256)
def _every_day(start: str, end: str) -> CallingHours:
    """Return the same hours for every day; an end before the start means the next day."""
    spans = [[start, end]] if start < end else [["00:00", end], [start, "24:00"]]
    spans = [span for span in spans if span[0] != span[1]]
    return CallingHours.from_dict({"windows": {str(day): spans for day in range(7)}})


def _refused_by_list(ban: Ban, now: datetime) -> Refused:
    is_held = ban == Ban.HELD
    return Refused(
        status=RecipientStatus.DEFERRED if is_held else RecipientStatus.SKIPPED,
        code=ban.code,
        message=ban.message,
        due_at=now + CHECK_HOLDS_AFTER if is_held else None,
    )


def _refused_by_hours(closed: Closed, *, code: str = "") -> Refused:
    return Refused(
        status=RecipientStatus.DEFERRED if closed.opens_at else RecipientStatus.SKIPPED,
        code=code or closed.reason,
        message=closed.message,
        due_at=closed.opens_at,
    )


def _refused_by_cap(capped: Capped, *, skip: bool) -> Refused:
    return Refused(
        status=RecipientStatus.SKIPPED if skip else RecipientStatus.DEFERRED,
        code="capped",
        message=capped.message,
        due_at=None if skip else capped.free_at,
    )
