"""Turn rows of a list into recipients with django-import-export.

The column mapping is set on the resource *instance*: each field knows the positions it reads.
Columns are addressed by position, so that two columns with the same header stay separate.

The resource's fields read rows, but it does not import them. Its `import_data` spends two thirds of
the time on results that no one reads, and then resets the table's sequence to the highest visible
id, so that two concurrent imports would get the same ids. Its `import_instance` takes a tenth of
the time of a whole import to set attributes one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from import_export import fields, resources

from batchcalls.database.bulk import insert_each
from batchcalls.intake import validation
from batchcalls.intake.consent_columns import ConsentColumns
from batchcalls.intake.numbers import RAW_NUMBER_LENGTH, choose_number, numbers_meant
from batchcalls.lists.cleaning import clean_value
from batchcalls.lists.mapping import VARIABLES, ListMapping, Target
from batchcalls.lists.phone_headers import label_positions
from batchcalls.lists.rows import Row
from batchcalls.models import Recipient, StoredList
from batchcalls.states import RecipientStatus
from campaigns.number_writing import Writing


class JudgedRow(NamedTuple):
    """An unsaved recipient: the columns of its table that an import fills."""

    batch_id: UUID | None
    row_number: int
    raw_number: str
    e164: str
    phone_numbers: str
    refused_numbers: str
    region: str
    time_zones: str
    zone_sources: str
    places: str
    request_data: dict[str, str]
    metadata: dict[str, str]
    call_settings: dict[str, Any]
    consent: dict[str, str]
    trusted: str
    start_at: datetime | None
    start_zone: str
    status: str
    reason_code: str
    reason: str


#: What a row has in columns that its list does not have. It is never changed: as all rows share it,
#: it is written as JSON once.
_NOTHING: Final[dict[str, str]] = {}
#: Each looked up once: an enum's ``value`` costs more than a name.
_PENDING, _SKIPPED = RecipientStatus.PENDING.value, RecipientStatus.SKIPPED.value


class ColumnsField(fields.Field):  # type: ignore[misc]
    """Collects the columns with some targets into an object: {name: cell}."""

    def __init__(self, attribute: str, mapping: ListMapping, *targets: Target) -> None:
        super().__init__(attribute)
        columns = [column for column in mapping.columns if column.target in targets and column.name]
        self.positions = {column.name: column.position for column in columns}

    def clean(self, row: Sequence[str], **kwargs: Any) -> dict[str, str]:
        """Return the cells of this field's columns by name."""
        if not self.positions:
            return _NOTHING
        return {name: row[position] for name, position in self.positions.items()}


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
        labels = label_positions({one.position: one.header for one in mapping.columns})
        self._labels = [labels.get(phone) for phone in self._phones] if labels else []
        self._rules = rules
        self._width = len(stored.headers)
        self._consent = ConsentColumns.of(mapping)
        self._opt_outs = mapping.opt_out_positions
        self._request_data = ColumnsField("request_data", mapping, *VARIABLES)
        self._metadata = ColumnsField("metadata", mapping, Target.METADATA)
        self._call_settings = ColumnsField("call_settings", mapping, Target.CALL_SETTING)
        self._postcode = mapping.position_of(Target.POSTCODE)
        self._state = mapping.position_of(Target.STATE)
        self.fields = {
            field.attribute: field
            for field in (self._request_data, self._metadata, self._call_settings)
        }

    def take_in(self, rows: Iterable[Row]) -> Callable[[], tuple[int, list[list[object]]]]:
        """Check a part's rows, and return a function that saves them. See `runner.TakeIn`.

        Raises the first error that is not a row's own fault.
        """
        judged = self.judged(rows)

        def save() -> tuple[int, list[list[object]]]:
            insert_each(Recipient, JudgedRow._fields, judged)
            return sum(not recipient.reason_code for recipient in judged), []

        return save

    def judged(self, rows: Iterable[Row]) -> list[JudgedRow]:
        """Return an unsaved recipient for each row."""
        writing, date_order = self._stored.writing, self._stored.dates_written
        return [self._judge(row, writing, date_order) for row in rows]

    def _judge(self, row: Row, writing: Writing, date_order: str) -> JudgedRow:
        """Read a recipient from its columns and check it."""
        cells = list(map(str.strip, row.cells[: self._width]))
        cells += [""] * (self._width - len(cells))
        raws = [cells[position] for position in self._phones]
        region = self._rules.region
        chosen = choose_number(
            raws,
            region=region,
            writing=writing,
            kinds=self._rules.kinds,
            labels=[cells[at] if at is not None else "" for at in self._labels],
        )
        text = "".join(cells)
        if not text.isprintable():
            cells = list(map(clean_value, cells))
        request_data = self._request_data.clean(cells)
        verdict = validation.judge(
            self._rules,
            # A row with a problem is not blank, whatever its cells under the header hold.
            blank=not text and row.problem is None,
            problem=row.problem,
            number=chosen.number,
            numbers_meant=partial(numbers_meant, raws, region=region, writing=writing),
            request_data=request_data,
            row_settings=self._call_settings.clean(cells),
            date_order=date_order,
            consent=self._consent.read(cells) if self._consent else None,
            opt_out_cells=[cells[position] for position in self._opt_outs],
            postcode="" if self._postcode is None else cells[self._postcode],
            state="" if self._state is None else cells[self._state],
        )
        refused = verdict.refused_numbers
        return JudgedRow(
            batch_id=self._batch_id,
            row_number=row.number + self._offset,
            raw_number=chosen.raw[:RAW_NUMBER_LENGTH],
            e164=verdict.e164,
            phone_numbers=",".join(chosen.usable),
            refused_numbers=",".join(refused) if len(refused) > 1 else "",
            region=verdict.region,
            time_zones=",".join(verdict.whereabouts.zones),
            zone_sources=",".join(verdict.whereabouts.sources),
            places=verdict.places,
            request_data=request_data,
            metadata=self._metadata.clean(cells),
            call_settings=verdict.call_settings,
            consent=verdict.consent.to_dict() if self._consent else _NOTHING,
            trusted=self._trusted,
            start_at=verdict.start_at,
            start_zone=verdict.start_zone,
            status=_SKIPPED if verdict.code else _PENDING,
            reason_code=verdict.code,
            reason=verdict.message,
        )
