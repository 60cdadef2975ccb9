"""The field that picks a saved pathway by its name."""

from __future__ import annotations

from typing import Any

from django import forms

from campaigns.models import Pathway

#: Variables that are named beside a pathway.
MOST_NAMES = 6


class PathwayField(forms.ModelChoiceField[Pathway]):
    """Saved pathways by name, with the variables that each needs."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the name and the variables."""
        names = sorted(obj.needs.names)
        listed = ", ".join(names[:MOST_NAMES]) + ", …" * (len(names) > MOST_NAMES)
        return f"{obj} – needs {listed}" if names else str(obj)
