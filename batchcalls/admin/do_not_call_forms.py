"""Forms of the do-not-call list."""

from __future__ import annotations

from django import forms

from batchcalls.admin.reading_form import RegionForm
from batchcalls.batches.suppressing import REASON_LENGTH


class AddNumbersForm(RegionForm):
    """Numbers, one per line."""

    field_order = ["numbers", "reason", "region"]

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
