"""Rows of a list become recipients, by way of django-import-export.

The column mapping is set on the resource *instance*: each field knows the positions it reads.
Columns are addressed by position, so that two columns with one header stay two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast
from uuid import UUID

import tablib
from import_export import fields, resources
from import_export.results import RowResult

from batchcalls import validation
from batchcalls.bulk import insert_each
from batchcalls.importing.cleaning import clean_value
from batchcalls.importing.mapping import ListMapping, Target
from batchcalls.importing.reader import Row
from batchcalls.models import Recipient, StoredList
from batchcalls.states import RecipientStatus

ROW, PROBLEM = "row", "problem"
RAW_NUMBER_LENGTH = 200
SAVED_FIELDS = (
    "batch_id",
    "row_number",
    "raw_number",
    "e164",
    "region",
    "time_zones",
    "request_data",
    "metadata",
    "call_settings",
    "start_at",
    "status",
    "reason_code",
    "reason",
)


class ColumnsField(fields.Field):  # type: ignore[misc]
    """A field that collects several columns into one object: {name: cell}."""

    columns: dict[str, str]

    def clean(self, row: dict[str, Any], **kwargs: Any) -> dict[str, str]:
        """Return the cells of this field's columns by name."""
        return {name: clean_value(row[column]) for name, column in self.columns.items()}


class NamelessRow(RowResult):  # type: ignore[misc]
    """The result of a row without its text, which nobody reads: the verdict says it all."""

    def add_instance_info(self, instance: Recipient) -> None:
        """Keep nothing."""


class RecipientResource(resources.ModelResource):  # type: ignore[misc]
    """Gives the rows of a list their verdicts, some thousand at a time."""

    row_number = fields.Field(attribute="row_number", column_name=ROW)
    raw_number = fields.Field(attribute="raw_number")
    request_data = ColumnsField(attribute="request_data")
    metadata = ColumnsField(attribute="metadata")
    call_settings = ColumnsField(attribute="call_settings")

    class Meta:
        model = Recipient
        fields = ("row_number", "raw_number", "request_data", "metadata", "call_settings")
        import_id_fields = ("row_number",)
        use_bulk = True
        batch_size = None
        force_init_instance = True
        skip_diff = True
        skip_html_diff = True
        use_transactions = False
        clean_model_instances = False

    def __init__(
        self, *, stored: StoredList, mapping: ListMapping, rules: validation.RowRules
    ) -> None:
        super().__init__()
        self._batch_id = cast("UUID", stored.batch_id)
        self._offset = stored.row_offset
        self._rules = rules
        self._width = len(stored.headers)
        self._import_fields = super().get_import_fields()
        consent = mapping.consent_position
        self._consent = None if consent is None else str(consent)
        self.fields["raw_number"].column_name = str(mapping.phone_position)
        for name, target in (
            ("request_data", Target.REQUEST_DATA),
            ("metadata", Target.METADATA),
            ("call_settings", Target.CALL_SETTING),
        ):
            # `column_name` must exist in the row: it is what import-export looks for first.
            self.fields[name].column_name = ROW
            self.fields[name].columns = {
                column.name: str(column.position)
                for column in mapping.columns
                if column.target == target
            }

    def take_in(self, rows: Iterable[Row]) -> Callable[[], tuple[int, list[list[object]]]]:
        """Judge a part's rows, and return what saves them. See `runner.TakeIn`.

        Raises the first thing that is not a row's own fault.
        """
        width = self._width
        dataset = tablib.Dataset(headers=[ROW, PROBLEM, *map(str, range(width))])
        for row in rows:
            cells = [cell.strip() for cell in row.cells[:width]]
            number = row.number + self._offset
            dataset.append([number, row.problem, *cells, *[""] * (width - len(cells))])
        self.import_data(dataset, raise_errors=True)
        judged = [[getattr(one, name) for name in SAVED_FIELDS] for one in self.create_instances]
        callable_rows = sum(not one.reason_code for one in self.create_instances)
        self.create_instances.clear()

        def save() -> tuple[int, list[list[object]]]:
            insert_each(Recipient, SAVED_FIELDS, judged)
            return callable_rows, []

        return save

    def get_import_fields(self, *args: Any, **kwargs: Any) -> Any:
        """Return the fields in the order in which they are filled, looked up once."""
        return self._import_fields

    @classmethod
    def get_row_result_class(cls) -> type[RowResult]:
        """Have rows keep no text."""
        return NamelessRow

    def import_instance(self, instance: Recipient, row: dict[str, Any], **kwargs: Any) -> None:
        """Fill the recipient from its columns, then give it its verdict."""
        super().import_instance(instance, row, **kwargs)
        verdict = validation.judge(
            self._rules,
            blank=not any(row[str(position)] for position in range(self._width)),
            problem=row[PROBLEM],
            raw_number=instance.raw_number,
            request_data=instance.request_data,
            row_settings=instance.call_settings,
            consent_cell=None if self._consent is None else clean_value(row[self._consent]),
        )
        instance.batch_id = self._batch_id
        instance.raw_number = instance.raw_number[:RAW_NUMBER_LENGTH]
        instance.e164 = verdict.e164
        instance.region = verdict.region
        instance.time_zones = ",".join(verdict.time_zones)
        instance.call_settings = verdict.call_settings
        instance.start_at = verdict.start_at
        if verdict.code:
            instance.status = RecipientStatus.SKIPPED
            instance.reason_code = verdict.code
            instance.reason = verdict.message

    def bulk_create(self, *args: Any, **kwargs: Any) -> None:
        """Save nothing yet: judging takes long, and writers wait for one another."""

    def after_import(self, *args: Any, **kwargs: Any) -> None:
        """Leave the table's sequence alone.

        The library sets it back to the highest id that is visible, so that two imports at once
        are given the same ids.
        """
