"""What a rule requires of a recipient's recorded consent, and what the record lacks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import Any, Self


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

    @property
    def written(self) -> str:
        """Return how the consent was given, as a list states it; blank if it does not."""
        return self.name.lower().replace("_", " ") if self > ConsentKind.GIVEN else ""


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
    """The consent that a rule requires: its kind, its age at most, and whose rule it is."""

    at_least: ConsentKind = ConsentKind.GIVEN
    longest: timedelta | None = None
    said_by: str

    @property
    def in_words(self) -> str:
        """Return the demand as a clause: “policy Spring requires consent”."""
        age = f" of the last {self.longest.days:,} days" if self.longest else ""
        return f"{self.said_by} requires {self.at_least.label}{age}"

    def lack(self, evidence: Evidence, *, today: date) -> Lack | None:
        """Return what a record lacks on a day, or None if it meets the demand.

        A record that is unclear in any part never does.
        """
        if evidence.unclear:
            return self._lack("consent_unclear", evidence.unclear)
        if evidence.kind == ConsentKind.NOT_STATED:
            remedy = _REMEDIES[ConsentKind.GIVEN]
            return self._lack("no_consent", f"the list states none. {remedy}")
        if evidence.kind < self.at_least:
            in_writing = self.at_least == ConsentKind.EXPRESS_WRITTEN
            code = "consent_not_written" if in_writing else "consent_not_express"
            stated = f"the list states {evidence.kind.label}. {_REMEDIES[self.at_least]}"
            return self._lack(code, stated)
        return self._lack_by_age(evidence.given_on, today)

    def _lack_by_age(self, given_on: date | None, today: date) -> Lack | None:
        if self.longest is None:
            return None
        if given_on is None:
            undated = "the list states no date. Fill the consent date column."
            return self._lack("consent_undated", undated)
        if today - given_on <= self.longest:
            return None
        old = f"this one is of {given_on}. Ask the person again, or leave the row out."
        return self._lack("consent_too_old", old)

    def _lack(self, code: str, why: str) -> Lack:
        return Lack(code=code, message=f"{self.in_words}, and {why}")


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
