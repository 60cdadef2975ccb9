"""Texts and JSON of any table that mention a number, such as logs of batches and saved filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import CharField, Field, JSONField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from batchcalls.keeping.writings import Writings
from batchcalls.models import AuditEntry, CallerId, ErasedNumber, IdempotentRequest

#: Tables whose texts stay as they are, and why.
KEPT: Final[dict[type[Model], str]] = {
    AuditEntry: "never has a number, only a mask and a hash with a key",
    CallerId: "the installation's own numbers",
    ErasedNumber: "only pseudonyms",
}
#: Columns with values that constraints or programs compare.
_FIXED: Final = {
    *("e164", "to_number", "from_number", "event_id", "event_key", "provider_call_id", "digest"),
    *("salt", "former_salt", "file"),
}
_ROWS_AT_ONCE: Final = 500


def tables() -> list[type[Model]]:
    """Return the tables that are searched."""
    searched: list[type[Model]] = [LogEntry]
    for label in ("batchcalls", "campaigns"):
        searched += apps.get_app_config(label).get_models()
    return [one for one in searched if one not in KEPT]


def columns_of(model: type[Model]) -> list[Field[Any, Any]]:
    """Return the columns of a table that may hold a text."""
    return [
        column
        for column in model._meta.concrete_fields
        if isinstance(column, CharField | TextField | JSONField)
        and not (column.primary_key or column.is_relation or column.choices)
        and column.name not in _FIXED
    ]


def rows_with(model: type[Model], writings: Writings) -> QuerySet[Any]:
    """Return the rows of a table that seem to mention a number. Reads the whole table."""
    found = Q(pk__in=[])
    casts = {}
    for column in columns_of(model):
        casts[f"_{column.name}"] = Cast(column.name, TextField())
        found |= Q(**{f"_{column.name}__regex": writings.likely})
    return (
        model._default_manager.alias(**casts).filter(found)
        if casts
        else model._default_manager.none()
    )


def keys_with(model: type[Model], writings: Writings) -> list[Any]:
    """Return the keys of the rows that seem to mention a number."""
    return list(rows_with(model, writings).order_by("pk").values_list("pk", flat=True))


def take_out(writings: Writings) -> dict[str, int]:
    """Replace the number wherever a text mentions it. Return how many rows changed, by table.

    Answers kept for repeated requests are deleted instead: a changed answer would be no answer.
    """
    changed: dict[str, int] = {}
    for model in tables():
        keys = keys_with(model, writings)
        count = 0
        for start in range(0, len(keys), _ROWS_AT_ONCE):
            some = keys[start : start + _ROWS_AT_ONCE]
            with transaction.atomic():
                if model is IdempotentRequest:
                    count += model._default_manager.filter(pk__in=some).delete()[0]
                else:
                    count += sum(_rewrite(model, writings, some))
        if count:
            changed[str(model._meta.verbose_name_plural)] = count
    return changed


def _rewrite(model: type[Model], writings: Writings, keys: list[Any]) -> Iterator[bool]:
    names = [column.attname for column in columns_of(model)]
    rows = model._default_manager.filter(pk__in=keys).order_by("pk")
    for row in rows.select_for_update().values("pk", *names):
        values = {
            name: _shortened(model, name, writings.without(row[name]))
            for name in names
            if writings.are_in(row[name])
        }
        yield bool(values and model._default_manager.filter(pk=row["pk"]).update(**values))


def _shortened(model: type[Model], name: str, value: Any) -> Any:
    longest = getattr(model._meta.get_field(name), "max_length", None)
    return value[:longest] if longest and isinstance(value, str) else value
