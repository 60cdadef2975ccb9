"""Numbers that reach the same phone, so that what somebody said of one holds for both.

Argentine mobiles are dialed with a 9 after the country code from abroad, and without it by many
lists and carriers; both are valid, and only the owner knows which kind of phone it is. Mexican
mobiles had a 1 until 2019, with which old lists, hashes and calls have them.

Sources: ENACOM, Plan Fundamental de Numeración Nacional; IFT, Plan Técnico Fundamental de
Numeración (2019).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from django.db.models import Case, CharField, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat, Left, Length, Substr
from django.db.models.lookups import Exact


class _Pair(NamedTuple):
    """Two beginnings of numbers that reach the same phone, if the same ten digits follow."""

    short: str
    long: str


_PAIRS: Final = (_Pair("+54", "+549"), _Pair("+52", "+521"))
_DIGITS: Final = 10
#: Every number that may have a twin begins between these, in the order of any database.
FIRST, LAST = "+52", "+55"


def twin_of(e164: str) -> str:
    """Return the other number that reaches the same phone, or "" for none."""
    for short, long in _PAIRS:
        if e164.startswith(long) and len(e164) == len(long) + _DIGITS:
            return short + e164[len(long) :]
        if e164.startswith(short) and len(e164) == len(short) + _DIGITS:
            return long + e164[len(short) :]
    return ""


def spellings_of(e164: str) -> list[str]:
    """Return a number and its twin, if it has one."""
    twin = twin_of(e164)
    return [e164, twin] if twin else [e164]


def key_of(e164: str) -> str:
    """Return the same text for all numbers that reach the same phone."""
    return min(spellings_of(e164), key=len)


def twin_in(number: Combinable) -> Case:
    """Return `twin_of` a column of numbers, as an expression of a query; null for none."""
    return Case(
        *(
            When(
                Q(Exact(Left(number, len(begins)), Value(begins)))
                & Q(Exact(Length(number), Value(len(begins) + _DIGITS))),
                then=Concat(Value(other), Substr(number, len(begins) + 1)),
            )
            for pair in _PAIRS
            for begins, other in ((pair.long, pair.short), (pair.short, pair.long))
        ),
        output_field=CharField(),
    )
