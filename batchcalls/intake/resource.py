"""Turn rows of a list into recipients with django-import-export.

The column mapping is set on the resource *instance*: each field knows the positions it reads.
Columns are addressed by position, so that two columns with the same header stay separate.

The resource fills rows but does not import them. Its `import_data` spends two thirds of the time
on results that no one reads, and then resets the table's sequence to the highest visible id, so
that two concurrent imports would get the same ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from import_export import fields, resources

from batchcalls.database.bulk import insert_each
from batchcalls.intake import validation
from batchcalls.intake.numbers import RAW_NUMBER_LENGTH, choose_number
from batchcalls.lists.cleaning import clean_value
from batchcalls.lists.mapping import VARIABLES, ListMapping, Target
from batchcalls.lists.rows import Row
from batchcalls.models import Recipient, StoredList
from batchcalls.states import RecipientStatus
from campaigns.number_writing import Writing

ROW = "row"


@dataclass(slots=True, kw_only=True)
class JudgedRow:
    """An unsaved recipient: the columns of its table that an import fills."""

    batch_id: UUID | None
    row_number: int = 0
    raw_number: str = ""
    e164: str = ""
    phone_numbers: str = ""
    region: str = ""
    time_zones: str = ""
    zone_sources: str = ""
    request_data: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    call_settings: dict[str, Any] = field(default_factory=dict)
    trusted: str = ""
    start_at: datetime | None = None
    start_zone: str = ""
    status: str = RecipientStatus.PENDING.value
    reason_code: str = ""
    reason: str = ""


SAVED_FIELDS = tuple(JudgedRow.__slots__)
_values_of = attrgetter(*SAVED_FIELDS)


class ColumnsField(fields.Field):  # type: ignore[misc]
    """Collects the columns with some targets into an object: {name: cell}."""

    def __init__(self, attribute: str, mapping: ListMapping, *targets: Target) -> None:
        # `column_name` must exist in the row, because import-export looks for it first.
        super().__init__(attribute, column_name=ROW)
        columns = [column for column in mapping.columns if column.target in targets and column.name]
        self.positions = {column.name: column.position for column in columns}

    def clean(self, row: dict[Any, Any], **kwargs: Any) -> dict[str, str]:
        """Return the cells of this field's columns by name."""
        return {name: clean_value(row[position]) for name, position in self.positions.items()}


class RecipientResource(resources.Resource):  # type: ignore[misc]
    """Checks the rows of a list, some thousand at a time."""

    def __init__(
        self, *, stored: StoredList, mapping: ListMapping, rules: validation.RowRules
    ) -> None:
        super().__init__()
        self._stored = stored
        self._trusted = "\n".join(mapping.trusted())
        self._batch_id = stored.batch_id
        self._offset = stored.row_offset
        self._phones = mapping.phone_positions
        self._rules = rules
        self._positions = range(len(stored.headers))
        self._consent = mapping.consent_position
        self._opt_outs = mapping.opt_out_positions
        self._postcode, self._state = mapping.postcode_position, mapping.state_position
        self.fields = {
            "row_number": fields.Field("row_number", column_name=ROW),
            "request_data": ColumnsField("request_data", mapping, *VARIABLES),
            "metadata": ColumnsField("metadata", mapping, Target.METADATA),
            "call_settings": ColumnsField("call_settings", mapping, Target.CALL_SETTING),
        }

    def get_import_fields(self) -> Iterable[fields.Field]:
        """Return the fields; the default would sort them again for each row."""
        return self.fields.values()

    def take_in(self, rows: Iterable[Row]) -> Callable[[], tuple[int, list[list[object]]]]:
        """Check a part's rows, and return a function that saves them. See `runner.TakeIn`.

        Raises the first error that is not a row's own fault.
        """
        writing = self._stored.writing
        judged = [self._judge(row, writing) for row in rows]

        def save() -> tuple[int, list[list[object]]]:
            insert_each(Recipient, SAVED_FIELDS, map(_values_of, judged))
            return sum(not recipient.reason_code for recipient in judged), []

        return save

    def _judge(self, row: Row, writing: Writing) -> JudgedRow:
        """Fill a recipient from its columns, then check it."""
        cells: dict[int | str, str] = dict.fromkeys(self._positions, "")
        cells.update(zip(self._positions, map(str.strip, row.cells), strict=False))
        # A row with a problem is not blank, whatever its cells under the header hold.
        is_blank = row.problem is None and not any(cells.values())
        recipient = JudgedRow(batch_id=self._batch_id)
        self.import_instance(recipient, {ROW: row.number + self._offset, **cells})
        raws = [cells[position] for position in self._phones]
        chosen = choose_number(raws, region=self._rules.region, writing=writing)
        verdict = validation.judge(
            self._rules,
            blank=is_blank,
            problem=row.problem,
            raw_number=chosen.raw,
            number=chosen.number,
            request_data=recipient.request_data,
            row_settings=recipient.call_settings,
            date_order=self._stored.dates_written,
            consent_cell=None if self._consent is None else clean_value(cells[self._consent]),
            opt_out_cells=[clean_value(cells[position]) for position in self._opt_outs],
            postcode="" if self._postcode is None else clean_value(cells[self._postcode]),
            state="" if self._state is None else clean_value(cells[self._state]),
        )
        recipient.raw_number = chosen.raw[:RAW_NUMBER_LENGTH]
        recipient.phone_numbers = ",".join(chosen.usable)
        recipient.e164 = verdict.e164
        recipient.region = verdict.region
        recipient.time_zones = ",".join(verdict.whereabouts.zones)
        recipient.zone_sources = ",".join(verdict.whereabouts.sources)
        recipient.call_settings = verdict.call_settings
        recipient.trusted = self._trusted
        recipient.start_at = verdict.start_at
        recipient.start_zone = verdict.start_zone
        if verdict.code:
            recipient.status = RecipientStatus.SKIPPED.value
            recipient.reason_code, recipient.reason = verdict.code, verdict.message
        return recipient
