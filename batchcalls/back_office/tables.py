"""The pages of a table: lists, forms, and confirmations that look the same everywhere.

Django's `ModelAdmin` decides what they hold; the templates of `templates/admin` how they look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR, ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError
from django.db.models import Field, Model
from django.http import HttpRequest
from django.utils.text import capfirst

from batchcalls.reporting.formatting import ago, pill
from batchcalls.states import Tone

NOTHING = "–"
#: Kinds of cells that are laid out in a way of their own: counts, and free text of any length.
NUMBER, TEXT = "num", "text"


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a row: its column, and the page that it links to."""

    label: str
    value: Any
    kind: str = ""
    url: str = ""

    @property
    def is_number(self) -> bool:
        """Return whether the value is a count, which is aligned to the right."""
        return self.kind == NUMBER


class TableList(ChangeList):
    """A page of rows, with its filters as one form."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.chosen = request.GET.dict()

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows. Raise `IncorrectLookupParameters`, which shows the whole list."""
        try:
            super().get_results(request)
        # NUL on PostgreSQL, numbers beyond 64 bits on SQLite: only the driver notices.
        except (ValueError, OverflowError, DataError) as error:
            raise IncorrectLookupParameters(error) from error

    @property
    def is_narrowed(self) -> bool:
        """Return whether a search or a filter is set."""
        return bool(self.query or self.has_active_filters)

    @property
    def form(self) -> forms.Form:
        """Return the search field and a select for each filter."""
        fields: dict[str, forms.Field] = {}
        if self.search_fields:
            hint = {"type": "search", "placeholder": self.search_help_text or ""}
            fields[SEARCH_VAR] = forms.CharField(
                label="Search", max_length=200, widget=forms.TextInput(attrs=hint)
            )
        for spec in self.filter_specs:
            name, *others = map(str, spec.expected_parameters())
            choices = [("", "Any")]
            for choice in spec.choices(self):
                chosen = parse_qs(str(choice["query_string"]).lstrip("?"))
                # A choice of another parameter ("not set") has no place in a select of this one.
                if name in chosen and not chosen.keys() & set(others):
                    choices.append((chosen[name][0], str(choice["display"])))
            label = getattr(self.model_admin, "filter_labels", {}).get(name, capfirst(spec.title))
            fields[name] = forms.ChoiceField(label=label, choices=choices)
        if ORDER_VAR in self.chosen:
            fields[ORDER_VAR] = forms.CharField(widget=forms.HiddenInput)
        for field in fields.values():
            field.required = False
        form: forms.Form = type("FilterForm", (forms.Form,), fields)(initial=self.chosen)
        return form

    @property
    def columns(self) -> list[dict[str, Any]]:
        """Return the heads of the columns, with the links that sort them."""
        numbers = [cell.is_number for cell in next(self.rows, [])]
        heads = result_headers(self)
        return [
            {**head, "is_number": is_number} for head, is_number in zip(heads, numbers, strict=True)
        ]

    @property
    def rows(self) -> Iterator[list[Cell]]:
        """Yield the cells of each row; the first links to the row's page."""
        for row in self.result_list:
            yield [self._cell(str(name), row) for name in self.list_display]

    def _cell(self, name: str, row: Model) -> Cell:
        value, kind = self._value(name, row)
        return Cell(
            label=capfirst(str(label_for_field(name, self.model, self.model_admin))),
            value=NOTHING if value is None or value == "" else value,
            kind=kind,
            url=self.url_for_result(row) if name in (self.list_display_links or ()) else "",
        )

    def _value(self, name: str, row: Model) -> tuple[Any, str]:
        """Return a value as it is shown, and its kind."""
        try:
            field, _, value = lookup_field(name, row, self.model_admin)
        except ObjectDoesNotExist:
            return None, ""
        if isinstance(value, bool):
            return (pill("yes", tone=Tone.SUCCESS) if value else "No"), ""
        if isinstance(value, datetime):
            return ago(value), ""
        if not isinstance(field, Field) or field.is_relation:
            return value, NUMBER if type(value) is int else TEXT
        shown = display_for_field(value, field, NOTHING)
        if name == "status":
            return pill(str(value), str(shown)), ""
        return shown, "" if field.choices else TEXT


class TablePages:
    """What all tables share. Values that no column can have are unknown, not errors."""

    #: Rows are changed one at a time, where their page says what it means.
    actions = None
    list_per_page = 50

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Return the list as it is shown here."""
        return TableList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Model | None:
        """Return a row, or None for a key that no database stores."""
        if "\0" in object_id:
            return None
        row: Model | None = super().get_object(request, object_id, from_field)  # type: ignore[misc]
        return row

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field without buttons that open windows for its choices."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field
