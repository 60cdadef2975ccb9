"""Filters that take several values with commas between them, such as ``status=completed,busy``."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters.fields import ChoiceField

from batchcalls.models import Batch

#: Values of one parameter. More would not fit into a URL that all servers accept.
MOST_VALUES = 100


def values_in(text: str) -> list[str]:
    """Return the values in a text. Raise `ValidationError` for a blank one, or for too many."""
    values = [one.strip() for one in text.split(",")]
    if len(values) > MOST_VALUES:
        raise ValidationError(f"Send {MOST_VALUES} values at most, not {len(values):,}.")
    if not all(values):
        raise ValidationError("One of the values is blank. Write a single comma between two.")
    return list(dict.fromkeys(values))


class _Select(forms.Select):
    """A list of choices. Several values, which come from a URL, are shown as one more choice."""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        """Return the choices, with the one that means several values."""
        groups = super().optgroups(name, value, attrs)
        if len(texts := value[0].split(",")) > 1:
            labels = dict(self.choices)
            label = ", ".join(str(labels.get(one.strip(), one)) for one in texts)
            chosen = self.create_option(name, value[0], label, True, len(groups), attrs=attrs)
            groups.append((None, [chosen], len(groups)))
        return groups


class _ChoicesField(ChoiceField):  # type: ignore[misc]
    widget = _Select

    def to_python(self, value: Any) -> list[str]:
        """Return the values. Raise `ValidationError`."""
        text = super().to_python(value)
        return values_in(text) if text.strip() else []

    def validate(self, values: list[str]) -> None:
        """Raise `ValidationError` for a value that is no choice."""
        for one in values:
            super().validate(one)


class ChoicesFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """Finds rows with one of several values. A method gets a list of them."""

    field_class = _ChoicesField

    def filter(self, rows: QuerySet[Any], values: list[str]) -> QuerySet[Any]:
        """Return the rows with one of these values; without a value, all rows."""
        return rows.filter(**one_of(self.field_name, values)) if values else rows


def one_of(name: str, values: list[Any]) -> dict[str, Any]:
    """Return the condition that a field has one of these values.

    For a single one, databases use an index that has the order of the list too.
    """
    return {name: values[0]} if len(values) == 1 else {f"{name}__in": values}


class BatchIdField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A whole batch ID, typed or pasted. Every invalid value gets the same message."""

    default_error_messages = {
        "invalid_choice": "No batch has this ID. Copy it from the list of batches."
    }

    def to_python(self, value: Any) -> Any:
        """Return the batch. Raise `ValidationError` for an invalid or unknown ID."""
        try:
            return super().to_python(value.strip() if isinstance(value, str) else value)
        except ValidationError:
            raise ValidationError(self.error_messages["invalid_choice"]) from None


class _BatchIdsField(BatchIdField):
    """The same with several IDs."""

    def to_python(self, value: Any) -> list[Batch]:
        """Return the batches. Raise `ValidationError` for an invalid or unknown ID."""
        if not (text := (value or "").strip()):
            return []
        ids = values_in(text)
        try:
            found = list(Batch.objects.filter(pk__in=ids))
        except ValidationError:
            found = []
        if len(found) < len(ids):
            raise ValidationError(self.error_messages["invalid_choice"])
        return found


class BatchIdFilter(django_filters.Filter):  # type: ignore[misc]
    """Filters by one batch, or by several."""

    field_class = _BatchIdsField

    def __init__(self, **options: Any) -> None:
        """Set the form field for whole IDs."""
        widget = forms.TextInput(attrs={"placeholder": "The whole ID", "autocomplete": "off"})
        super().__init__(label="Batch ID", queryset=Batch.objects.all(), widget=widget, **options)

    def filter(self, rows: QuerySet[Any], values: list[Batch]) -> QuerySet[Any]:
        """Return the rows of these batches; without one, all rows."""
        return rows.filter(**one_of(self.field_name, values)) if values else rows
