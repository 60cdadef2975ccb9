"""A list that is uploaded in the back office."""

from __future__ import annotations

from django import forms

from batchcalls.uploads import ReadingOptions


class ReadingForm(forms.Form):
    """A list, and how to read it where that is not to be found out."""

    file = forms.FileField(
        label="List", help_text="CSV, TSV, semicolons or pipes in any usual encoding, or XLSX."
    )
    encoding = forms.CharField(
        max_length=40, required=False, help_text="Such as utf-8 or cp1252; blank: detected."
    )
    delimiter = forms.CharField(
        max_length=10,
        required=False,
        strip=False,
        help_text="comma, semicolon, tab or pipe; blank: detected.",
    )
    sheet = forms.CharField(
        max_length=100, required=False, help_text="Of a workbook; blank: the first."
    )

    def reading(self) -> ReadingOptions:
        """Return what was chosen."""
        data = self.cleaned_data
        return ReadingOptions(
            encoding=data["encoding"], delimiter=data["delimiter"], sheet=data["sheet"]
        )
