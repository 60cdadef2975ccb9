"""Decide whether a recipient may be dialed now, at the moment of dialing and never before.

Each rule answers with a sentence: why the call is allowed, or why it is refused. All answers are
stored, with the attempt or with the refused recipient. A rule that cannot be evaluated refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from batchcalls.calling import budget, frequency, hours, recent_attempts
from batchcalls.calling.budget import Purse, Shortage
from batchcalls.calling.recent_attempts import Recent
from batchcalls.models import Batch, Recipient, VoiceAccount
from batchcalls.states import RecipientStatus
from campaigns.calling_hours import Closed
from campaigns.caps import Capped
from campaigns.models import Ban, Bans, CallingPolicy, Suppression
from campaigns.places.whereabouts import Whereabouts

#: A held number is released by the decision about it; until then it is checked this often.
CHECK_HOLDS_AFTER = timedelta(hours=1)

NOWHERE = Whereabouts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the rules must know besides the batch and the recipient, read once for a whole claim.

    ``bans`` are the do-not-call entries about the numbers being claimed, and ``recent`` the
    attempts to each of them and the recipients' own. ``purse`` holds the budgets.
    """

    now: datetime
    bans: Bans = field(default_factory=Bans)
    recent: Recent = field(default_factory=Recent)
    purse: Purse = field(default_factory=Purse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """All rules allow the call; ``checks`` holds each rule's answer."""

    checks: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A rule refuses the call: permanently (skipped) or until ``due_at`` (deferred).

    ``checks`` are the answers up to this one, which is the last: pairs of a rule and a sentence.
    """

    status: RecipientStatus
    code: str
    message: str
    due_at: datetime | None = None
    checks: Sequence[tuple[str, str]] = ()


def check(batch: Batch, recipient: Recipient, facts: Facts) -> Allowed | Refused:
    """Check one recipient against every rule.

    The batch's status and the account's switch are the same for all recipients, so
    `claiming.claim` checks them.
    """
    checks: dict[str, str] = {}
    for rule, answer in _answers(batch, recipient, facts):
        if isinstance(answer, Refused):
            return replace(answer, checks=[*checks.items(), (rule, answer.message)])
        checks[rule] = answer
    return Allowed(checks=checks)


def _answers(
    batch: Batch, recipient: Recipient, facts: Facts
) -> Iterator[tuple[str, str | Refused]]:
    """Yield each rule and its answer, in the order in which they are checked.

    The caller stops at the first refusal.
    """
    now = facts.now
    if ban := facts.bans.on(recipient.e164, batch.campaign_id):
        yield "do_not_call", _refused_by_list(ban, now)
    yield "do_not_call", "not listed"

    own_hours = recipient.call_settings.get("dispatch_hours")
    daily = own_hours or batch.call_settings.get("dispatch_hours")
    rules = list(hours.rules_of(batch, daily, now=now))
    called_at = facts.recent.called_at.get(recipient.pk)
    place = NOWHERE
    if called_at or not all(rule_hours.is_unrestricted for _, rule_hours in rules):
        place = recipient.whereabouts
        yield "time_zone", str(place)
    for rule, rule_hours in rules:
        if rule_hours.is_unrestricted:
            yield rule, "no restriction"
            continue
        verdict = rule_hours.check(now, place.zones)
        if isinstance(verdict, Closed):
            yield rule, _refused_by_hours(verdict)
        yield rule, f"open in {', '.join(place.zones)}"
    if called_at:
        zones = place.zones[:1] or ("UTC",)
        unused = hours.of_other_times(batch, daily, called_at, zones[0], now=now)
        verdict = unused.check(now, zones)
        if isinstance(verdict, Closed):
            yield "another_hour", _refused_by_hours(verdict, code="called_at_this_hour")
        yield "another_hour", f"not called at this hour in {zones[0]}"

    caps = frequency.caps_of(batch, now=now)
    attempts = facts.recent.attempts.get(recipient.e164, ())
    if capped := caps.check(attempts, now=now):
        yield "caps", _refused_by_cap(capped, skip=caps.skip)
    if caps.limits:
        yield "caps", caps.in_words(attempts, now=now)

    # Last, because it takes what the call may cost.
    if answer := facts.purse.check(batch, recipient):
        yield "budget", _refused_by_budget(answer, now) if isinstance(answer, Shortage) else answer


def look_up_policies(account: VoiceAccount, batches: list[Batch]) -> None:
    """Set the account and today's policy of many batches, with a query or none for each table."""
    ids = {batch.policy["id"] for batch in batches if batch.policy.get("id")}
    policies = CallingPolicy.objects.as_of_now(ids) if ids else {}
    for batch in batches:
        batch.account = account
        batch.policy_now = policies.get(batch.policy.get("id", 0))


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


def facts_about(batch: Batch, recipient: Recipient, *, now: datetime) -> Facts:
    """Return what `check` must know about one recipient, without locks."""
    longest = frequency.longest_cap(batch, now=now)
    attempts = recent_attempts.of([recipient.e164], batch.account, longest=longest, now=now)
    return Facts(
        now=now,
        bans=Suppression.objects.bans_among([recipient.e164], now=now),
        recent=Recent(attempts, times_of_retries([(batch, [recipient])])),
        purse=budget.open_purse(batch.account, [batch], now=now),
    )


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


def _refused_by_budget(shortage: Shortage, now: datetime) -> Refused:
    """Refuse for a while: what is short is the money, and nothing about the recipient."""
    next_day = shortage.budget.until if shortage.budget.period is budget.Period.DAY else None
    return Refused(
        status=RecipientStatus.DEFERRED,
        code="budget_reserved" if shortage.waits else "budget_used_up",
        message=shortage.message,
        due_at=now + budget.WAIT if shortage.waits else next_day or now,
    )


def _refused_by_cap(capped: Capped, *, skip: bool) -> Refused:
    return Refused(
        status=RecipientStatus.SKIPPED if skip else RecipientStatus.DEFERRED,
        code="capped",
        message=capped.message,
        due_at=None if skip else capped.free_at,
    )
