"""Form fields of an uploaded list."""

from __future__ import annotations

from dataclasses import replace

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget

from batchcalls.intake.uploads import ReadingOptions
from campaigns import e164
from campaigns.number_writing import Written


class RegionForm(forms.Form):
    """The country of phone numbers that have no country code."""

    region = forms.CharField(
        label="Country of numbers without a country code",
        max_length=2,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Two letters, such as US or GB. Leave blank for the site’s default.",
    )

    def clean_region(self) -> str:
        """Reject anything that is not a country."""
        region = str(self.cleaned_data["region"]).strip().upper()
        if region and not e164.is_region(region):
            raise forms.ValidationError(f"{region} is not a country. Use two letters, such as US.")
        return region


class FormatForm(forms.Form):
    """The format of a list, where it is not detected."""

    encoding = forms.CharField(
        max_length=40,
        required=False,
        help_text="For example utf-8 or cp1252. Leave blank to detect.",
    )
    delimiter = forms.CharField(
        max_length=10,
        required=False,
        strip=False,
        help_text="Comma, semicolon, tab, or pipe. Leave blank to detect.",
    )
    sheet = forms.CharField(
        max_length=100,
        required=False,
        help_text="For Excel files. Leave blank for the first sheet.",
    )

    header_row = forms.IntegerField(
        min_value=1,
        required=False,
        help_text="If there is a title above the names of the columns. Leave blank for the first "
        "row with text.",
    )
    include_hidden = forms.BooleanField(
        label="Include hidden rows and columns",
        required=False,
        help_text="For Excel files. Otherwise they are skipped.",
    )

    def reading(self) -> ReadingOptions:
        """Return the chosen options, ignoring invalid fields."""
        names = ("encoding", "delimiter", "sheet", "include_hidden", "region", "numbers_written")
        return ReadingOptions(
            header_row=self.cleaned_data.get("header_row") or 0,
            **{name: self.cleaned_data.get(name, "") for name in names},
        )


class ReadingForm(FormatForm):
    """A list, and its format."""

    field_order = ["file"]

    file = forms.FileField(label="List", help_text="A CSV or Excel file (.xlsx).")
    columns = forms.CharField(
        widget=AdminTextareaWidget(attrs={"rows": 4}),
        required=False,
        help_text="One COLUMN=TARGET per line, for columns that should not be matched by their "
        "headers. COLUMN is a header, or #3 for the third column. TARGET is phone_number[.2], "
        "request_data.NAME, trusted_text.NAME, metadata.NAME, postcode, state, consent, "
        "consent_type, consent_date, consent_source, consent_evidence, opt_out, ignore, or "
        "a call setting.",
    )

    numbers_written = forms.ChoiceField(
        label="Numbers are written",
        choices=[("", "Detect from the whole list"), *((one.value, one.label) for one in Written)],
        required=False,
        help_text="For numbers without +, such as 4915123456789, that can be read both ways.",
    )

    def reading(self) -> ReadingOptions:
        """Return the chosen options."""
        lines = self.cleaned_data["columns"].splitlines()
        return replace(super().reading(), column_options=[line for line in lines if line.strip()])
