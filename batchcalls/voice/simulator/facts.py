"""Sort a recipient's variables into what an agent would say, confirm or keep to itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import NamedTuple


def word_set(words: str) -> frozenset[str]:
    """Split a line of words into a set."""
    return frozenset(words.split())


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SEPARATORS = re.compile(r"[\W_]+")

#: A column called "<one of these> name" holds the name of the person who is called.
_CALLEE_WORDS = word_set(
    "applicant attendee borrower buyer callee candidate champion client contact customer donor "
    "employee full guest homeowner lead member owner parent patient person prospect recipient "
    "student subscriber tenant user"
)
_BUSINESSES = frozenset({"business", "company", "employer", "firm", "organisation", "organization"})
#: Nobody reads these out on the phone: addresses of machines, keys, and what is too private.
_UNSPOKEN = word_set(
    "birth birthday card cell comment comments consent country cvv dob email fax gender guid iban "
    "id key language lat latitude link lng lon longitude metadata mobile note notes password phone "
    "pin postal postcode prompt ssn telephone timezone token tz uri url uuid webhook website zip "
    "zone"
)
_TITLES = frozenset({"dr", "dr.", "miss", "mr", "mr.", "mrs", "mrs.", "ms", "ms.", "prof", "prof."})
_TRUE = frozenset({"yes", "y", "true"})
_FALSE = frozenset({"no", "n", "false"})


class Column(Enum):
    """What a variable means to the agent."""

    NAME = "name"
    FIRST_NAME = "first name"
    LAST_NAME = "last name"
    BUSINESS = "business"
    AGENT = "agent"
    DETAIL = "detail"
    UNSPOKEN = "unspoken"


#: Columns whose whole name says that they hold a person.
_PEOPLE: Mapping[str, Column] = {
    **dict.fromkeys(
        ("name", "client", "contact", "customer", "guest", "patient", "recipient", "tenant"),
        Column.NAME,
    ),
    **dict.fromkeys(
        ("first name", "firstname", "forename", "given name", "preferred name", "nickname"),
        Column.FIRST_NAME,
    ),
    **dict.fromkeys(("last name", "lastname", "surname", "family name"), Column.LAST_NAME),
    **dict.fromkeys(
        ("agent name", "caller name", "rep name", "representative name", "sender name"),
        Column.AGENT,
    ),
}


class Detail(NamedTuple):
    """Something that can be confirmed: "the {label} is {value}"; yes and no are told apart."""

    label: str
    value: str
    is_flag: bool


class Facts(NamedTuple):
    """Whom the agent calls and what it knows; every text may be empty."""

    full_name: str
    short_name: str
    business: str
    agent: str
    details: tuple[Detail, ...]


@lru_cache(maxsize=4096)
def words_of(name: str) -> str:
    """Spell a column name in plain lower-case words: ``customerName`` is "customer name"."""
    return _SEPARATORS.sub(" ", _CAMEL.sub(" ", name)).strip().lower()


@lru_cache(maxsize=4096)
def column_of(name: str) -> tuple[Column, str]:
    """Say what a column holds, and how the agent calls it."""
    spelled = words_of(name)
    words = spelled.split()
    if not words or not _UNSPOKEN.isdisjoint(words):
        return Column.UNSPOKEN, spelled
    if spelled in _PEOPLE:
        return _PEOPLE[spelled], spelled
    if words[-1] == "name":
        words.pop()
        if words[-1] in _CALLEE_WORDS:
            return Column.NAME, spelled
    if len(words) > 1 and words[0] in {"is", "has", "the", "your"}:
        del words[0]
    label = " ".join(words)
    return (Column.BUSINESS if label in _BUSINESSES else Column.DETAIL), label


def read_facts(variables: Mapping[str, str]) -> Facts:
    """Sort variables; values that cannot be said aloud are left out."""
    people: dict[Column, str] = {}
    details: list[Detail] = []
    for name, raw in variables.items():
        column, label = column_of(name)
        if column is Column.UNSPOKEN:
            continue
        value = speakable(raw)
        if not value:
            continue
        flag = as_flag(value)
        if column is not Column.DETAIL and flag is None:
            people.setdefault(column, value)
            continue
        spoken = value if flag is None else ("yes" if flag else "no")
        details.append(Detail(label, spoken, flag is not None))
    full_name, short_name = _names(people)
    return Facts(
        full_name,
        short_name,
        people.get(Column.BUSINESS, ""),
        people.get(Column.AGENT, ""),
        tuple(details),
    )


def speakable(raw: str) -> str:
    """Return a value as it would be said, or nothing when nobody would say it."""
    value = " ".join(str(raw).replace("{{", " ").replace("}}", " ").split())
    if len(value) > 60 or "@" in value or "://" in value:
        return ""
    # "Acme Inc." at the end of a sentence needs no second full stop; "5 p.m." keeps both of its.
    return value[:-1] if value.endswith(".") and value.count(".") == 1 else value


def as_flag(value: str) -> bool | None:
    """Read yes and no; None for anything else."""
    lowered = value.strip().lower()
    if lowered in _TRUE:
        return True
    return False if lowered in _FALSE else None


def _names(people: Mapping[Column, str]) -> tuple[str, str]:
    """Return the name to ask for and the name to use afterwards."""
    first, last = people.get(Column.FIRST_NAME, ""), people.get(Column.LAST_NAME, "")
    if first:
        first = _cased(first)
    full = f"{first} {_cased(last)}".strip() if first else _cased(people.get(Column.NAME, ""))
    if not any(character.isalpha() for character in full):
        return "", ""
    words = full.split()
    if words[0].lower() in _TITLES:
        return full, f"{words[0]} {words[-1]}" if len(words) > 1 else full
    return full, first or words[0]


def _cased(name: str) -> str:
    """Give a name that is shouted or whispered in the file its usual capitals."""
    return name.title() if name.islower() or (name.isupper() and len(name) > 3) else name
