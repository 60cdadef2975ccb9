"""The forms of step one together: the draft's own fields, its call settings, and its rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest

from batchcalls.admin.actor import actor_of
from batchcalls.admin.wizard.rules_form import RulesForm
from batchcalls.admin.wizard.upload_form import UploadForm
from batchcalls.drafting.chosen_rules import ChosenRules
from batchcalls.drafting.drafts import DraftRequest
from batchcalls.models import Batch, VoiceAccount
from campaigns.models import Campaign, Tool
from campaigns.settings_form import CallSettingsForm

#: Settings that have their own field on the page.
LEFT_OUT = frozenset({"start_time"})


@dataclass(frozen=True, slots=True)
class StepForms:
    """The forms of the page, with the values of a draft, of a campaign, or of the request."""

    upload: UploadForm
    settings: CallSettingsForm
    rules: RulesForm

    @classmethod
    def of(cls, request: HttpRequest, batch: Batch | None) -> StepForms:
        """Return the forms for a draft, or for a new one."""
        data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        initial: dict[str, Any] = {}
        stored: dict[str, Any] = batch.call_settings if batch else {}
        campaign = None if batch else chosen_campaign(request)
        if batch is None:
            initial["account"] = VoiceAccount.objects.built_in().pk
        if campaign:
            initial |= {"campaign": campaign.pk, "says": "campaign", "prompt": campaign.prompt}
            initial |= {"pathway": campaign.pathway, "purpose": campaign.purpose}
            stored = campaign.settings_for_calls()
        tools = Tool.objects.values_list("reference", "name")
        return cls(
            UploadForm(data, files, initial=initial, draft=batch, user=request.user),
            CallSettingsForm(
                data,
                initial=stored,
                leave_out=LEFT_OUT,
                user=request.user,
                known={"tools": list(tools)},
            ),
            RulesForm(data, chosen=ChosenRules.of(batch) if batch else None),
        )

    def are_valid(self) -> bool:
        """Check all forms, so that every error is shown at once."""
        results = [self.upload.is_valid(), self.settings.is_valid()]
        campaign = self.upload.cleaned_data.get("campaign")
        return all([*results, self.rules.is_valid_for(campaign)])

    @property
    def campaign(self) -> Campaign | None:
        """The campaign that is chosen in the form."""
        field: Any = self.upload.fields["campaign"]
        try:
            campaign: Campaign | None = field.clean(self.upload["campaign"].value())
        except forms.ValidationError:
            return None
        return campaign

    def request(self, request: HttpRequest) -> tuple[DraftRequest, str]:
        """Return the request for the draft, and the region of its list."""
        wanted = self.upload.request(
            self.settings.values(), self.rules.chosen(), created_by=actor_of(request)
        )
        return wanted, self.upload.cleaned_data["region"] or settings.DEFAULT_REGION

    def errors(self) -> list[tuple[str, str, str]]:
        """Return every error with the id and the label of its field."""
        return [one for form in (self.upload, self.settings, self.rules) for one in _errors(form)]


def _errors(form: forms.Form) -> Iterator[tuple[str, str, str]]:
    for name, errors in form.errors.items():
        bound = form[name] if name in form.fields else None
        # Of choices side by side, the first has the id.
        target = (bound.id_for_label or f"{bound.auto_id}_0") if bound else ""
        label = str(bound.label) if bound else ""
        for error in errors:
            yield target, label, str(error)


def chosen_campaign(request: HttpRequest) -> Campaign | None:
    """Return the campaign that the URL names."""
    text = request.GET.get("campaign", "")
    if not text.isdecimal() or len(text) > 17:
        return None
    return Campaign.objects.select_related("pathway", "policy").filter(pk=int(text)).first()
