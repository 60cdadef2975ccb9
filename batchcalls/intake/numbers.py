"""Which number of a row is dialed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from campaigns import e164
from campaigns.number_writing import Writing

RAW_NUMBER_LENGTH = 200


class ChosenNumber(NamedTuple):
    """The number of a row: as it is written, as it is read, and all usable ones of the row."""

    raw: str
    number: e164.Number | e164.NumberProblem
    usable: tuple[str, ...] = ()


def choose_number(raws: Sequence[str], *, region: str, writing: Writing) -> ChosenNumber:
    """Choose the first usable number of a row's phone cells, which are in the order of preference.

    Without one, the problem is that of the first cell that is not blank.
    """
    chosen: tuple[str, e164.Number | e164.NumberProblem] | None = None
    usable: dict[str, None] = {}
    for raw in raws:
        number = e164.parse(raw, region=region, writing=writing)
        if isinstance(number, e164.Number):
            if not usable:
                chosen = raw, number
            usable[number.e164] = None
        elif chosen is None or _is_blank(chosen[1]):
            chosen = raw, number
    if chosen is None:
        chosen = "", e164.parse("", region=region)
    return ChosenNumber(*chosen, tuple(usable) if len(usable) > 1 else ())


def _is_blank(number: e164.Number | e164.NumberProblem) -> bool:
    return getattr(number, "code", "") == e164.NumberProblemCode.BLANK_NUMBER
