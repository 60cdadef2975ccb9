"""The meaning of a consent cell: yes, no, or unclear."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from enum import StrEnum
from typing import Final

# fmt: off
_YES: Final = frozenset({
    "1", "y", "yes", "true", "t", "x", "✓", "✔", "on", "opt in", "opted in", "optin", "granted",
    "given", "consent", "consented", "subscribed", "agreed", "express", "written",
    "express written", "ja", "oui", "si", "sim", "sì", "sí",
})
_NO: Final = frozenset({
    "0", "n", "no", "false", "f", "off", "opt out", "opted out", "optout", "denied", "refused",
    "withdrawn", "revoked", "unsubscribed", "declined", "not given", "none", "never", "nein",
    "non", "não", "nee",
})
# fmt: on


class Consent(StrEnum):
    GIVEN = "given"
    REFUSED = "refused"
    NOT_STATED = "not_stated"
    UNCLEAR = "unclear"


def read(cell: str, *, today: date) -> Consent:
    """Read a consent cell: a word for yes or no, or the ISO 8601 date when consent was given.

    A future date is unclear, because no one can have agreed yet.
    """
    text = " ".join(unicodedata.normalize("NFKC", cell).casefold().replace("-", " ").split())
    if not text:
        return Consent.NOT_STATED
    if text in _YES:
        return Consent.GIVEN
    if text in _NO:
        return Consent.REFUSED
    try:
        given_on = datetime.fromisoformat(cell.strip()).date()
    except ValueError:
        return Consent.UNCLEAR
    return Consent.GIVEN if given_on <= today else Consent.UNCLEAR
