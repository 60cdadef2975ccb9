"""Form fields of voice accounts for lists: countries and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from batchcalls.models import CallerId, VoiceAccount
from campaigns import countries


class NumbersField(forms.Field):
    """A list of numbers, one per line."""

    widget = forms.Textarea(attrs={"rows": 4, "class": "number", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Return the list as text, one number per line."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        """Return the numbers. Pasted text may separate them with commas."""
        return [line for part in re.split(r"[\r\n,;]+", str(value or "")) if (line := part.strip())]


class CountriesField(forms.Field):
    """A list of countries as codes, separated by spaces or commas."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Return the list as text."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        """Return the codes; refuse what is no country."""
        found, unknown = countries.read_countries(str(value or ""))
        if unknown:
            listed = ", ".join(f"“{word[:20]}”" for word in unknown[:10])
            raise ValidationError(
                f"{listed}: not a country code. Use two-letter codes such as US or GB, separated "
                "by commas."
            )
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the countries and ignore spelling."""
        return sorted(initial or []) != countries.read_countries(str(data or ""))[0]


def read_caller_ids(account: VoiceAccount, numbers: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return numbers as E.164, each once, and what is wrong with the others."""
    found: dict[str, None] = {}
    wrong: list[str] = []
    for number in numbers:
        caller_id = CallerId(account=account, e164=number)
        try:
            caller_id.clean()
        except ValidationError as error:
            wrong += error.messages
        else:
            found[caller_id.e164] = None
    return list(found), wrong
