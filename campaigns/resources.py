"""Import and export of small tables such as campaigns."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import tablib
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from import_export import fields, resources, widgets
from import_export.formats import base_formats
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from campaigns import call_settings
from campaigns.call_settings import SECRETS
from campaigns.models import CallingPolicy, Campaign, Pathway, Tool
from campaigns.setting_permissions import refused_changes, values_of_campaign
from campaigns.spreadsheet_cells import neutralise, restore


class CSV(base_formats.CSV):  # type: ignore[misc]
    """CSV whose cells a spreadsheet shows but does not run, for import and export."""

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> str:
        """Neutralize cells that would run."""
        safe = tablib.Dataset(headers=dataset.headers)
        for row in dataset:
            safe.append([neutralise(cell) if isinstance(cell, str) else cell for cell in row])
        exported: str = super().export_data(safe, **kwargs)
        return exported

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> tablib.Dataset:
        """Restore cells that were neutralized."""
        read = super().create_dataset(in_stream, **kwargs)
        restored = tablib.Dataset(headers=read.headers)
        for row in read:
            restored.append([restore(cell) if isinstance(cell, str) else cell for cell in row])
        return restored


class XLSX(base_formats.XLSX):  # type: ignore[misc]
    """Workbooks that store text as text, so that no spreadsheet runs it."""

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        """Write every string as a text cell."""
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


FORMATS: list[type[Any]] = [CSV, XLSX]
#: Row limits: a person reviews imported rows before they are stored, and all are held in memory.
MAX_IMPORTED_ROWS, MAX_EXPORTED_ROWS = 5_000, 20_000


class SmallResource(resources.ModelResource):  # type: ignore[misc]
    """Rows of a file that a person reviews before they are stored."""

    def before_import(self, dataset: tablib.Dataset, **kwargs: Any) -> None:
        """Refuse files too long to review and to hold in memory."""
        if len(dataset) > MAX_IMPORTED_ROWS:
            raise ValidationError(
                f"The file has {len(dataset):,} rows; {MAX_IMPORTED_ROWS:,} can be looked through "
                "here at most. Split it, or import a do-not-call list as a long list."
            )


class CampaignResource(SmallResource):
    """Campaigns, identified by name, as are their pathway, tools and policy."""

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
        fields = (
            *("name", "purpose", "prompt", "pathway", "tools", "call_settings", "policy"),
            "opt_out_outcomes",
        )
        export_order = fields
        import_id_fields = ("name",)
        skip_unchanged = True
        clean_model_instances = True

    def dehydrate_call_settings(self, campaign: Campaign) -> str:
        """Return the call settings without secrets, which no file may have."""
        return json.dumps(call_settings.without_secrets(campaign.call_settings))

    def import_instance(self, instance: Campaign, row: Any, **kwargs: Any) -> None:
        """Take over a row. The secret settings of a campaign stay unless the row has others."""
        before = instance.call_settings
        super().import_instance(instance, row, **kwargs)
        given = instance.call_settings
        kept = {name: before[name] for name in before.keys() - given if name in SECRETS}
        instance.call_settings = {**kept, **given}

    def before_save_instance(self, instance: Campaign, row: Any, **kwargs: Any) -> None:
        """Record who created a new campaign. Refuse what the user may not set."""
        user = kwargs.get("user")
        if not isinstance(user, User):
            return
        before: dict[str, Any] = {}
        if instance.pk is None:
            instance.created_by = user
        else:
            old = Campaign.objects.get(pk=instance.pk)
            before = values_of_campaign(old.prompt, old.pathway, old.settings_for_calls())
        after = values_of_campaign(
            instance.prompt,
            instance.pathway,
            call_settings.normalize_shared(instance.call_settings).values,
            str(row.get("tools") or "").split() if "tools" in row else before.get("tools", []),
        )
        if refused := list(refused_changes(user, after, before)):
            raise ValidationError([one.message for one in refused])
