"""Turn rows of a do-not-call list into entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from import_export import fields, widgets

from batchcalls.batches.suppressing import suppress
from batchcalls.lists.cleaning import clean_value
from batchcalls.lists.mapping import ListMapping
from batchcalls.lists.rows import Row
from batchcalls.models import StoredList
from campaigns import e164
from campaigns.models import Suppression, SuppressionSource
from campaigns.resources import SmallResource

#: The header of the reason column. Without it, and for blank cells, the list's note is used.
REASON_HEADER = "reason"
RAW_NUMBER_LENGTH = 200


class SuppressionIntake:
    """Imports the parts of one list."""

    def __init__(self, *, stored: StoredList, mapping: ListMapping) -> None:
        self._stored = stored
        self._phone = mapping.phone_position or 0
        self._reason = next(
            (c.position for c in mapping.columns if c.header.casefold() == REASON_HEADER), None
        )

    def take_in(self, rows: Iterable[Row]) -> Callable[[], tuple[int, list[list[object]]]]:
        """Read the numbers of a part, and return a function that saves them. See `runner.TakeIn`.

        Existing entries stay unchanged.
        """
        numbers: dict[str, str] = {}
        problems: list[list[object]] = []
        for row in rows:
            raw = self._cell(row, self._phone)
            if row.problem is None and not any(map(str.strip, row.cells)):
                continue
            # A row with too many cells, or an error elsewhere, still names a number not to call.
            parsed = e164.parse(raw, region=self._stored.region)
            if isinstance(parsed, e164.NumberProblem):
                wrong = row.problem or parsed
                shown = raw[:RAW_NUMBER_LENGTH]
                problems.append([row.number, shown, str(wrong.code), wrong.message])
                continue
            reason = self._cell(row, self._reason) or self._stored.note
            numbers.setdefault(parsed.e164, reason)

        def save() -> tuple[int, list[list[object]]]:
            new = suppress(numbers, source=SuppressionSource.IMPORT, actor=self._stored.created_by)
            return new, problems

        return save

    @staticmethod
    def _cell(row: Row, position: int | None) -> str:
        if position is None or position >= len(row.cells):
            return ""
        return clean_value(row.cells[position])


class SuppressionResource(SmallResource):
    """Short do-not-call lists; existing entries stay unchanged."""

    class Meta:
        model = Suppression
        fields = ("e164", "reason", "source", "created_at")
        export_order = fields
        import_id_fields = ("e164",)
        skip_unchanged = True
        clean_model_instances = True

    source = fields.Field(attribute="source", column_name="source", readonly=True)
    created_at = fields.Field(
        attribute="created_at",
        column_name="created_at",
        readonly=True,
        widget=widgets.DateTimeWidget(format="%Y-%m-%dT%H:%M:%S%z"),
    )

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        """Convert the number as people write it to E.164."""
        parsed = e164.parse(str(row.get("e164") or "").strip(), region=settings.DEFAULT_REGION)
        if isinstance(parsed, e164.NumberProblem):
            raise ValidationError({"e164": parsed.message})
        row["e164"] = parsed.e164
        row["reason"] = str(row.get("reason") or "")

    def skip_row(self, instance: Suppression, original: Any, *args: Any, **kwargs: Any) -> bool:
        """Skip existing entries."""
        return bool(original.pk is not None)

    def before_save_instance(self, instance: Suppression, row: Any, **kwargs: Any) -> None:
        """Record who imports it."""
        user = kwargs.get("user")
        instance.created_by = user if isinstance(user, User) else None

    def do_instance_save(self, instance: Suppression, is_create: bool) -> None:
        """Add the number through the shared function for do-not-call entries."""
        reasons = {instance.e164: instance.reason}
        suppress(reasons, source=SuppressionSource.IMPORT, actor=instance.created_by)
        listed = Suppression.objects.get(e164=instance.e164)
        instance.pk, instance.reason = listed.pk, listed.reason
        instance.source, instance.created_at = listed.source, listed.created_at
