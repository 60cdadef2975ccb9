"""How the numbers of a list are written, and which number of a row is dialed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from batchcalls.lists.cleaning import clean_value
from batchcalls.lists.mapping import ListMapping
from batchcalls.lists.reader import Row
from batchcalls.lists.tables import open_table
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import StoredList
from campaigns import e164
from campaigns.number_writing import Evidence, Writing, evidence_in

#: Numbers that are looked at closely; more are thinned out evenly.
SAMPLE_NUMBERS = 4_000
#: Rows of a workbook that are looked at: a workbook is slow to read, and is read once more later.
WORKBOOK_ROWS = 20_000
_ROWS_PER_BEAT = 50_000
RAW_NUMBER_LENGTH = 200


def gather_evidence(stored: StoredList, *, keep_going: Callable[[], None]) -> Evidence:
    """Read a list once and return what its numbers say about the way they are written.

    All parts of the list, and lists that are added to its batch, are read by the same evidence.
    ``keep_going`` is called now and then, to keep a lease. Raise as `disks.opened` does.
    """
    positions = ListMapping.from_list(stored.mapping).phone_positions
    sample = _Sample()
    # An unusable list is reported by those who read it to import its rows.
    with (
        suppress(UnreadableList),
        stored.open_file() as stream,
        open_table(stored, stream) as table,
    ):
        for count, row in enumerate(table):
            if stored.sheet and count == WORKBOOK_ROWS:
                break
            if count % _ROWS_PER_BEAT == 0:
                keep_going()
            sample.add(_bare(row, positions))
    evidence = evidence_in(sample.numbers, region=stored.region)
    first = stored.batch.first_list if stored.batch and stored.row_offset else None
    return evidence + Evidence.from_dict(first.number_evidence) if first else evidence


def _bare(row: Row, positions: Sequence[int]) -> Iterator[str]:
    """Yield the cells whose meaning may depend on the list: digits without + and 0 before them."""
    for position in positions:
        if position < len(row.cells):
            cell = row.cells[position].strip()
            if cell and cell[0] not in "+0":
                yield cell


class _Sample:
    """Some of the numbers, spread evenly over all of them."""

    def __init__(self) -> None:
        self.numbers: list[str] = []
        self._seen, self._step = 0, 1

    def add(self, numbers: Iterable[str]) -> None:
        for number in numbers:
            if self._seen % self._step == 0:
                self.numbers.append(number)
                if len(self.numbers) == 2 * SAMPLE_NUMBERS:
                    del self.numbers[1::2]
                    self._step *= 2
            self._seen += 1


@dataclass(frozen=True, slots=True)
class ChosenNumber:
    """The number of a row: as it is written, as it is read, and all usable ones of the row."""

    raw: str
    number: e164.Number | e164.NumberProblem
    usable: tuple[str, ...] = ()


def choose_number(raws: Sequence[str], *, region: str, writing: Writing) -> ChosenNumber:
    """Choose the first usable number of a row's phone cells, which are in the order of preference.

    Without one, the problem is that of the first cell that is not blank.
    """
    chosen: ChosenNumber | None = None
    usable: dict[str, None] = {}
    for raw in raws:
        number = e164.parse(raw, region=region, writing=writing)
        if isinstance(number, e164.Number):
            if not usable:
                chosen = ChosenNumber(raw, number)
            usable[number.e164] = None
        elif chosen is None or _is_blank(chosen.number):
            chosen = ChosenNumber(raw, number)
    if chosen is None:
        chosen = ChosenNumber("", e164.parse("", region=region))
    return ChosenNumber(chosen.raw, chosen.number, tuple(usable) if len(usable) > 1 else ())


def _is_blank(number: e164.Number | e164.NumberProblem) -> bool:
    return getattr(number, "code", "") == e164.NumberProblemCode.BLANK_NUMBER


def numbers_to_block(
    row: Row, positions: Sequence[int], *, region: str, writing: Writing
) -> tuple[dict[str, None], list[tuple[str, e164.NumberProblem]]]:
    """Return every number that a row of a do-not-call list may mean, and the cells without one."""
    numbers: dict[str, None] = {}
    problems = []
    for position in positions:
        raw = clean_value(row.cells[position]) if position < len(row.cells) else ""
        found = e164.readings(raw, region=region, writing=writing)
        if isinstance(found, tuple):
            numbers |= dict.fromkeys(number.e164 for number in found)
        elif raw or len(positions) == 1:
            problems.append((raw, found))
    return numbers, problems
