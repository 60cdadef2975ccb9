"""The form of a webhook endpoint."""

from __future__ import annotations

from typing import Any

from django import forms

from batchcalls.models import Batch, WebhookEndpoint
from batchcalls.reporting.filters.several import BatchIdField
from campaigns.models import Campaign

EVENTS = {
    "batch.status": "Each status change of a batch",
    "call.finished": "Each finished call",
}


class EndpointForm(forms.ModelForm[WebhookEndpoint]):
    """The fields of an endpoint, as its functions expect them."""

    events = forms.MultipleChoiceField(
        label="Events",
        choices=list(EVENTS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event."},
    )
    campaign = forms.ModelChoiceField(
        queryset=Campaign.objects.all(),
        required=False,
        empty_label="Every campaign",
        help_text="Only for batches of this campaign.",
    )
    batch = BatchIdField(
        label="Batch ID",
        queryset=Batch.objects.all(),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Only for this batch. Leave blank for every batch.",
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["url", "description", "events", "format", "campaign", "batch"]
        widgets = {
            "url": forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        }
        help_texts = {
            "url": "Receives each message as a POST request. It must begin with https://.",
            "description": "Note for your team.",
            "format": "Our own format, or the one of the Bland API.",
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
