"""Fields of forms that a person may not set: shown with their value, and refused if sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from campaigns.setting_permissions import Refusal


class Locks:
    """The locked fields of a form.

    A browser does not send them, and they keep their value. A program that sends another value
    gets an error at the field.
    """

    def __init__(self, form: forms.BaseForm) -> None:
        self._form = form
        self._refusals: dict[str, Refusal] = {}

    def lock(self, names: Iterable[str], refusal: Refusal | None) -> None:
        """Lock the fields with these names, unless there is nothing to refuse."""
        if refusal is None:
            return
        for name in names:
            if name in self._form.fields:
                field = self._form.fields[name]
                field.disabled = True
                note = f"Only people with the permission {refusal.permissions} can change this."
                field.help_text = f"{field.help_text} {note}".strip()
                self._refusals[name] = refusal

    def check(self) -> None:
        """Add an error to each locked field that was sent with another value."""
        for name, refusal in self._refusals.items():
            bound = self._form[name]
            sent = bound.field.widget.value_from_datadict(
                self._form.data, self._form.files, bound.html_name
            )
            if sent not in (None, "", []) and _is_changed(bound.field, bound.initial, sent):
                self._form.add_error(name, refusal.message)


def _is_changed(field: forms.Field, initial: Any, sent: Any) -> bool:
    """Compare as if the field was not locked: Django says of a disabled field that it is not."""
    field.disabled = False
    try:
        return field.has_changed(initial, sent)
    finally:
        field.disabled = True
