"""A list that is uploaded in the back office."""

from __future__ import annotations

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget

from batchcalls.intake.uploads import ReadingOptions


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
    columns = forms.CharField(
        widget=AdminTextareaWidget(attrs={"rows": 4}),
        required=False,
        help_text="What single columns become, one COLUMN=TARGET on a line: phone_number, "
        "request_data.NAME, metadata.NAME, consent, ignore, or a call setting; COLUMN is a header, "
        "or #3 for the third. The others are matched by their headers.",
    )

    def reading(self) -> ReadingOptions:
        """Return what was chosen."""
        data = self.cleaned_data
        return ReadingOptions(
            encoding=data["encoding"],
            delimiter=data["delimiter"],
            sheet=data["sheet"],
            column_options=[line for line in data["columns"].splitlines() if line.strip()],
        )
