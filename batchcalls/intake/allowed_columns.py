"""Which columns a person may map: those of sensitive call settings need a permission.

A header alone never gives such a setting: a list must not take over the calls to its own people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from batchcalls.lists.guessing import as_variable, distinct
from batchcalls.lists.headers import Header
from batchcalls.lists.mapping import (
    ColumnTarget,
    ListMapping,
    MappingError,
    MappingProblem,
    Target,
)
from campaigns.call_settings import is_call_setting
from campaigns.call_settings.sensitivity import Sensitivity
from campaigns.setting_permissions import NOT_ALLOWED, Refusal, classes_of_name, refused_name

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def is_guessed(name: str) -> bool:
    """Return whether a header may become a call setting although nobody looks at the mapping."""
    return is_call_setting(name) and not classes_of_name(name)


def require(mapping: ListMapping, actor: User | None, *, known: ListMapping | None = None) -> None:
    """Raise `MappingError` for columns that a person may not map.

    Columns that ``known`` maps the same way were mapped by somebody else.
    """
    if problems := refused(mapping, actor, known=known):
        raise MappingError(problems)


def refused(
    mapping: ListMapping, actor: User | None, *, known: ListMapping | None = None
) -> list[MappingProblem]:
    """Return a problem for each column that a person may not map."""
    before = {_kind(column) for column in known.columns} if known else set()
    return [
        MappingProblem(NOT_ALLOWED, why.of_column(column.label), column.label, column.position)
        for column in mapping.columns
        if _kind(column) not in before and (why := _refusal(column, actor))
    ]


def classes_in(mapping: ListMapping, *, known: ListMapping | None = None) -> frozenset[Sensitivity]:
    """Return the classes of the settings that columns give, without those that ``known`` has."""
    before = {_kind(column) for column in known.columns} if known else set()
    found = (classes_of_name(_name(c)) for c in mapping.columns if _kind(c) not in before)
    return frozenset[Sensitivity]().union(*found)


def as_allowed(mapping: ListMapping, headers: Sequence[Header], actor: User | None) -> ListMapping:
    """Return a mapping in which the columns that a person may not map are variables."""
    if not refused(mapping, actor):
        return mapping
    columns = [
        as_variable(headers[column.position]) if _refusal(column, actor) else column
        for column in mapping.columns
    ]
    kept = [column.position for column in mapping.columns if not _refusal(column, actor)]
    return ListMapping(distinct(columns, fixed=kept))


def _refusal(column: ColumnTarget, actor: User | None) -> Refusal | None:
    return refused_name(actor, _name(column))


def _name(column: ColumnTarget) -> str:
    """Return the setting or the field that a column gives, or a blank."""
    if column.target == Target.CALL_SETTING:
        return column.name
    return column.target.value if column.target == Target.TRUSTED_TEXT else ""


def _kind(column: ColumnTarget) -> tuple[int, str, str]:
    return column.position, column.header, _name(column)
