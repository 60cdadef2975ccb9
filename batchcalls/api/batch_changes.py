"""Serializers that change a batch, and the list of a draft."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, BinaryIO, cast

from rest_framework import serializers

from batchcalls.api.batch_creation import (
    BatchFields,
    DatesField,
    MappingField,
    RecipientsField,
    RowsOfFile,
    RowsOfRecipients,
    column_options,
    request_of,
)
from batchcalls.drafting import draft_lists, edits, recipient_objects
from batchcalls.models import Batch


class _Changes(BatchFields):
    def apply(self, batch: Batch, *, actor: Any) -> None:
        """Change the batch. Raise `DraftError` or `Conflict`, or as creating a batch does."""
        values = dict(self.validated_data)
        if values.keys() <= {"name"}:
            if name := values.get("name", "").strip():
                Batch.objects.filter(pk=batch.pk).update(name=name)
            return
        batch = draft_lists.locked(batch)
        if values.keys() & BatchFields().fields.keys():
            batch = self._change_fields(batch, values, actor)
        self.change_list(batch, actor=actor)

    def change_list(self, batch: Batch, *, actor: Any) -> None:
        """Change the list of a draft, or how it is mapped."""
        raise NotImplementedError

    def _change_fields(self, batch: Batch, values: dict[str, Any], actor: Any) -> Batch:
        if values.get("prompt"):
            values |= {"pathway_id": "", "pathway_version": ""}
        elif values.get("pathway_id"):
            values["prompt"] = ""
        before = {name: getattr(batch, name) for name in BatchFields().names_kept}
        if batch.purpose_assumed:
            before["purpose"] = ""
        request = request_of({**before, **values}, actor=actor)
        return edits.change(batch, request, region=values.get("region", batch.region))


class BatchChanges(RowsOfRecipients, _Changes):
    """Changes to a batch: its name at any time, everything else while it is a draft."""

    recipients = RecipientsField(
        required=False, help_text="They replace all lists of the draft, and need no mapping."
    )
    mapping = MappingField(
        required=False,
        help_text="Columns of its list to map again: header, or #3 for the third column, to "
        "target. Other columns stay.",
    )
    dates = DatesField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject recipients together with what is about the columns of a file."""
        if "recipients" in attrs and (both := attrs.keys() & {"mapping", "dates"}):
            message = "Recipients need none. Send them alone, or leave them out."
            raise serializers.ValidationError(dict.fromkeys(sorted(both), message))
        return super().validate(attrs)

    def change_list(self, batch: Batch, *, actor: Any) -> None:
        """Replace the lists by recipients, or map columns again."""
        values = self.validated_data
        if "recipients" in values:
            recipient_objects.replace_lists(
                batch,
                values["recipients"],
                numbers_written=values.get("numbers_written", ""),
                actor=actor,
            )
        elif values.keys() & {"mapping", "numbers_written", "dates"}:
            draft_lists.map_columns(
                batch,
                column_options(values),
                numbers_written=values.get("numbers_written"),
                date_order=values.get("dates"),
                actor=actor,
            )


class BatchChangesOfFile(RowsOfFile, _Changes):
    """Changes to a draft, with a CSV or XLSX file that replaces its lists."""

    def change_list(self, batch: Batch, *, actor: Any) -> None:
        """Replace the lists by the file."""
        upload = self.validated_data["file"]
        draft_lists.replace_lists(
            batch,
            cast("BinaryIO", upload.file),
            file_name=upload.name,
            reading=replace(self.reading(), region=batch.region),
            actor=actor,
        )
