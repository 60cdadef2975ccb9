"""What the rules say about a call to a number: the gate's own answer, without a batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from batchcalls.calling import gate, rule_packs, verdicts
from batchcalls.models import Batch, Recipient, VoiceAccount
from campaigns import countries, e164
from campaigns.consent_demands import ConsentKind, Demand, Evidence
from campaigns.places import jurisdictions, whereabouts
from campaigns.places.states import names_of_places
from campaigns.places.whereabouts import Whereabouts
from campaigns.rules.packs import packs
from campaigns.vocabulary import Purpose

#: One rule may move the time to where another is closed; within weeks they agree or never do.
_STEPS = 20
#: Rules whose answers would name what is assumed: consent, and an account without limits.
_ASSUMED = frozenset({"consent", "countries", "budget"})
#: The holidays of other years mean nothing.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCheck:
    """The answers of all rules about a call of a purpose to a number at a time.

    ``opens_at`` is the first time from then on when all rules allow it, if there is one. That
    there is consent is assumed; ``demands`` says which.
    """

    e164: str
    purpose: Purpose
    at: datetime
    whereabouts: Whereabouts
    places: tuple[str, ...]
    checks: tuple[tuple[str, str], ...]
    allowed: bool
    opens_at: datetime | None
    demands: tuple[Demand, ...]

    @property
    def places_in_words(self) -> str:
        """The places by name: “Florida, Georgia”."""
        return ", ".join(map(name_of, self.places)) or "a country that is not known"

    @property
    def answers(self) -> list[dict[str, str]]:
        """The answers as objects."""
        return [{"rule": rule, "answer": text} for rule, text in self.checks]

    @property
    def consent_in_words(self) -> list[str]:
        """Which consent is required, and by whom."""
        return [f"{one.said_by} requires {one.at_least.label}." for one in self.demands]


def check(
    number: e164.Number, *, purpose: Purpose, at: datetime, postcode: str = "", state: str = ""
) -> RuleCheck:
    """Return what holds for a call at a time (aware) through an account that rings people.

    The rules are those of a batch without a policy. ``postcode`` and ``state`` say where the
    person is, as columns of a list do. Raises ValueError for a time of another century.
    """
    if not EARLIEST <= at < LATEST:
        raise ValueError(f"Choose a time from {EARLIEST.year} to {LATEST.year - 1}.")
    place = whereabouts.find(
        region=number.region, number=number.time_zones, postcode=postcode, state=state
    )
    places = jurisdictions.find(
        e164=number.e164, region=number.region, postcode=postcode, state=state
    )
    assumed = Evidence(kind=ConsentKind.EXPRESS_WRITTEN, given_on=at.date())
    account = VoiceAccount(provider="bland", countries=[number.region])
    batch = Batch(account=account, purpose=purpose)
    recipient = Recipient(
        batch=batch,
        e164=number.e164,
        region=number.region,
        time_zones=",".join(place.zones),
        zone_sources=",".join(place.sources),
        places=",".join(places),
        consent=assumed.to_dict(),
    )
    facts = gate.facts_about_number(batch, recipient, now=at)
    answer = gate.check(batch, recipient, facts)
    rules = rule_packs.holding(batch, recipient.possible_places, now=at, off=facts.packs_off)
    allowed = isinstance(answer, verdicts.Allowed)
    checks = list(answer.checks.items() if isinstance(answer, verdicts.Allowed) else answer.checks)
    refusal = [] if allowed else checks[-1:]
    return RuleCheck(
        e164=number.e164,
        purpose=purpose,
        at=at,
        whereabouts=place,
        places=places,
        checks=tuple(one for one in checks if one[0] not in _ASSUMED or one in refusal),
        allowed=allowed,
        opens_at=at if allowed else _opening(batch, recipient, answer),
        demands=rules.demands if rules else (),
    )


def _opening(
    batch: Batch, recipient: Recipient, answer: verdicts.Allowed | verdicts.Refused
) -> datetime | None:
    """Return when all rules allow the call, if they do within weeks."""
    at = None
    for _ in range(_STEPS):
        if isinstance(answer, verdicts.Allowed):
            return at
        if answer.due_at is None:
            return None
        at = answer.due_at
        answer = gate.check(batch, recipient, gate.facts_about_number(batch, recipient, now=at))
    return None


def name_of(place: str) -> str:
    """Return the name of a place such as US-FL; its code if it has none here."""
    named = {pack.country: pack.name for pack in packs().values()}
    known = names_of_places().get(place) or named.get(place)
    return known or countries.name_of(place.rpartition("-")[2])
