"""The form of a new batch: what is sent, to which list, under which limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from batchcalls import drafts
from batchcalls.admin.reading_form import ReadingForm
from batchcalls.importing.mapping import MappingError, Target
from batchcalls.importing.unreadable import UnreadableList
from batchcalls.models import Batch
from batchcalls.uploads import UploadError


class DraftForm(forms.ModelForm[Batch], ReadingForm):
    """What a draft needs; refusals of the list stand beside the file."""

    map_all = forms.BooleanField(
        label="Map all to request_data",
        required=False,
        help_text="Make every column but the phone number a variable of the call.",
    )
    region = forms.CharField(
        max_length=2,
        required=False,
        help_text="Country of numbers written without a country code; blank: the default.",
    )
    instance: Batch

    class Meta:
        model = Batch
        fields = [
            "name",
            "campaign",
            "prompt",
            "call_settings",
            "account",
            "duplicates",
            "start_at",
            "cps",
            "concurrency",
        ]

    field_order = [
        "name",
        "file",
        "map_all",
        "campaign",
        "prompt",
        "call_settings",
        "account",
        "region",
        "duplicates",
        "encoding",
        "delimiter",
        "sheet",
        "columns",
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = False

    def clean(self) -> dict[str, Any]:
        """Compose the draft from the list; nothing is stored yet."""
        data = super().clean() or {}
        checked = ("call_settings", "cps", "concurrency")
        given = {name: data[name] for name in checked if data.get(name) is not None}
        others = [one.name for one in Batch._meta.fields if one.name not in given]
        try:
            Batch(**given).clean_fields(exclude=others)
        except ValidationError as error:
            self.add_error(None, error)
        if self.errors:
            return data
        request = drafts.DraftRequest(
            name=data["name"],
            campaign=data["campaign"],
            account=data["account"],
            prompt=data["prompt"],
            call_settings=data["call_settings"] or {},
            reading=replace(
                self.reading(),
                region=data["region"],
                map_all=Target.REQUEST_DATA if data["map_all"] else None,
            ),
            duplicates=data["duplicates"],
            start_at=data["start_at"],
            cps=data["cps"],
            concurrency=data["concurrency"],
        )
        upload = data["file"]
        try:
            self.draft = drafts.compose(request, upload.file, file_name=upload.name)
        except (UnreadableList, MappingError) as error:
            self.add_error("file", str(error))
        except UploadError as error:
            self.add_error(None, str(error))
        return data

    def _post_clean(self) -> None:
        """Leave out model validation: the draft was composed and checked as a whole."""

    def save(self, commit: bool = True) -> Batch:
        """Return the composed draft; `BatchAdmin.save_model` stores it."""
        return self.draft.batch

    def save_m2m(self) -> None:
        """Do nothing: a draft has no many-to-many fields."""
