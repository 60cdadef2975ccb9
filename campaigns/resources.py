"""Small tables in and out of files: campaigns, and short do-not-call lists."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import tablib
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from import_export import fields, resources, widgets
from import_export.formats import base_formats
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from campaigns.e164 import NumberProblem
from campaigns.e164 import parse as parse_e164
from campaigns.models import CallingPolicy, Campaign, Pathway, Suppression, SuppressionSource, Tool
from campaigns.spreadsheet_cells import neutralise, restore


class CSV(base_formats.CSV):  # type: ignore[misc]
    """CSV whose cells a spreadsheet shows and does not run, both ways."""

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> str:
        """Neutralise what would run."""
        safe = tablib.Dataset(headers=dataset.headers)
        for row in dataset:
            safe.append([neutralise(cell) if isinstance(cell, str) else cell for cell in row])
        exported: str = super().export_data(safe, **kwargs)
        return exported

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> tablib.Dataset:
        """Take back what was neutralised."""
        read = super().create_dataset(in_stream, **kwargs)
        restored = tablib.Dataset(headers=read.headers)
        for row in read:
            restored.append([restore(cell) if isinstance(cell, str) else cell for cell in row])
        return restored


class XLSX(base_formats.XLSX):  # type: ignore[misc]
    """Workbooks whose texts are texts, which no spreadsheet runs."""

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        """Write every text as a text."""
        book = Workbook()
        for row in [dataset.headers, *dataset]:
            book.active.append(
                [ILLEGAL_CHARACTERS_RE.sub("", c) if isinstance(c, str) else c for c in row]
            )
        for row in book.active.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    cell.data_type = "s"
        out = BytesIO()
        book.save(out)
        return out.getvalue()


FORMATS = [CSV, XLSX]
#: Rows that somebody looks through before they are stored, and that are held in memory.
MAX_IMPORTED_ROWS, MAX_EXPORTED_ROWS = 5_000, 20_000


class SmallResource(resources.ModelResource):  # type: ignore[misc]
    """Rows of a file that a person looks through before they are stored."""

    def before_import(self, dataset: tablib.Dataset, **kwargs: Any) -> None:
        """Refuse files that nobody looks through, and that would be held in memory."""
        if len(dataset) > MAX_IMPORTED_ROWS:
            raise ValidationError(
                f"The file has {len(dataset):,} rows; {MAX_IMPORTED_ROWS:,} can be looked through "
                "here at most. Split it, or import a do-not-call list as a long list."
            )


class SuppressionResource(SmallResource):
    """Do-not-call numbers; one that is on the list already stays as it is."""

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
        """Read the number as people write it."""
        parsed = parse_e164(str(row.get("e164") or "").strip(), region=settings.DEFAULT_REGION)
        if isinstance(parsed, NumberProblem):
            raise ValidationError({"e164": parsed.message})
        row["e164"] = parsed.e164
        row["reason"] = str(row.get("reason") or "")[:200]

    def skip_row(self, instance: Suppression, original: Any, *args: Any, **kwargs: Any) -> bool:
        """Leave alone what is there."""
        return bool(original.pk is not None)

    def before_save_instance(self, instance: Suppression, row: Any, **kwargs: Any) -> None:
        """Note where the number came from."""
        user = kwargs.get("user")
        instance.source = SuppressionSource.IMPORT
        instance.created_by = user if isinstance(user, User) else None


class CampaignResource(SmallResource):
    """Campaigns by their names, with pathway, tools and policy by theirs."""

    pathway = fields.Field(
        attribute="pathway", column_name="pathway", widget=widgets.ForeignKeyWidget(Pathway, "name")
    )
    policy = fields.Field(
        attribute="policy",
        column_name="policy",
        widget=widgets.ForeignKeyWidget(CallingPolicy, "name"),
    )
    tools = fields.Field(
        attribute="tools",
        column_name="tools",
        widget=widgets.ManyToManyWidget(Tool, field="reference", separator=" "),
    )

    class Meta:
        model = Campaign
        fields = ("name", "purpose", "prompt", "pathway", "tools", "call_settings", "policy")
        export_order = fields
        import_id_fields = ("name",)
        skip_unchanged = True
        clean_model_instances = True

    def before_save_instance(self, instance: Campaign, row: Any, **kwargs: Any) -> None:
        """Note who made a new campaign."""
        user = kwargs.get("user")
        if instance.pk is None and isinstance(user, User):
            instance.created_by = user
