"""Which number of a row is dialed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

from batchcalls.lists.phone_headers import is_without_voice
from campaigns import e164, numbers_in_text
from campaigns.number_problems import message_of
from campaigns.number_writing import Writing

RAW_NUMBER_LENGTH = 200
#: Between several numbers in one cell of a Google Contacts export, in the order of preference.
_BETWEEN_NUMBERS = " ::: "


class ChosenNumber(NamedTuple):
    """The number of a row: as it is written, as it is read, and all usable ones of the row."""

    raw: str
    number: e164.Number | e164.NumberProblem
    usable: tuple[str, ...] = ()


def each_number(cells: Iterable[str]) -> Iterator[str]:
    """Yield the text of each number in the phone cells of a row."""
    for cell in cells:
        if _BETWEEN_NUMBERS in cell:
            yield from map(str.strip, cell.split(_BETWEEN_NUMBERS))
        else:
            yield cell


def numbers_meant(raws: Sequence[str], *, region: str, writing: Writing) -> tuple[str, ...]:
    """Return every number that the phone cells of a row may mean, for a row that refuses calls.

    A number that can be dialed is meant as it would be dialed. Of any other text, every number that
    can be found in it is meant, such as both readings of an ambiguous one.
    """
    meant: dict[str, None] = {}
    for raw in each_number(raws):
        number = e164.parse(raw, region=region, writing=writing)
        if isinstance(number, e164.Number):
            meant[number.e164] = None
        else:
            found = numbers_in_text.find(raw, region=region, writing=writing).numbers
            # Hashes cannot be compared with the numbers of other rows.
            meant.update(dict.fromkeys(one for one in found if one.startswith("+")))
    return tuple(meant)


def choose_number(
    raws: Sequence[str],
    *,
    region: str,
    writing: Writing,
    kinds: Collection[str] = (),
    labels: Sequence[str] = (),
) -> ChosenNumber:
    """Choose the first usable number of a row's phone cells, which are in the order of preference.

    ``kinds`` are those of `e164.parse`. ``labels`` says what each cell's numbers are, if the list
    does: fax numbers are never dialed. Without a usable number, the problem is that of the first
    cell that is not blank.
    """
    if len(raws) == 1 and not labels and _BETWEEN_NUMBERS not in raws[0]:
        number = e164.parse(raws[0], region=region, writing=writing, kinds=kinds)
        return ChosenNumber(raws[0], number)
    chosen: tuple[str, e164.Number | e164.NumberProblem] | None = None
    usable: dict[str, None] = {}
    labeled = zip(raws, labels or repeat(""), strict=False)
    for raw, label in ((raw, label) for cell, label in labeled for raw in each_number([cell])):
        number = e164.parse(raw, region=region, writing=writing, kinds=kinds)
        if isinstance(number, e164.Number) and is_without_voice(label):
            number = _without_voice(raw, label)
        if isinstance(number, e164.Number):
            if not usable:
                chosen = raw, number
            usable[number.e164] = None
        elif chosen is None or _is_blank(chosen[1]):
            chosen = raw, number
    if chosen is None:
        chosen = "", e164.parse("", region=region)
    return ChosenNumber(*chosen, tuple(usable) if len(usable) > 1 else ())


def _without_voice(raw: str, label: str) -> e164.NumberProblem:
    code = e164.NumberProblemCode.NOT_CALLABLE_TYPE
    return e164.NumberProblem(code, message_of(code, raw, kind=f"“{label[:40]}”"))


def _is_blank(number: e164.Number | e164.NumberProblem) -> bool:
    return getattr(number, "code", "") == e164.NumberProblemCode.BLANK_NUMBER
