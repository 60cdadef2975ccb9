"""Descriptions in the OpenAPI document of what says the same in every table.

All others are help texts of columns and of serializer fields, and docstrings.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from rest_framework import serializers

_OF_COLUMNS = {
    "id": "ID of the {one}.",
    "name": "Name of the {one}.",
    "created_at": "When the {one} was created.",
    "updated_at": "When the {one} was last changed.",
}


def with_article(noun: str) -> str:
    """Return a noun with its indefinite article."""
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def of_path(name: str, model: type[Model]) -> str:
    """Return the description of a parameter in the path of a resource."""
    if name == "number":
        return "The number, in any notation, or its hash."
    noun = name.removesuffix("id").removesuffix("_") or model._meta.verbose_name
    return f"ID of the {noun}."


def of_field(field: Any) -> str:
    """Return the description of a serializer field without a help text, or nothing."""
    if field.parent is None:
        return ""
    if isinstance(field, serializers.ManyRelatedField):
        return f"IDs of the {_nouns(field.child_relation)[1]}."
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        return f"ID of the {_nouns(field)[0]}."
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    template = _OF_COLUMNS.get(field.field_name, "") if model else ""
    return template.format(one=model._meta.verbose_name) if model else ""


def _nouns(field: Any) -> tuple[str, str]:
    """Return the singular and the plural of the rows that a field refers to."""
    if field.queryset is not None:
        model: Any = field.queryset.model
    else:  # a field that is only read has its column alone
        model = field.parent.Meta.model._meta.get_field(field.source).related_model
    return str(model._meta.verbose_name), str(model._meta.verbose_name_plural)
