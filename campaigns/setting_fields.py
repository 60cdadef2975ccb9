"""Form fields for call settings that are lists or objects, derived from the schema of each.

A list of texts is one item per line, a list of a few options is checkboxes, and objects have one
input for each member, in rows that scripts add to. What no form can show stays JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from campaigns.call_settings.shapes import decode

#: Options up to this number are checkboxes; of more, people write the ones they mean.
MOST_CHECKBOXES = 12
#: Blank rows that are shown below those with values, for pages without scripts.
SPARE_ROWS = 2
_ABBREVIATIONS = {"id": "ID", "sms": "text message", "url": "URL"}
_LABELS = {
    ("workbench_setup_id",): "Workbench setup",
    ("workbench_setup_version_id",): "Or one version of a setup",
    ("sms", "to"): "Text message to",
    ("sms", "from"): "Text message from",
    ("sms", "message"): "Text message",
    ("wait",): "Wait (seconds)",
    ("config", "end_seconds"): "End the call after (seconds)",
    ("actions",): "Actions (JSON)",
    ("prompt",): "What to look for",
}
_YES_NO = [("", "Default"), ("true", "Yes"), ("false", "No")]

#: One row of a form: the text of each input by its slug.
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Member:
    """One input of a row: the path of the value it gives, and the schema of that value."""

    path: tuple[str, ...]
    schema: Mapping[str, Any]
    label: str

    @property
    def slug(self) -> str:
        """Return the last part of the input's name."""
        return "__".join(self.path)

    @property
    def is_json(self) -> bool:
        """Return whether the value is written as JSON, because it is nested further."""
        is_any = "type" not in self.schema and "oneOf" not in self.schema
        return (is_any or self.schema.get("type") in {"array", "object"}) and not self.options

    @property
    def options(self) -> list[str]:
        """Return the allowed words, or none if any value is allowed."""
        return [one for one in self.schema.get("enum", ()) if one is not None]

    @property
    def widget(self) -> forms.Widget:
        """Return the input."""
        if self.schema.get("type") == "boolean":
            return forms.Select(choices=_YES_NO)
        if self.options:
            return forms.Select(choices=[("", "Choose"), *((one, one) for one in self.options)])
        if self.is_json or self.schema.get("maxLength", 0) > 1_000:
            return forms.Textarea(attrs={"rows": 2})
        if self.schema.get("type") in {"integer", "number"}:
            return forms.TextInput(attrs={"inputmode": "decimal"})
        return forms.TextInput(attrs={"autocomplete": "off"})


def members_of(schema: Mapping[str, Any], within: tuple[str, ...] = ()) -> Iterator[Member]:
    """Yield the inputs for an object's members; those of an inner object follow their names."""
    for name, inner in schema["properties"].items():
        path = (*within, name)
        if "properties" in inner and not within:
            yield from members_of(inner, path)
        else:
            yield Member(path, inner, _LABELS.get(path) or _in_words(name))


def _in_words(name: str) -> str:
    words = [_ABBREVIATIONS.get(word, word) for word in name.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


class RowsWidget(forms.Widget):
    """Inputs for the members of objects, in one row for each object."""

    template_name = "campaigns/widgets/rows.html"
    use_fieldset = True

    def __init__(self, members: Sequence[Member], *, adds: str = "", attrs: Any = None) -> None:
        super().__init__(attrs)
        self.members, self.adds = members, adds

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Return the rows with values, and blank ones if rows can be added."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        rows = list(value or [])
        rows += [{}] * (SPARE_ROWS if self.adds else 1 - len(rows))
        passed = {
            key: given
            for key, given in context["widget"]["attrs"].items()
            if key in {"disabled", "aria-invalid"}
        }
        id_ = context["widget"]["attrs"].get("id", f"id_{name}")
        context["widget"] |= {
            "rows": [
                [
                    self._cell(member, row, f"{name}-{at}-{member.slug}", f"{id_}_{at}", passed)
                    for member in self.members
                ]
                for at, row in enumerate(rows)
            ],
            "adds": "" if "disabled" in passed else self.adds,
            "is_wide": len(self.members) > 2,
        }
        return context

    @staticmethod
    def _cell(
        member: Member, row: Row, name: str, id_: str, attrs: dict[str, Any]
    ) -> dict[str, Any]:
        own = f"{id_}_{member.slug}"
        html = member.widget.render(name, row.get(member.slug, ""), {**attrs, "id": own})
        return {"id": own, "label": member.label, "input": html}

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[Row]:
        """Return the rows in which anything is written."""
        form = re.compile(rf"{re.escape(name)}-(\d{{1,4}})-(\w+)")
        slugs = {member.slug for member in self.members}
        rows: dict[int, Row] = {}
        for key in data:
            found = form.fullmatch(key)
            if found and found[2] in slugs and str(data[key]).strip():
                rows.setdefault(int(found[1]), {})[found[2]] = str(data[key])
        return [rows[at] for at in sorted(rows)]

    def id_for_label(self, id_: str) -> str:
        """Return the first input, where links to errors lead."""
        return f"{id_}_0_{self.members[0].slug}" if id_ else ""


class RowsField(forms.Field):
    """A list of objects, or one object if no rows can be added. Its value is a list of rows."""

    def __init__(self, members: Sequence[Member], *, adds: str = "", **common: Any) -> None:
        self.members, self.is_list = list(members), bool(adds)
        super().__init__(widget=RowsWidget(self.members, adds=adds), **common)

    def rows_of(self, value: Any) -> list[Row]:
        """Return a stored value as the rows that give it."""
        return [self._row(one) for one in (value if self.is_list else [value])]

    def _row(self, value: Mapping[str, Any]) -> Row:
        row = {}
        for member in self.members:
            inner: Any = value
            for name in member.path:
                inner = inner.get(name) if isinstance(inner, Mapping) else None
            if inner is not None:
                row[member.slug] = inner if isinstance(inner, str) else _json(inner)
        return row

    def to_python(self, value: Any) -> Any:
        """Return the objects that the rows mean, which the setting's parser checks."""
        objects = [self._object(row) for row in value or []]
        return objects if self.is_list else (objects[0] if objects else {})

    def _object(self, row: Row) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for member in self.members:
            if not (text := row.get(member.slug, "").strip()):
                continue
            holder = made
            for name in member.path[:-1]:
                holder = holder.setdefault(name, {})
            holder[member.path[-1]] = _decoded(text) if member.is_json else text
        return made

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is written in the rows."""
        return list(initial or []) != list(data or [])


class NamedField(RowsField):
    """An object with names of any kind: one row for each name and its value."""

    def __init__(self, value: Mapping[str, Any], labels: tuple[str, str], **common: Any) -> None:
        self._labels = labels
        name = Member(("name",), {"type": "string"}, labels[0])
        super().__init__([name, Member(("value",), value, labels[1])], **common)

    def rows_of(self, value: Any) -> list[Row]:
        """Return a row for each name."""
        return [{"name": name, "value": str(one)} for name, one in value.items()]

    def to_python(self, value: Any) -> dict[str, str]:
        """Return the object; raise `ValidationError` for half a row, and for a name twice."""
        made: dict[str, str] = {}
        for row in value or []:
            name, text = (row.get(slug, "").strip() for slug in ("name", "value"))
            lacking = self._labels[0] if not name else self._labels[1]
            if not (name and text):
                raise ValidationError(
                    f"“{name or text}” has no {lacking.lower()}. Enter one, or clear the row."
                )
            if name in made:
                raise ValidationError(f"“{name}” is listed twice. Use each name once.")
            made[name] = text
        return made


class LinesField(forms.CharField):
    """A list of texts: one per line, or a JSON array for items that contain line breaks."""

    def __init__(self, *, help_text: str = "", **common: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3})
        super().__init__(widget=widget, help_text=f"{help_text} One per line.".strip(), **common)

    def to_python(self, value: Any) -> Any:
        """Return the lines; the parser reads a JSON array."""
        text = str(value or "").strip()
        return text if text.startswith("[") else [line for line in _lines(text) if line]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the items."""
        return bool(self.to_python(initial) != self.to_python(data))

    @staticmethod
    def text_of(items: Sequence[str]) -> str:
        """Return stored items as the text that gives them."""
        plain = all("\n" not in item and "\r" not in item for item in items)
        plain = plain and not (items and items[0].startswith("["))
        return "\n".join(items) if plain else json.dumps(items, ensure_ascii=False)


class PickWidget(forms.MultiWidget):
    """Checkboxes for known values, and lines for others."""

    template_name = "campaigns/widgets/pick.html"
    use_fieldset = True

    def __init__(self, choices: Sequence[tuple[str, str]]) -> None:
        self._known = [value for value, _ in choices]
        lines = forms.Textarea(attrs={"rows": 2})
        boxes = forms.CheckboxSelectMultiple(choices=choices)
        super().__init__({"known": boxes, "other": lines})

    def decompress(self, value: Any) -> list[Any]:
        """Split items into those with a checkbox and the others."""
        items = value or []
        others = [one for one in items if one not in self._known]
        return [[one for one in items if one in self._known], "\n".join(others)]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """Return the checked items, then the written ones."""
        known, other = super().value_from_datadict(data, files, name)
        return [*(known or []), *(line for line in _lines(other or "") if line)]

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Split the items also when they come from a form."""
        context: dict[str, Any] = super().get_context(name, self.decompress(value), attrs)
        return context


class PickField(forms.Field):
    """A list of texts of which some are known by name."""

    def __init__(self, choices: Sequence[tuple[str, str]], **common: Any) -> None:
        super().__init__(widget=PickWidget(choices), **common)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare without order, which checkboxes do not keep."""
        return sorted(initial or []) != sorted(data or [])


#: What the two inputs of a named value are called, and the button that adds another.
_NAMED = {
    "transfer_list": ("Name", "Phone number", "Add a transfer number"),
    "analysis_schema": ("Field", "Type or format", "Add a field"),
}
_ADDS = {
    "pronunciation_guide": "Add a word",
    "guard_rails": "Add a rule",
}


def field_of(
    name: str,
    schema: Mapping[str, Any],
    value: Any,
    *,
    known: Sequence[tuple[str, str]] = (),
    without: frozenset[str] = frozenset(),
    **common: Any,
) -> forms.Field | None:
    """Return the field of a list or object with its stored value, None if only JSON can show it.

    ``value`` is None if nothing is stored. ``known`` are values of a list to choose from, with
    labels. ``without`` are members of an object that have fields of their own.
    """
    items = schema.get("items", {})
    if schema["type"] == "array" and items.get("type") == "string":
        return list_field(items, value, known=known, **common)
    field: RowsField | None = None
    if "additionalProperties" in schema and isinstance(schema["additionalProperties"], Mapping):
        *labels, adds = _NAMED.get(name, ("Name", "Value", "Add another"))
        field = NamedField(
            schema["additionalProperties"], (labels[0], labels[1]), adds=adds, **common
        )
    elif _is_flat(items):
        members = list(members_of(items))
        field = RowsField(members, adds=_ADDS.get(name, "Add another"), **common)
    elif "properties" in schema:
        shown = {key: one for key, one in schema["properties"].items() if key not in without}
        field = RowsField(list(members_of({"properties": shown})), **common)
    if field is not None and value:
        field.initial = field.rows_of(value)
    return field


def list_field(
    items: Mapping[str, Any],
    value: Sequence[str] | None,
    *,
    known: Sequence[tuple[str, str]] = (),
    **common: Any,
) -> forms.Field:
    """Return the field of a list of texts with its stored value; ``items`` is the schema of one."""
    if known:
        return PickField(known, initial=value or [], **common)
    options = items.get("enum", ())
    if 0 < len(options) <= MOST_CHECKBOXES:
        choices = [(one, one.replace("_", " ").capitalize()) for one in options]
        boxes = forms.CheckboxSelectMultiple
        return forms.MultipleChoiceField(
            choices=choices, widget=boxes, initial=value or [], **common
        )
    return LinesField(initial=LinesField.text_of(value or []), **common)


def _is_flat(schema: Mapping[str, Any]) -> bool:
    """Return whether rows can show objects: with at most one member that is written as JSON."""
    return "properties" in schema and sum(one.is_json for one in members_of(schema)) < 2


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _decoded(text: str) -> Any:
    """Return the JSON value of a text, or the text for the parser to refuse."""
    try:
        return decode(text)
    except ValueError:
        return text
