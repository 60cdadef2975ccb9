"""Decide whether a recipient may be dialed now, at the moment of dialing and never before.

Each rule answers with a sentence: why the call is allowed, or why it is refused. All answers are
stored, with the attempt or with the refused recipient. A rule that cannot be evaluated refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache

import structlog
from django.conf import settings

from batchcalls.batches import legal_floor
from batchcalls.calling import (
    budget,
    caller_ids,
    consent,
    destinations,
    frequency,
    hours,
    recent_attempts,
    rule_packs,
    verdicts,
)
from batchcalls.calling.budget import Purse, Shortage
from batchcalls.calling.caller_ids import CallerIds, Chosen, Unavailable
from batchcalls.calling.recent_attempts import Recent
from batchcalls.calling.verdicts import Allowed, Refused
from batchcalls.models import Batch, Recipient, VoiceAccount
from campaigns.allowed_hosts import AllowedHost, Hosts
from campaigns.calling_hours import Closed
from campaigns.hours_in_words import open_in_words, zones_in_words
from campaigns.models import Bans, CallingPolicy, Suppression
from campaigns.places.whereabouts import Whereabouts
from campaigns.rules.packs import Holding
from campaigns.times_in_words import moment_in_words, moments_in_words

log = structlog.get_logger(__name__)

NOWHERE = Whereabouts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the rules must know besides the batch and the recipient, read once for a whole claim.

    ``bans`` are the do-not-call entries about the numbers being claimed, ``recent`` the attempts to
    each of them and the recipients' own, and ``floor_lifted`` says who lifted the account's floor.
    ``caller_ids`` choose the number to call from; without them none is chosen. ``packs_off`` are
    the rule packs and entries that people switched off, and ``packs_back_at`` is when the first of
    them holds again. ``purse`` holds the budgets, and ``hosts`` returns those that data may go to.
    """

    now: datetime
    floor_lifted: str = ""
    caller_ids: CallerIds | None = None
    bans: Bans = field(default_factory=Bans)
    recent: Recent = field(default_factory=Recent)
    packs_off: frozenset[str] = frozenset()
    packs_back_at: datetime | None = None
    purse: Purse = field(default_factory=Purse)
    #: Asked only for rows with an address of their own, which are few.
    hosts: Callable[[], Hosts] = field(default_factory=lambda: cache(AllowedHost.objects.current))


def check(batch: Batch, recipient: Recipient, facts: Facts) -> Allowed | Refused:
    """Check one recipient against every rule.

    The batch's status and the account's switch are the same for all recipients, so
    `claiming.claim` checks them. A rule that cannot be evaluated refuses this recipient only.
    """
    checks: dict[str, str] = {}
    from_number = ""
    relied_on: list[hours.OpenHours] = []
    try:
        for rule, answer in _answers(batch, recipient, facts, relied_on):
            if isinstance(answer, Refused):
                return verdicts.after(checks, rule, answer)
            if isinstance(answer, Chosen):
                from_number = answer.e164
            checks[rule] = answer if isinstance(answer, str) else answer.message
        latest = facts.now + timedelta(seconds=settings.SEND_WITHIN_SECONDS)
        closing = hours.close_at(batch, relied_on, now=facts.now, until=latest)
        ends = [end for end in (closing, facts.packs_back_at) if end and end < latest]
    except ValueError as error:
        log.exception("dispatch.cannot_tell", recipient_id=recipient.pk)
        return verdicts.after(checks, "cannot_tell", verdicts.undecidable(error))
    return Allowed(checks=checks, from_number=from_number, until=min(ends, default=None))


def _answers(
    batch: Batch, recipient: Recipient, facts: Facts, relied_on: list[hours.OpenHours]
) -> Iterator[tuple[str, str | Chosen | Refused]]:
    """Yield each rule and its answer, in the order in which they are checked.

    The caller stops at the first refusal. Hours that are open are added to ``relied_on``, because
    they may close before the call is sent.
    """
    now = facts.now
    if decided := facts.bans.decided(recipient.e164, batch.campaign_id):
        yield "do_not_call", verdicts.by_list(*decided, now)
    yield "do_not_call", "not listed"
    yield from _countries(batch, recipient)
    if not_allowed := destinations.check_hosts(recipient.call_settings, facts.hosts):
        yield "allowed_hosts", verdicts.by_destination(not_allowed)

    packs = rule_packs.holding(batch, recipient.possible_places, now=now, off=facts.packs_off)
    yield "consent", verdicts.by_consent(consent.check(batch, recipient, packs, now=now))

    yield from _times(batch, recipient, packs, facts, relied_on)

    caps = frequency.caps_of(batch, packs, now=now)
    attempts = facts.recent.to(recipient.e164)
    by_packs = f" ({packs.caps_in_words})" if packs and packs.caps_in_words else ""
    if capped := caps.check(attempts, now=now):
        used = f"{caps.in_words(attempts, now=now)}."
        yield (
            "caps",
            verdicts.by_cap(capped, skip=caps.skip, by=by_packs, inputs=f"Counted: {used}"),
        )
    if caps.limits:
        yield "caps", caps.in_words(attempts, now=now) + by_packs

    if answer := facts.purse.check(batch, recipient):
        yield "budget", verdicts.by_budget(answer, now) if isinstance(answer, Shortage) else answer
    # Last, because a chosen caller ID has had its turn.
    yield from _caller_id(batch, recipient, facts)


def _times(
    batch: Batch,
    recipient: Recipient,
    packs: Holding | None,
    facts: Facts,
    relied_on: list[hours.OpenHours],
) -> Iterator[tuple[str, str | Refused]]:
    now = facts.now
    if (start := recipient.starts_at(batch)) and start <= now:
        yield "start_time", f"{moment_in_words(start)} has come"
    if batch.policy.get("name"):
        copied = moment_in_words(batch.created_at or now)
        yield "calling_policy", f"“{batch.policy['name']}”, copied {copied}"
    if facts.floor_lifted:
        yield "legal_floor", facts.floor_lifted
    own_hours = recipient.call_settings.get("dispatch_hours")
    daily = own_hours or batch.call_settings.get("dispatch_hours")
    rules = list(hours.rules_of(batch, daily, packs, now=now))
    called_at = facts.recent.called_at.get(recipient.pk)
    place = NOWHERE
    places = recipient.possible_places or "an unknown country"
    if called_at or not all(rule_hours.is_unrestricted for _, rule_hours in rules):
        place = recipient.whereabouts
        yield "time_zone", str(place)
    for rule, rule_hours in rules:
        if rule_hours.is_unrestricted:
            no_hours = f"no hours for {batch.purpose} calls to {places}"
            yield rule, no_hours if rule == rule_packs.RULE else "no restriction"
            continue
        verdict = rule_hours.check(now, place.zones)
        if packs and rule == rule_packs.RULE:
            if isinstance(verdict, Closed):
                closed = rule_packs.explained(verdict, packs, now=now, zones=place.zones)
                code = rule_packs.CLOSED_BY_RULES if closed.opens_at else ""
                yield rule, verdicts.by_hours(closed, code=code)
            relied_on.append((rule_hours, place.zones))
            yield rule, f"{packs.hours_in_words}, open"
            continue
        if isinstance(verdict, Closed):
            yield rule, verdicts.by_hours(verdict)
        relied_on.append((rule_hours, place.zones))
        yield rule, open_in_words(rule_hours, now, place.zones)
    if called_at:
        zones = place.zones or ("UTC",)
        earlier = f"Earlier calls: {moments_in_words(called_at)}."
        unused = hours.of_other_times(batch, daily, packs, called_at, zones, now=now)
        verdict = hours.check_all(unused, now=now)
        if isinstance(verdict, Closed):
            code = "called_at_this_hour"
            yield "another_hour", verdicts.by_hours(verdict, code=code, inputs=earlier)
        relied_on.extend((open_hours, [zone]) for zone, open_hours in unused)
        yield "another_hour", f"not called at this hour in {zones_in_words(zones)}. {earlier}"


def _countries(batch: Batch, recipient: Recipient) -> Iterator[tuple[str, str | Refused]]:
    if permitted := batch.account.permitted:
        if not_permitted := destinations.check(permitted, batch, recipient):
            yield "countries", verdicts.by_destination(not_permitted)
        yield "countries", permitted.in_words(recipient.e164)


def _caller_id(
    batch: Batch, recipient: Recipient, facts: Facts
) -> Iterator[tuple[str, Chosen | Refused]]:
    if facts.caller_ids is None:
        return
    caller_id = facts.caller_ids.choose(recipient, caller_ids.own_of(batch, recipient))
    if isinstance(caller_id, Unavailable):
        yield "caller_id", verdicts.without_caller_id(caller_id)
    else:
        yield "caller_id", caller_id


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


def facts_about(
    batch: Batch, recipient: Recipient, *, now: datetime, bans: Bans | None = None
) -> Facts:
    """Return what `check` must know about one recipient, without locks.

    ``bans`` are given if they were just read.
    """
    return replace(
        facts_about_number(batch, recipient, now=now, bans=bans),
        caller_ids=CallerIds(batch.account, [recipient], now=now),
        floor_lifted=legal_floor.lifted_in_words(batch.account, now=now),
        purse=budget.open_purse(batch.account, [batch], now=now),
    )


def facts_about_number(
    batch: Batch, recipient: Recipient, *, now: datetime, bans: Bans | None = None
) -> Facts:
    """Return the facts that do not depend on which account calls; nothing needs to be stored."""
    off = rule_packs.switched_off(batch.account, now=now)
    packs = rule_packs.holding(batch, recipient.possible_places, now=now, off=off)
    longest = frequency.longest_cap(batch, packs, now=now)
    attempts = recent_attempts.of([recipient.e164], batch.account, longest=longest, now=now)
    return Facts(
        now=now,
        bans=Suppression.objects.bans_among([recipient.e164], now=now) if bans is None else bans,
        recent=Recent(attempts, times_of_retries([(batch, [recipient])])),
        packs_off=off,
    )
