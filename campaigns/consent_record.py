"""Read the cells of a row that say whether, how and when its person agreed to be called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from campaigns import consent, consent_dates
from campaigns.consent import Consent
from campaigns.consent_demands import ConsentKind, Evidence

# Words as in `consent`: without case and punctuation, with single spaces.
_WRITTEN: Final = re.compile(
    r"\b(?:written|in writing|writing|signed|signature|e ?sign(?:ed|ature)?|pewc"
    r"|schriftlich|par écrit|écrit|por escrito|escrito|per iscritto|scritto|schriftelijk"
    r"|pisemna|pisemnie|письменно|письменное)\b"
)
_EXPRESS: Final = re.compile(
    r"\b(?:express(?:ed|ly)?|explicit(?:ly)?|verbal(?:ly)?|oral(?:ly)?|spoken|pec"
    r"|mündlich|ausdrücklich|exprès|explicite|expreso|explícito|espresso|esplicito|uitdrukkelijk"
    r"|mondeling|устно|устное)\b"
)
#: Years before `consent.EARLIEST`, as in the dates that databases write for none.
_LONG_AGO: Final = r"(?:0{3}[01]|1[0-8]\d\d|19[0-8]\d)"
_EMPTY: Final = re.compile(
    rf"none|0+(?:[.,]0+)?|(?:{_LONG_AGO}-\d\d-\d\d|\d{{1,2}}([-/.])\d{{1,2}}\1{_LONG_AGO})"
    r"(?:[T ](?:0?0|12):00(?::00(?:\.0+)?)?(?:Z| AM)?)?",
    re.IGNORECASE,
)
#: Words that change nothing beside a yes or a kind.
_FILLERS: Final = frozenset(
    {
        *("prior", "consent", "consented", "agreed", "given", "granted", "obtained", "received"),
        *("opt", "in", "opted", "by", "at", "the", "of", "via", "from", "phone", "call"),
        *(
            "telephone",
            "form",
            "web",
            "online",
            "recorded",
            "recording",
            "was",
            "is",
            "has",
            "tcpa",
        ),
    }
)
#: A yes only as the whole cell: “on the phone” is none.
_PREPOSITIONS: Final = frozenset({"on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentCells:
    """The cells of a row about consent; ``consent`` is None for a list without such a column."""

    consent: str | None = None
    kind: str = ""
    dated: str = ""
    source: str = ""
    evidence: Sequence[str] = ()

    def refusing(self, *, today: date) -> str:
        """Return the cell that says no, or blank. A no holds whatever the other cells say."""
        asked = [self.consent or "", *filter(_states, (self.kind, self.dated))]
        is_no = (consent.read(cell, today=today) == Consent.REFUSED for cell in asked)
        return next((cell for cell, refuses in zip(asked, is_no, strict=True) if refuses), "")

    def unclear(self, *, today: date) -> str:
        """Return the consent cell if it may be a refusal, because it cannot be read; or blank."""
        cell = self.consent or ""
        if consent.read(cell, today=today) != Consent.UNCLEAR or _kind_in(cell):
            return ""
        return "" if consent_dates.days_meant(cell, year=today.year) else cell

    def record(self, *, order: str, today: date) -> Evidence:
        """Return what the cells record. ``order`` is that of the list's dates, or blank.

        A date alone counts as consent, unless the list has a consent column and leaves its cell
        blank. Source and evidence alone do not.
        """
        if not (self.consent or self.kind or self.dated or self.source or any(self.evidence)):
            return Evidence()
        in_cell = [*consent_dates.within(self.consent or "")]
        dates = [self.dated] if _states(self.dated) else in_cell[:1]
        if not dates and self.consent and consent_dates.days_meant(self.consent, year=today.year):
            dates = [self.consent]
        given_on, unclear = None, ""
        for text in dates:
            found = consent_dates.read(text, order=order, today=today)
            given_on, unclear = (None, found) if isinstance(found, str) else (found, "")
        kind = self._kind(has_date=bool(dates), today=today)
        if kind == ConsentKind.NOT_STATED and _states(self.kind) and not self.consent:
            unclear = (
                f"“{self.kind[:40]}” is not a kind of consent. Write verbal or written, or leave "
                "the row out."
            )
        return Evidence(
            kind=kind,
            given_on=given_on,
            source=self.source if _states(self.source) else "",
            evidence=" ".join(filter(_states, self.evidence)),
            unclear=unclear,
        )

    def _kind(self, *, has_date: bool, today: date) -> ConsentKind:
        said = _kind_in(self.consent or "")
        how = _kind_in(self.kind)
        if said == ConsentKind.NOT_STATED and self.consent:
            is_given = consent.read(self.consent, today=today) == Consent.GIVEN
            is_date = bool(consent_dates.days_meant(self.consent, year=today.year))
            said = ConsentKind.GIVEN if is_given or is_date else said
        if (
            said == ConsentKind.NOT_STATED
            and self.consent is None
            and has_date
            and not _states(self.kind)
        ):
            said = ConsentKind.GIVEN
        if said > ConsentKind.GIVEN and how > ConsentKind.GIVEN:
            return min(said, how)
        return max(said, how)


def _states(cell: str) -> bool:
    """Return whether a cell beside the consent says anything. Databases export no date as zeros."""
    return not (consent.states_nothing(cell) or _EMPTY.fullmatch(cell))


@lru_cache(maxsize=1_000)
def _kind_in(cell: str) -> ConsentKind:
    """Return the kind of consent that a text states: “yes (verbal)”, “written 3/4/2024”.

    A text with any word that is not known states none.
    """
    if not cell or len(cell) > 200:
        return ConsentKind.NOT_STATED
    text = consent.words(consent_dates.without(cell))
    rest, written = _WRITTEN.subn(" ", text)
    rest, express = _EXPRESS.subn(" ", rest)
    others = " ".join(rest.split())
    if others and not consent.agrees(others):
        words = set(others.split()) - _FILLERS - _PREPOSITIONS
        if not all(map(consent.agrees, words)):
            return ConsentKind.NOT_STATED
    if written:
        return ConsentKind.EXPRESS_WRITTEN
    if express:
        return ConsentKind.EXPRESS
    is_given = consent.agrees(others) or any(
        consent.agrees(word) for word in others.split() if word not in _PREPOSITIONS
    )
    return ConsentKind.GIVEN if is_given else ConsentKind.NOT_STATED
