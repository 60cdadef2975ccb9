"""The base of all list filters."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

_NUMBER_PART = re.compile(r"[+\d\s().\-/]{3,30}")


class ListFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filters that show no rows and an error for an invalid value, never all rows."""

    @property
    def qs(self) -> Any:
        """Return the rows that match, or none while a value is invalid."""
        return super().qs if self.is_valid() else self.queryset.none()

    @property
    def narrowed_by(self) -> list[str]:
        """Return the names of the filters that are set."""
        return [name for name in self.filters if str(self.data.get(name, "")).strip()]

    @property
    def is_narrowed(self) -> bool:
        """Tell whether any filter is set."""
        return bool(self.narrowed_by)


def search_field(label: str, placeholder: str) -> dict[str, Any]:
    """Return the arguments of a text search filter."""
    widget = forms.TextInput(attrs={"type": "search", "placeholder": placeholder})
    return {"label": label, "widget": widget, "max_length": 200}


def check_number_part(value: str) -> None:
    """Raise `ValidationError` for text that is neither a number nor part of one."""
    if not _NUMBER_PART.fullmatch(value.strip()):
        raise ValidationError("Enter a number, or at least three of its digits.")


def digits_of(value: str) -> str:
    """Return only the digits of typed text, in any script."""
    return "".join(str(int(one)) for one in value if one.isdecimal())


def midnight(day: date) -> datetime:
    """Return the start of a day in the reader's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def add_period(filters: type[ListFilter], moment: str) -> None:
    """Add the filters From and To: days in the reader's time zone, the last one included.

    "from" is a Python keyword, so they cannot be attributes in the class body.
    """

    def since(rows: Any, name: str, value: date) -> Any:
        return rows.filter(**{f"{moment}__gte": midnight(value)})

    def until(rows: Any, name: str, value: date) -> Any:
        return rows.filter(**{f"{moment}__lt": midnight(value + timedelta(days=1))})

    for name, label, method in (("from", "From", since), ("to", "To", until)):
        # Subclasses inherit the declared ones.
        filters.base_filters[name] = filters.declared_filters[name] = django_filters.DateFilter(
            label=label,
            method=method,
            widget=forms.DateInput(attrs={"type": "date"}),
            validators=[check_year],
            error_messages={"invalid": "Enter a date such as 2026-11-24."},
        )


def check_year(value: date) -> None:
    """Raise `ValidationError` for a year that some database cannot compare."""
    if not 1970 <= value.year <= 2999:
        raise ValidationError("Enter a date between 1970 and 2999.")
