"""Whether the consent that a list records meets what the policy and the rule packs require.

It is checked when a list is taken in, and again at dialing: consent ages, and rules become
stricter.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from batchcalls.models import Batch, Recipient
from campaigns.consent_demands import Demand, Evidence, Lack, first_lack
from campaigns.vocabulary import Purpose

TEST_CALL = "a test call: whoever places it to their own number consents"


def latest_day(now: datetime) -> date:
    """Return the latest current date anywhere on earth, by which consent is dated and ages."""
    return (now + timedelta(hours=14)).date()


def demands_on(batch: Batch, places: str, *, now: datetime) -> Sequence[Demand]:
    """Return the consent that a batch's calls to somebody in some places need.

    ``places`` are those where the person may be, with commas between them. Test calls need none.
    """
    if batch.is_test:
        return ()
    policy = _of_policy(batch)
    return (*policy, *_of_packs(batch, places, now=now)) if batch.account.dials_people else policy


def is_checked(batch: Batch) -> bool:
    """Return whether any recipient of a batch may need consent."""
    return not batch.is_test and (batch.consent_required or batch.account.dials_people)


def lack_of(batch: Batch, places: str, evidence: Evidence, *, now: datetime) -> Lack | None:
    """Return what a record lacks for a call at a time (aware), or None."""
    return first_lack(demands_on(batch, places, now=now), evidence, today=latest_day(now))


def check(batch: Batch, recipient: Recipient, *, now: datetime) -> str | Lack:
    """Return why a recipient may be called, as far as consent is concerned, or what is lacking."""
    demands = demands_on(batch, places_of(recipient), now=now)
    if not demands:
        purpose = Purpose(batch.purpose).label.lower()
        return TEST_CALL if batch.is_test else f"not required for {purpose} calls"
    evidence = recipient.consent_evidence
    lack = first_lack(demands, evidence, today=latest_day(now))
    return lack or f"{evidence}; {'; '.join(demand.in_words for demand in demands)}"


def places_of(recipient: Recipient) -> str:
    """Return where a recipient may be, as the rule packs name places."""
    return recipient.region


def _of_policy(batch: Batch) -> tuple[Demand, ...]:
    if not batch.consent_required:
        return ()
    return (Demand(said_by=f"The calling policy {batch.policy.get('name', '')}".strip()),)


def _of_packs(batch: Batch, places: str, *, now: datetime) -> Sequence[Demand]:
    """Return what the rule packs require. There are none yet."""
    return ()
