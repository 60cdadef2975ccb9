"""What the filters of every list have in common."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms


class ListFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filters of which a wrong value shows no rows and says why, never all of them."""

    @property
    def qs(self) -> Any:
        """Return the rows that match; none while a value cannot be understood."""
        return super().qs if self.is_valid() else self.queryset.none()

    @property
    def is_narrowed(self) -> bool:
        """Tell whether anything is asked for."""
        return any(str(self.data.get(name, "")).strip() for name in self.filters)


def search_field(label: str, placeholder: str) -> dict[str, Any]:
    """Return the arguments of a filter by words."""
    widget = forms.TextInput(attrs={"type": "search", "placeholder": placeholder})
    return {"label": label, "widget": widget, "max_length": 200}
