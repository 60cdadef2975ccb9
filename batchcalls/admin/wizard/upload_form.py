"""The fields of step one: the list, the conversation, the delivery."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.forms.fields import BaseTemporalField
from django.utils import timezone

from batchcalls.admin.reading_form import FormatForm, RegionForm
from batchcalls.drafting.chosen_rules import ChosenRules
from batchcalls.drafting.drafts import DraftRequest
from batchcalls.intake import validation
from batchcalls.models import Batch, VoiceAccount
from batchcalls.models.batch import UNTITLED, DuplicateChoice
from batchcalls.models.launched_with import Use, names_of
from campaigns.models import Campaign, Pathway
from campaigns.pathway_field import PathwayField
from campaigns.prompts import PromptError, Template
from campaigns.setting_locks import Locks
from campaigns.setting_permissions import refused_name
from campaigns.vocabulary import Purpose

_ASKED = frozenset(names_of(Use.ASKED))
LOCAL_TIME = "%Y-%m-%dT%H:%M"
#: Years in which every time has its equivalent in every zone, and in the database.
YEARS = range(1900, 9000)


class WallTimeField(forms.DateTimeField):
    """A local time that does not say in which time zone."""

    def to_python(self, value: Any) -> Any:
        """Return a naive time; `DateTimeField` would take it to be of the current zone."""
        if value in self.empty_values:
            return None
        return BaseTemporalField.to_python(self, value)


class UploadForm(FormatForm, RegionForm):
    """The fields of a draft, except its call settings, which have their own form."""

    READING = ("encoding", "delimiter", "sheet", "header_row", "include_hidden", "region")
    field_order = ["name", "file", *READING]

    name = forms.CharField(
        label="Batch name",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": UNTITLED, "autocomplete": "off"}),
    )
    file = forms.FileField(
        label="Recipients",
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
    )
    campaign = forms.ModelChoiceField(
        label="Campaign",
        queryset=Campaign.objects.select_related("pathway", "policy"),
        required=False,
        empty_label="No campaign",
        help_text="Anything you leave blank below comes from the campaign.",
    )
    says = forms.ChoiceField(
        label="Conversation",
        choices=[("campaign", "As in the campaign"), ("prompt", "Prompt"), ("pathway", "Pathway")],
        widget=forms.RadioSelect,
        initial="prompt",
    )
    prompt = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "data-prompt": "", "data-variables": ""}),
        help_text="Instructions for the agent. Write {{column_name}} to insert a value from each "
        "row, and {{name|there}} where a cell may be blank.",
    )
    pathway = PathwayField(
        label="Saved pathway",
        queryset=Pathway.objects.all(),
        required=False,
        empty_label="Choose a pathway",
    )
    pathway_id = forms.CharField(
        label="Or a pathway ID",
        max_length=100,
        required=False,
        help_text="As shown by the provider, for a pathway that is not saved here.",
    )
    pathway_version = forms.CharField(
        label="Version",
        max_length=40,
        required=False,
        help_text="Leave blank for the current version.",
    )
    account = forms.ModelChoiceField(
        label="Voice account", queryset=VoiceAccount.objects.all(), empty_label=None
    )
    cps = forms.FloatField(
        label="Calls per second",
        min_value=0.001,
        required=False,
        help_text="Limit for this batch. Leave blank to use the account’s limit.",
    )
    concurrency = forms.IntegerField(
        label="Concurrent calls",
        min_value=1,
        max_value=2_147_483_647,
        required=False,
        help_text="Limit for this batch. Leave blank to use the account’s limit.",
    )
    budget = forms.DecimalField(
        label="Budget",
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=2,
        required=False,
        help_text="In the account’s currency. The batch pauses before a call that could exceed it. "
        "Leave blank for no limit.",
    )
    breaker_percent = forms.IntegerField(
        label="Failures that pause the batch",
        min_value=0,
        max_value=100,
        required=False,
        help_text="Percent of recent calls. Leave blank to use the account’s limit. 0: never.",
    )
    duplicates = forms.ChoiceField(
        label="Duplicate numbers",
        choices=DuplicateChoice.choices,
        initial=DuplicateChoice.CALL_ONCE,
    )
    start_at = WallTimeField(
        label="Start no earlier than",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL_TIME),
        input_formats=[LOCAL_TIME, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"],
        help_text="Leave blank to start right away.",
    )
    start_zone = forms.CharField(
        label="Time zone",
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
        help_text="Of the start time, for example America/New_York.",
    )

    purpose = forms.ChoiceField(
        label="Purpose of the calls",
        choices=[(one.value, f"{one.label}: {one.meaning}") for one in Purpose],
        widget=forms.RadioSelect,
        required=False,
        help_text="Determines which consent is required. Leave open to use the campaign’s.",
    )

    PATHWAY = ("pathway", "pathway_id", "pathway_version")
    SCHEDULE = ("start_at", "start_zone")
    LIMITS = ("account", "cps", "concurrency", "budget")
    ADVANCED = ("duplicates", "breaker_percent")

    def __init__(
        self, *args: Any, draft: Batch | None = None, user: Any = None, **kwargs: Any
    ) -> None:
        self.draft = draft
        if draft is not None:
            kwargs["initial"] = {**_initial_of(draft), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.initial.setdefault("start_zone", timezone.get_current_timezone_name())
        self._locks = Locks(self)
        self._locks.lock(("prompt", *self.PATHWAY), refused_name(user, "task"))

    def group(self, name: str) -> list[forms.BoundField]:
        """Return the fields that the page shows together."""
        return [self[field] for field in getattr(self, name)]

    @property
    def reading_fields(self) -> list[forms.BoundField]:
        """Return the fields of the file format, for formats that are not detected."""
        return self.group("READING")

    @property
    def pathway_fields(self) -> list[forms.BoundField]:
        """Return the fields that identify a pathway."""
        return self.group("PATHWAY")

    @property
    def limit_fields(self) -> list[forms.BoundField]:
        """Return the fields for the account and its limits."""
        return self.group("LIMITS")

    @property
    def schedule_fields(self) -> list[forms.BoundField]:
        """Return the fields for the start."""
        return self.group("SCHEDULE")

    @property
    def advanced_fields(self) -> list[forms.BoundField]:
        """Return the fields that few batches need."""
        return self.group("ADVANCED")

    @property
    def has_advanced_errors(self) -> bool:
        """True when one of the advanced fields has an error."""
        return bool(self.errors.keys() & set(self.ADVANCED))

    def keep_errors(self, *names: str) -> None:
        """Forget the errors of other fields, which nobody has finished."""
        for name in self.errors.keys() - set(names):
            del self.errors[name]

    def clean(self) -> dict[str, Any]:
        """Ask for the purpose if no campaign says it, and refuse fields that are locked."""
        cleaned = super().clean() or self.cleaned_data
        self._locks.check()
        self._place_start(cleaned)
        if cleaned.get("says") == "campaign" and not cleaned.get("campaign"):
            self.add_error("campaign", "Choose a campaign, or write a prompt for this batch.")
        if not cleaned.get("purpose") and "purpose" not in self.errors:
            if chosen := cleaned.get("campaign"):
                cleaned["purpose"] = chosen.purpose
            else:
                self.add_error("purpose", "Choose the purpose of the calls.")
        return cleaned

    def _place_start(self, cleaned: dict[str, Any]) -> None:
        """Read the start time in its time zone."""
        name = cleaned.get("start_zone") or timezone.get_current_timezone_name()
        if name not in available_timezones():
            self.add_error(
                "start_zone", f"“{name}” is not a time zone. Use a name such as Europe/Berlin."
            )
        elif (naive := cleaned.get("start_at")) and naive.year not in YEARS:
            self.add_error("start_at", "Calls cannot start in this year. Correct the date.")
        elif naive:
            start = naive.replace(tzinfo=ZoneInfo(name))
            if start.astimezone(UTC).astimezone(start.tzinfo).replace(tzinfo=None) != naive:
                self.add_error(
                    "start_at", f"Clocks in {name} skip this time. Enter a later or earlier one."
                )
            cleaned["start_at"] = start

    def clean_prompt(self) -> str:
        """Reject a prompt with unclosed braces."""
        prompt = str(self.cleaned_data["prompt"])
        try:
            Template.parse(prompt)
        except PromptError as error:
            raise forms.ValidationError(str(error)) from error
        return prompt

    def request(
        self, call_settings: dict[str, Any], rules: ChosenRules | None, *, created_by: Any
    ) -> DraftRequest:
        """Return the request for the draft."""
        said = {name: value for name, value in self.cleaned_data.items() if name in _ASKED}
        if self.cleaned_data["says"] == "campaign":
            said |= {"prompt": "", "pathway_id": "", "pathway_version": ""}
        elif self.cleaned_data["says"] == "prompt":
            said |= {"pathway_id": "", "pathway_version": ""}
        elif saved := self.cleaned_data["pathway"]:
            said |= {"pathway_id": saved.pathway_id, "pathway_version": saved.version, "prompt": ""}
        else:
            said["prompt"] = ""
        return DraftRequest(**said, call_settings=call_settings, rules=rules, created_by=created_by)


def _initial_of(draft: Batch) -> dict[str, Any]:
    saved = validation.pathway_of(draft)
    return {
        **{name: draft.serializable_value(name) for name in names_of(Use.EDITED)},
        "name": "" if draft.name == UNTITLED else draft.name,
        "purpose": "" if draft.purpose_assumed else draft.purpose,
        "says": _says(draft),
        "pathway": saved,
        "pathway_id": "" if saved else draft.pathway_id,
        "pathway_version": "" if saved else draft.pathway_version,
        "start_at": timezone.localtime(draft.start_at) if draft.start_at else None,
    }


def _says(draft: Batch) -> str:
    """Return which conversation a draft has: its campaign's, as it is now, or its own."""
    theirs = draft.campaign
    if theirs is not None:
        pathway = theirs.pathway
        of_pathway = (pathway.pathway_id, pathway.version) if pathway else ("", "")
        own = (draft.prompt, draft.pathway_id, draft.pathway_version)
        if own == (theirs.prompt, *of_pathway):
            return "campaign"
    return "pathway" if draft.pathway_id else "prompt"
