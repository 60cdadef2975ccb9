"""Read a list once, before its rows are imported, to learn what only all of them together say.

All parts of the list are read by what was learned, whichever process imports them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from batchcalls.database import clock
from batchcalls.database.lease import Lease
from batchcalls.intake.numbers import each_number
from batchcalls.lists.cleaning import clean_value
from batchcalls.lists.mapping import ListMapping, Target
from batchcalls.lists.rows import Row
from batchcalls.lists.tables import open_table, rows_as_uploaded
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import StoredList
from campaigns import consent_dates
from campaigns.call_settings import DateOrder, possible_orders
from campaigns.number_writing import Evidence, evidence_in

#: Numbers that are looked at closely; more are thinned out evenly.
SAMPLE_NUMBERS = 4_000
#: Rows of a workbook that are looked at for its numbers: reading a workbook twice is slow.
WORKBOOK_ROWS = 20_000
_ROWS_PER_BEAT = 50_000
_CELLS_PER_CHECK = 1_000


def survey(stored: StoredList, lease: Lease[StoredList]) -> None:
    """Store how a list's numbers are written, and in which order its dates are.

    The order of day and month is the only one in which every start time can be read; where several
    fit, every date of consent too. Where several still fit, it stays open, and unclear dates are
    refused. Rows that are added to a batch count together
    with its first list. Raise `LeaseLost`, and as `disks.opened` does.
    """
    learn(stored, _rows_of(stored), keep=lease.keep)
    lease.mine.update(evidence=stored.evidence)


def learn(stored: StoredList, rows: Iterable[Row], *, keep: Callable[[], object]) -> None:
    """Note in an unsaved list what its rows together say. ``keep`` is called now and then."""
    mapping = ListMapping.from_list(stored.mapping)
    phones = mapping.phone_positions
    starts = mapping.start_position if not stored.date_order else None
    consents = mapping.positions_of(Target.CONSENT, Target.CONSENT_DATE)
    consents = () if stored.date_order else consents
    numbers, orders, of_consents = _Sample(), _PossibleOrders(), _PossibleOrders()
    for count, row in enumerate(rows):
        if count % _ROWS_PER_BEAT == 0:
            keep()
        if not stored.sheet or count < WORKBOOK_ROWS:
            if found := _bare(row, phones):
                numbers.add(found)
        elif starts is None and not consents:
            break
        if starts is not None and starts < len(row.cells):
            orders.add(row.cells[starts])
        for position in consents:
            if position < len(row.cells):
                of_consents.add_day(row.cells[position])
    evidence = evidence_in(numbers.numbers, region=stored.region)
    first = stored.batch.first_list if stored.batch and stored.row_offset else None
    if first and first.evidence:
        evidence += Evidence.from_dict(first.evidence["numbers"])
    stored.evidence = {"numbers": evidence.to_dict()}
    if starts is not None or consents:
        # Start times come first: a wrong one dials at a wrong hour.
        stored.evidence["date_order"] = orders.only() or orders.narrowed_by(of_consents)


def _rows_of(stored: StoredList) -> Iterator[Row]:
    """Yield the rows of a list as far as it can be read."""
    # An unusable list is reported by those who read it to import its rows.
    with (
        suppress(UnreadableList),
        stored.open_file() as stream,
        open_table(stored, stream) as table,
    ):
        yield from rows_as_uploaded(stored, table)


def _bare(row: Row, positions: Sequence[int]) -> list[str]:
    """Return the cells whose meaning may depend on the list: digits without + and 0 before them."""
    cells = row.cells
    phones = [cells[position].strip() for position in positions if position < len(cells)]
    return [number for number in each_number(phones) if number and number[0] not in "+0"]


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


class _PossibleOrders:
    """The orders of day, month and year in which all cells so far can be read."""

    def __init__(self) -> None:
        self._orders, self._cells = frozenset(DateOrder), set[str]()
        self._year = clock.now().year

    def add(self, cell: str) -> None:
        self._cells.add(cell)
        if len(self._cells) >= _CELLS_PER_CHECK:
            self._narrow()

    def add_day(self, cell: str) -> None:
        """Add a cell with a date without a time, perhaps beside other words."""
        for found in consent_dates.within(cell):
            self.add(found if ":" in found else f"{found} 00:00")

    def narrowed_by(self, others: _PossibleOrders) -> str:
        """Return the one order that is left with those of other cells, or blank."""
        self._narrow()
        others._narrow()
        left = self._orders & others._orders
        return str(next(iter(left))) if len(left) == 1 else ""

    def only(self) -> str:
        """Return the one order that is left, or blank."""
        self._narrow()
        return str(next(iter(self._orders))) if len(self._orders) == 1 else ""

    def _narrow(self) -> None:
        self._orders &= possible_orders(map(clean_value, self._cells), year=self._year)
        self._cells.clear()
