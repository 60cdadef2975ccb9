"""What a rule demands of a recipient's recorded consent, and what the record lacks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import Any, Self

from campaigns.vocabulary import Purpose


class ConsentKind(IntEnum):
    """How a person agreed to be called; a higher kind includes the lower ones."""

    NOT_STATED = 0
    #: The list says yes, and not how.
    GIVEN = 1
    EXPRESS = 2
    EXPRESS_WRITTEN = 3

    @property
    def label(self) -> str:
        """Return the kind in words."""
        return _LABELS[self]


_LABELS = {
    ConsentKind.NOT_STATED: "no consent",
    ConsentKind.GIVEN: "consent",
    ConsentKind.EXPRESS: "express consent",
    ConsentKind.EXPRESS_WRITTEN: "express written consent",
}
_STORED = {kind.name.lower(): kind for kind in ConsentKind}
#: What to do, by kind demanded.
_REMEDIES = {
    ConsentKind.GIVEN: "Fill the consent column, or leave the row out.",
    ConsentKind.EXPRESS: "Write how it was given in the consent type column: verbal, or written.",
    ConsentKind.EXPRESS_WRITTEN: "If it was given in writing, say so in the consent type column.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a list says about a person's consent.

    ``unclear`` quotes a cell that cannot be read, and says what to write instead.
    """

    kind: ConsentKind = ConsentKind.NOT_STATED
    given_on: date | None = None
    source: str = ""
    evidence: str = ""
    unclear: str = ""

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read the output of `to_dict`."""
        given_on = stored.get("given_on")
        return cls(
            kind=_STORED.get(stored.get("kind", ""), ConsentKind.NOT_STATED),
            given_on=date.fromisoformat(given_on) if given_on else None,
            source=stored.get("source", ""),
            evidence=stored.get("evidence", ""),
            unclear=stored.get("unclear", ""),
        )

    def to_dict(self) -> dict[str, str]:
        """Return what is stated as JSON-like data; empty if nothing is."""
        stored = {
            "kind": self.kind.name.lower() if self.kind else "",
            "given_on": self.given_on.isoformat() if self.given_on else "",
            "source": self.source,
            "evidence": self.evidence,
            "unclear": self.unclear,
        }
        return {name: value for name, value in stored.items() if value}

    def __str__(self) -> str:
        """Return the record in words: “express consent of 2026-01-31, web form”."""
        when = f" of {self.given_on}" if self.given_on else ""
        return ", ".join(filter(None, (f"{self.kind.label}{when}", self.source)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """What a record lacks for a demand: a reason code, and a sentence with the remedy."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The consent that a rule demands: its kind, its age at most, and whose rule it is."""

    at_least: ConsentKind = ConsentKind.GIVEN
    longest: timedelta | None = None
    said_by: str

    def lack(self, evidence: Evidence, *, today: date) -> Lack | None:
        """Return what a record lacks on a day, or None if it meets the demand.

        A record that is unclear in any part never does.
        """
        demanded = f"{self.said_by} demands {self.at_least.label}"
        if evidence.unclear:
            return Lack(code="consent_unclear", message=f"{demanded}, and {evidence.unclear}")
        if evidence.kind == ConsentKind.NOT_STATED:
            message = f"{demanded}, and the list states none. {_REMEDIES[ConsentKind.GIVEN]}"
            return Lack(code="no_consent", message=message)
        if evidence.kind < self.at_least:
            in_writing = self.at_least == ConsentKind.EXPRESS_WRITTEN
            return Lack(
                code="consent_not_written" if in_writing else "consent_not_express",
                message=f"{demanded}, and the list states {evidence.kind.label}. "
                f"{_REMEDIES[self.at_least]}",
            )
        return self._age_lack(evidence, demanded, today)

    def _age_lack(self, evidence: Evidence, demanded: str, today: date) -> Lack | None:
        if self.longest is None:
            return None
        demanded += f" of the last {self.longest.days:,} days"
        if evidence.given_on is None:
            message = f"{demanded}, and the list states no date. Fill the consent date column."
            return Lack(code="consent_undated", message=message)
        if today - evidence.given_on <= self.longest:
            return None
        message = (
            f"{demanded}, and this one is of {evidence.given_on}. Ask the person again, or leave "
            "the row out."
        )
        return Lack(code="consent_too_old", message=message)


#: All reason codes of `Demand.lack`.
LACKS = (
    "no_consent",
    "consent_unclear",
    "consent_not_express",
    "consent_not_written",
    "consent_undated",
    "consent_too_old",
)


def first_lack(demands: Iterable[Demand], evidence: Evidence, *, today: date) -> Lack | None:
    """Return what a record lacks for the first demand that it does not meet, or None."""
    lacks = (demand.lack(evidence, today=today) for demand in demands)
    return next((lack for lack in lacks if lack), None)


def in_words(purpose: Purpose, demands: Iterable[Demand]) -> str:
    """Return the demands on calls of a purpose as a sentence without a period."""
    demanded = "; ".join(f"{one.said_by} demands {one.at_least.label}" for one in demands)
    return demanded or f"not demanded for {purpose.label.lower()} calls"
