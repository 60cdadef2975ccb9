"""Whether the consent that a list records meets what the policy and the rule packs require.

It is checked when a list is imported, and again at dialing: consent ages, and rules become
stricter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import cache

from batchcalls.calling import rule_packs
from batchcalls.models import Batch, Recipient
from campaigns.consent_demands import Demand, Evidence, Lack, first_lack
from campaigns.rules.packs import Holding
from campaigns.vocabulary import Purpose

TEST_CALL = "a test call to one's own number"


def latest_day(now: datetime) -> date:
    """Return the latest current date anywhere on earth, by which consent is dated and ages."""
    return (now + timedelta(hours=14)).date()


def demands_on(batch: Batch, packs: Holding | None) -> Sequence[Demand]:
    """Return the consent that calls of a batch need. ``packs`` are the rules for the recipient.

    Test calls need none.
    """
    if batch.is_test:
        return ()
    by_policy = Demand(said_by=f"The calling policy {batch.policy.get('name', '')}".strip())
    return (*[by_policy] * batch.consent_required, *(packs.demands if packs else ()))


def demands_at(batch: Batch, *, now: datetime) -> Callable[[str], Sequence[Demand]]:
    """Return the function that tells what calls to some places need, as of now."""
    off = rule_packs.switched_off(batch.account, now=now)

    @cache
    def demands(places: str) -> Sequence[Demand]:
        return demands_on(batch, rule_packs.holding(batch, places, now=now, off=off))

    return demands


def is_checked(batch: Batch) -> bool:
    """Return whether any recipient of a batch may need consent."""
    return not batch.is_test and (batch.consent_required or batch.account.dials_people)


def lack_of(
    batch: Batch, packs: Holding | None, evidence: Evidence, *, now: datetime
) -> Lack | None:
    """Return what a record lacks for a call at a time (aware), or None."""
    return first_lack(demands_on(batch, packs), evidence, today=latest_day(now))


def check(
    batch: Batch, recipient: Recipient, packs: Holding | None, *, now: datetime
) -> str | Lack:
    """Return why a recipient may be called, as far as consent is concerned, or what is lacking."""
    demands = demands_on(batch, packs)
    if not demands:
        purpose = Purpose(batch.purpose).label.lower()
        return TEST_CALL if batch.is_test else f"not required for {purpose} calls"
    evidence = recipient.consent_evidence
    lack = first_lack(demands, evidence, today=latest_day(now))
    required = "; ".join(one.in_words[0].lower() + one.in_words[1:] for one in demands)
    return lack or f"{evidence}; {required}"
