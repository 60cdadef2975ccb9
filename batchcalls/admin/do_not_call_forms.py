"""Forms of the do-not-call list."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django import forms
from django.utils import timezone

from batchcalls.admin.reading_form import RegionForm
from batchcalls.batches.suppressing import REASON_LENGTH
from batchcalls.reporting.filters.listing import midnight
from campaigns.models import Campaign


class AddNumbersForm(RegionForm):
    """Numbers, one per line."""

    field_order = ["numbers", "reason", "campaign", "expires_on", "region"]

    # No maximum length: browsers truncate longer pasted text without a message.
    numbers = forms.CharField(
        label="Numbers",
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 8,
                "class": "mono",
                "spellcheck": "false",
                "placeholder": "+12025550123\n(202) 555-0124, asked us by letter",
            }
        ),
        help_text="One per line. Add a reason after a comma. SHA-256 hashes of numbers work too.",
        error_messages={"required": "Write at least one number."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=REASON_LENGTH,
        required=False,
        help_text="Used for lines without their own reason.",
    )

    campaign = forms.ModelChoiceField(
        Campaign.objects.order_by("name"),
        label="Scope",
        required=False,
        empty_label="All calls",
        help_text="Choose a campaign to block its calls only.",
    )
    expires_on = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Leave blank to block the numbers for good.",
    )

    def clean_expires_on(self) -> date | None:
        """Reject a day that is over, with which the entries would have no effect."""
        day: date | None = self.cleaned_data["expires_on"]
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError("This day has passed. Enter a later one.")
        return day

    @property
    def expires_at(self) -> datetime | None:
        """Return the end of the last day, in the reader's time zone."""
        day: date | None = self.cleaned_data["expires_on"]
        return midnight(day + timedelta(days=1)) if day else None

    def clean_numbers(self) -> str:
        """Reject input that has only blank lines."""
        numbers = str(self.cleaned_data["numbers"])
        if not numbers.strip():
            raise forms.ValidationError("Write at least one number.")
        return numbers


class ReasonForm(forms.Form):
    """Why a number must not be called."""

    reason = forms.CharField(max_length=REASON_LENGTH, required=False)


class RemoveForm(forms.Form):
    """Why a number may be called again."""

    why = forms.CharField(
        label="Why is it removed?",
        max_length=REASON_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="It is kept with your name and the time.",
    )
