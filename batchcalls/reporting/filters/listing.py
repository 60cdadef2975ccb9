"""What the filters of every list have in common."""

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


def check_number_part(value: str) -> None:
    """Raise `ValidationError` for what is neither a number nor a part of one."""
    if not _NUMBER_PART.fullmatch(value.strip()):
        raise ValidationError("Write a number, or three digits of it at least.")


def digits_of(value: str) -> str:
    """Return the digits of what somebody typed, in whatever script, without all else."""
    return "".join(str(int(one)) for one in value if one.isdecimal())


def midnight(day: date) -> datetime:
    """Return when a day begins in the site's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def add_period(filters: type[ListFilter], moment: str) -> None:
    """Add the filters From and To: days of the site's time zone, the last one included.

    "from" is a word of the language, so they cannot be attributes in the class's body.
    """

    def since(rows: Any, name: str, value: date) -> Any:
        return rows.filter(**{f"{moment}__gte": midnight(value)})

    def until(rows: Any, name: str, value: date) -> Any:
        return rows.filter(**{f"{moment}__lt": midnight(value + timedelta(days=1))})

    for name, label, method in (("from", "From", since), ("to", "To", until)):
        filters.base_filters[name] = django_filters.DateFilter(
            label=label,
            method=method,
            widget=forms.DateInput(attrs={"type": "date"}),
            validators=[_check_year],
            error_messages={"invalid": "Write a date such as 2026-11-24."},
        )


def _check_year(value: date) -> None:
    if not 1970 <= value.year <= 2999:
        raise ValidationError("Write a date with a year from 1970 to 2999.")
