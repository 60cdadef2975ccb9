"""One form for a campaign: its texts, call settings and rules."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms

from campaigns import call_settings
from campaigns.conversations import Conversation
from campaigns.models import Campaign, Pathway, Tool
from campaigns.pathway_field import PathwayField
from campaigns.setting_fields import list_field
from campaigns.setting_locks import Locks
from campaigns.setting_permissions import refused_name
from campaigns.settings_form import CallSettingsForm

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User
    from django.db.models import QuerySet

#: Each batch has its own start time, and tools have a field among those of the campaign.
LEFT_OUT = frozenset({"start_time", "tools"})


class CampaignForm(forms.ModelForm[Campaign]):
    """The campaign's own fields, and ``settings_form`` with one field for each call setting.

    Either a prompt or a pathway leads the conversation; the one not chosen is cleared. The prompt
    may be blank if a persona or agent is set. What ``user`` may not set is locked.
    """

    #: Set by the page.
    user: User | AnonymousUser | None = None

    says = forms.ChoiceField(
        label="Conversation type",
        choices=[("prompt", "Prompt"), ("pathway", "Pathway")],
        widget=forms.RadioSelect,
        initial="prompt",
    )

    pathway = PathwayField(
        queryset=Pathway.objects.all(), required=False, empty_label="Choose a pathway"
    )

    class Meta:
        model = Campaign
        fields = [
            "name",
            "purpose",
            "says",
            "prompt",
            "pathway",
            "tools",
            "policy",
            "opt_out_outcomes",
        ]
        widgets = {
            "prompt": forms.Textarea(attrs={"rows": 12, "data-prompt": "", "data-variables": ""}),
            "opt_out_outcomes": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "prompt": "Instructions for the agent. Write {{column_name}} to insert a "
            "value from each row, and {{name|there}} where a cell may be blank.",
            "purpose": "Determines which rules of the policy apply, such as whether consent is "
            "required.",
            "policy": "When people may be called, and how often to retry. Without one, real phones "
            "use this installation's default hours.",
        }

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(data, files, **kwargs)
        stored = call_settings.normalize_shared(self.instance.call_settings).values
        self.settings_form = CallSettingsForm(
            data, initial=stored, leave_out=LEFT_OUT, user=self.user
        )
        self._tools_by_id: list[str] = []
        self._offer_tools()
        if self.instance.pathway_id:
            self.initial["says"] = "pathway"
        self._locks = Locks(self)
        self._locks.lock(("says", "prompt", "pathway"), refused_name(self.user, "task"))
        self._locks.lock(("tools",), refused_name(self.user, "tools"))

    def _offer_tools(self) -> None:
        """Add the field of all tools: those that are saved here, and IDs of others."""
        setting = call_settings.REGISTRY["tools"]
        self.initial.pop("tools", None)
        self.fields["tools"] = list_field(
            setting.schema["items"],
            self.instance.settings_for_calls().get("tools") if self.instance.pk else None,
            known=list(Tool.objects.values_list("reference", "name")),
            label=setting.label,
            help_text=setting.help,
            required=False,
        )

    def clean_tools(self) -> QuerySet[Tool]:
        """Return the saved tools; those that have only an ID become a call setting."""
        found = call_settings.normalize_shared({"tools": self.cleaned_data["tools"]})
        if found.problems:
            raise forms.ValidationError([problem.message for problem in found.problems])
        references = found.values.get("tools", [])
        saved = Tool.objects.filter(reference__in=references)
        known = {tool.reference for tool in saved}
        self._tools_by_id = [one for one in references if one not in known]
        return saved

    def clean(self) -> dict[str, Any]:
        """Keep either the prompt or the pathway, and copy the call settings to the campaign."""
        data = super().clean() or {}
        self._locks.check()
        if data.get("says") == "pathway":
            data["prompt"] = ""
            if not data.get("pathway") and "pathway" not in self.errors:
                self.add_error("pathway", "Choose the pathway that leads the conversation.")
        else:
            data["pathway"] = None
        if self.settings_form.is_valid():
            tools = {"tools": self._tools_by_id} if self._tools_by_id else {}
            self.instance.call_settings = self.settings_form.values() | tools
            is_led = data.get("prompt") or Conversation.of(self.instance.call_settings).is_led
            if data.get("says") != "pathway" and not is_led and "prompt" not in self.errors:
                self.add_error("prompt", "Enter a prompt, or set a persona or agent.")
        else:
            self.add_error(None, "Fix the call settings marked below.")
        return data

    @cached_property
    def changed_data(self) -> list[str]:
        """Return the names of changed fields, as the history shows them."""
        names = list(super().changed_data)
        return [*names, "call settings"] if self.settings_form.has_changed() else names
