"""Rows of a do-not-call list become numbers that nobody calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils import timezone

from batchcalls.database.bulk import insert_each
from batchcalls.lists.cleaning import clean_value
from batchcalls.lists.mapping import ListMapping
from batchcalls.lists.reader import Row
from batchcalls.models import StoredList
from campaigns import e164
from campaigns.models import Suppression, SuppressionSource

#: The header whose cells say why; without one, or where a cell is blank, the list's note does.
REASON_HEADER = "reason"
REASON_LENGTH = 200
RAW_NUMBER_LENGTH = 200
_FIELDS = ("e164", "reason", "source", "created_by_id", "created_at")


class SuppressionIntake:
    """Takes in the parts of one list."""

    def __init__(self, *, stored: StoredList, mapping: ListMapping) -> None:
        self._stored = stored
        self._phone = mapping.phone_position or 0
        self._reason = next(
            (c.position for c in mapping.columns if c.header.casefold() == REASON_HEADER), None
        )

    def take_in(self, rows: Iterable[Row]) -> Callable[[], tuple[int, list[list[object]]]]:
        """Read the numbers of a part, and return what saves them. See `runner.TakeIn`.

        Numbers that are on the list already stay as they are. They are saved in their order, so
        that two parts with the same numbers wait for each other and not in a circle.
        """
        numbers: dict[str, str] = {}
        problems: list[list[object]] = []
        for row in rows:
            raw = self._cell(row, self._phone)
            if row.problem is None and not any(map(str.strip, row.cells)):
                continue
            # A row with too many cells, or with an error elsewhere, still says whom not to call.
            parsed = e164.parse(raw, region=self._stored.region)
            if isinstance(parsed, e164.NumberProblem):
                wrong = row.problem or parsed
                shown = raw[:RAW_NUMBER_LENGTH]
                problems.append([row.number, shown, str(wrong.code), wrong.message])
                continue
            reason = self._cell(row, self._reason) or self._stored.note
            numbers.setdefault(parsed.e164, reason[:REASON_LENGTH])
        now = timezone.now()

        def save() -> tuple[int, list[list[object]]]:
            source, creator = SuppressionSource.IMPORT.value, self._stored.created_by_id
            values = ((n, numbers[n], source, creator, now) for n in sorted(numbers))
            return insert_each(Suppression, _FIELDS, values, ignore_conflicts=True), problems

        return save

    @staticmethod
    def _cell(row: Row, position: int | None) -> str:
        if position is None or position >= len(row.cells):
            return ""
        return clean_value(row.cells[position])
