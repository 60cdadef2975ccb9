"""The form of a webhook endpoint."""

from __future__ import annotations

from typing import Any

from django import forms

from batchcalls.models import Batch, WebhookEndpoint
from batchcalls.reporting.filters.several import BatchIdField
from campaigns.models import Campaign

EVENTS = {
    "batch.status": "Each change of a batch’s status",
    "call.finished": "Each call that is finished",
}


class EndpointForm(forms.ModelForm[WebhookEndpoint]):
    """The fields of an endpoint, as its functions expect them."""

    events = forms.MultipleChoiceField(
        label="It is told of",
        choices=list(EVENTS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event."},
    )
    campaign = forms.ModelChoiceField(
        queryset=Campaign.objects.all(),
        required=False,
        empty_label="Every campaign",
        help_text="Of this campaign’s batches alone.",
    )
    batch = BatchIdField(
        label="Batch ID",
        queryset=Batch.objects.all(),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Of this one batch alone. Blank: every batch.",
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["url", "description", "events", "format", "campaign", "batch"]
        widgets = {
            "url": forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        }
        help_texts = {
            "url": "Each message is sent there by POST. It must begin with https://.",
            "description": "Note for your team.",
            "format": "Ours, or what programs for the Bland API understand.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        new = self.instance._state.adding
        self.initial["events"] = list(EVENTS) if new else self.instance.events

    def clean(self) -> dict[str, Any]:
        """Set the events on the instance before the model validates it."""
        cleaned: dict[str, Any] = super().clean() or {}
        events = cleaned.get("events") or []
        self.instance.on_batch_status = "batch.status" in events or not events
        self.instance.on_call_finished = "call.finished" in events or not events
        return cleaned
