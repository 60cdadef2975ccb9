"""Sort a recipient's variables into the person to ask for and the details to read out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

_SEPARATORS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
#: Columns that hold the person to call.
_PERSON = re.compile(
    r"(?:applicant|attendee|buyer|candidate|champion|client|contact|customer|donor|employee|guest"
    r"|lead|member|owner|patient|person|prospect|recipient|student|tenant|user)(?: name)?"
    r"|(?:full )?name"
)
_BUSINESS = re.compile(r"(?:business|company|employer|firm|organi[sz]ation)(?: name)?")
#: Columns that are not read out: URLs, keys, private data, and instructions for the agent.
_UNSPOKEN = re.compile(
    r"\b(?:agent|birth|birthday|caller|card|cell|comments?|consent|country|dob|e ?mail|fax"
    r"|firstname|gender|guid|iban|id|key|language|lastname|link|metadata|mobile|notes?|password"
    r"|phone|pin|postal|postcode|prompt|rep|sender|ssn|surname|telephone|timezone|token|tz|uri|url"
    r"|uuid|webhook|website|zip|zone)\b"
)
YES_OR_NO = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


class Recipient(NamedTuple):
    """The person the agent calls; every text may be empty. ``details`` can be read out."""

    name: str
    business: str
    details: str

    @property
    def who(self) -> str:
        """Return person and business, as far as known."""
        return " at ".join(filter(None, (self.name, self.business)))


@lru_cache(maxsize=4096)
def words_of(name: str) -> str:
    """Spell a column name in plain lower-case words: ``customerName`` is "customer name"."""
    return _SEPARATORS.sub(" ", name).strip().lower()


def one_line(text: object) -> str:
    """Return a text on one line, without braces that came with a value."""
    return " ".join(str(text or "").replace("{{", " ").replace("}}", " ").split())


def recipient_of(variables: Mapping[str, str]) -> Recipient:
    """Read the variables of a call; only values that can be said aloud are used."""
    names: dict[str, str] = {}
    details = []
    for column, value in variables.items():
        words, spoken = words_of(column), _speakable(value)
        if not spoken or not words or _UNSPOKEN.search(words):
            continue
        if words in {"first name", "last name"}:
            names[words] = spoken
        elif _PERSON.fullmatch(words):
            names.setdefault("name", spoken)
        elif _BUSINESS.fullmatch(words):
            names.setdefault("business", spoken)
        else:
            flag = YES_OR_NO.get(spoken.lower())
            details.append(f"{words}: {spoken if flag is None else ('no', 'yes')[flag]}")
    parts = [names[part] for part in ("first name", "last name") if part in names]
    name = " ".join(parts) or names.get("name", "")
    if not any(character.isalpha() for character in name):
        name = ""
    return Recipient(name, names.get("business", ""), ", ".join(details[:2]))


def _speakable(value: object) -> str:
    """Return a value as it would be spoken, or "" if it would not be spoken."""
    text = one_line(value).rstrip(".")
    return "" if len(text) > 60 or "@" in text or "://" in text else text
