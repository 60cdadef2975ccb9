"""Rows of a list become recipients, by way of django-import-export.

The column mapping is set on the resource *instance*: each field knows the positions it reads.
Columns are addressed by position, so that two columns with one header stay two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tablib
from import_export import fields, resources

from batchcalls import validation
from batchcalls.importing.mapping import ListMapping, Target
from batchcalls.importing.reader import Row
from batchcalls.models import Batch, Recipient
from batchcalls.models.batch import DuplicateChoice
from batchcalls.states import RecipientStatus

ROW, PROBLEM = "row", "problem"
RAW_NUMBER_LENGTH = 200


class ColumnsField(fields.Field):  # type: ignore[misc]
    """A field that collects several columns into one object: {name: cell}."""

    columns: dict[str, str]

    def clean(self, row: dict[str, Any], **kwargs: Any) -> dict[str, str]:
        """Return the cells of this field's columns by name."""
        return {name: row[column] for name, column in self.columns.items()}


class RecipientResource(resources.ModelResource):  # type: ignore[misc]
    """Imports one chunk of a batch's list; every row is saved, with its verdict."""

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
        self, *, batch: Batch, mapping: ListMapping, rules: validation.RowRules, width: int
    ) -> None:
        super().__init__()
        self._batch = batch
        self._rules = rules
        self._width = width
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

    def import_rows(self, rows: Iterable[Row]) -> None:
        """Save a chunk of rows; raise on the first thing that is not a row's own fault."""
        width = self._width
        dataset = tablib.Dataset(headers=[ROW, PROBLEM, *map(str, range(width))])
        for row in rows:
            cells = [cell.strip() for cell in row.cells[:width]]
            dataset.append([row.number, row.problem, *cells, *[""] * (width - len(cells))])
        self.import_data(dataset, raise_errors=True)

    def import_instance(self, instance: Recipient, row: dict[str, Any], **kwargs: Any) -> None:
        """Fill the recipient from its columns, then give it its verdict."""
        super().import_instance(instance, row, **kwargs)
        verdict = validation.judge(
            self._rules,
            blank=not any(row[str(position)] for position in range(self._width)),
            problem=row[PROBLEM],
            raw_number=instance.raw_number,
            request_data=instance.request_data,
            settings=instance.call_settings,
        )
        instance.batch = self._batch
        instance.raw_number = instance.raw_number[:RAW_NUMBER_LENGTH]
        instance.e164 = verdict.e164
        instance.call_settings = verdict.call_settings
        instance.start_at = verdict.start_at
        if verdict.code:
            _skip(instance, verdict.code, verdict.message)

    def bulk_create(self, *args: Any, **kwargs: Any) -> None:
        """Mark the duplicates among what is about to be saved, then save it."""
        if self._batch.duplicates == DuplicateChoice.CALL_ONCE:
            self._skip_duplicates()
        super().bulk_create(*args, **kwargs)

    def _skip_duplicates(self) -> None:
        """Skip numbers that an earlier row of the batch has, and say which row."""
        callable_rows = [one for one in self.create_instances if not one.reason_code]
        first_row = dict(
            Recipient.objects.filter(
                batch=self._batch, e164__in={one.e164 for one in callable_rows}
            )
            .exclude(status=RecipientStatus.SKIPPED)
            .order_by()
            .values_list("e164", "row_number")
        )
        for one in callable_rows:
            first = first_row.setdefault(one.e164, one.row_number)
            if first != one.row_number:
                _skip(one, "duplicate", f"Row {first} has the same number, {one.e164}.")


def _skip(recipient: Recipient, code: str, message: str) -> None:
    recipient.status = RecipientStatus.SKIPPED
    recipient.reason_code = code
    recipient.reason = message
