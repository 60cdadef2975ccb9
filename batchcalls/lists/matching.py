"""Column matching: guessed from the headers, chosen by a person, or from a saved mapping."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import NamedTuple

from batchcalls.lists.headers import REJECTED_REASON, Header, clean_header
from batchcalls.lists.mapping import (
    NAMED_TARGETS,
    SINGLE_TARGETS,
    ColumnTarget,
    ListMapping,
    MappingError,
    MappingProblem,
    Target,
    is_setting,
    mapped_twice,
    unknown_target,
)

# Best first. Only names that almost certainly mean the person to call.
# fmt: off
PHONE_SPELLINGS = (
    "phone_number", "phonenumber", "phone", "phone_no", "phone_num", "phone_e164", "e164",
    "msisdn", "mobile_number", "mobile_phone", "mobile", "mobile_no", "cell_number", "cell_phone",
    "cellphone", "cell", "telephone_number", "telephone", "tel_number", "tel_no", "tel",
    "contact_number", "contact_phone", "customer_phone", "primary_phone", "main_phone",
    "home_phone", "work_phone", "business_phone", "phone_1", "phone1", "to_number",
    "telefonnummer", "telefon", "rufnummer", "handynummer", "handy", "mobilnummer",
    "téléphone", "numéro_de_téléphone", "teléfono", "telefono", "número_de_teléfono",
    "telefone", "celular", "móvil", "number",
)
# fmt: on
CONSENT_SPELLINGS = frozenset(
    {
        "consent",
        "has_consent",
        "consent_given",
        "consent_to_call",
        "call_consent",
        "marketing_consent",
        "tcpa_consent",
        "opt_in",
        "optin",
        "opted_in",
        "einwilligung",
        "consentement",
        "consentimiento",
    }
)
_PREFIXED = re.compile(r"(request_data|metadata)\.\s*(\S.*)", re.IGNORECASE)


def guess(headers: Sequence[Header], *, is_call_setting: Callable[[str], bool]) -> ListMapping:
    """Match columns by their headers.

    In order: phone number, consent, prefixed names, call settings, else variables. Only a header
    that equals a call setting becomes one: “Task” in a customer list is not a prompt.
    """
    phone = _phone_header(headers)
    settings: set[str] = set()
    columns = []
    for header in headers:
        column = _as_variable(header)
        is_plain = column.target == Target.REQUEST_DATA and column.name == header.name
        if header is phone:
            column = replace(column, target=Target.PHONE_NUMBER, name="")
        elif _spelling(header) in CONSENT_SPELLINGS:
            column = replace(column, target=Target.CONSENT, name="")
        elif is_plain and is_setting(header.name, is_call_setting) and header.name not in settings:
            settings.add(header.name)
            column = replace(column, target=Target.CALL_SETTING)
        columns.append(column)
    return ListMapping(_distinct(columns))


def map_all(mapping: ListMapping, target: Target) -> ListMapping:
    """Map every column to the target, except the phone number, consent and blank columns.

    A “no” in a consent column always applies, whatever the person chose.
    """
    if target in SINGLE_TARGETS or target == Target.CALL_SETTING:
        raise MappingError([unknown_target(target)])
    columns = [
        column
        if column.target in SINGLE_TARGETS or not column.header or is_rejected_reason(column)
        else replace(column, target=target, name=_name_for(target, column.header))
        for column in mapping.columns
    ]
    return ListMapping(_distinct(columns))


class Assignment(NamedTuple):
    """A person's choice of target for one column, named by its header or, as #3, its position."""

    column: str
    target: Target
    name: str = ""


def parse_option(text: str) -> Assignment:
    """Read COLUMN=TARGET; raise MappingError."""
    column, sign, target = text.rpartition("=")
    if not (sign and column.strip() and target.strip()):
        message = f"“{text}” does not say what a column becomes: write COLUMN=TARGET."
        raise MappingError([MappingProblem("bad_option", message)])
    return _assignment(column.strip(), target)


def _assignment(column: str, target: str) -> Assignment:
    """Read a target.

    phone_number, request_data[.name], metadata[.name], consent, ignore or a setting.
    """
    kind, dot, name = clean_header(target).partition(".")
    if kind.lower() in {Target.REQUEST_DATA, Target.METADATA}:
        return Assignment(column, Target(kind.lower()), name.strip())
    if kind.lower() in {*SINGLE_TARGETS, Target.IGNORE} and not dot:
        return Assignment(column, Target(kind.lower()))
    return Assignment(column, Target.CALL_SETTING, kind + dot + name)


def apply_options(
    mapping: ListMapping,
    headers: Sequence[Header],
    options: Iterable[Assignment],
    *,
    is_call_setting: Callable[[str], bool],
) -> ListMapping:
    """Apply the assignments; raise MappingError that names every one that is impossible.

    Assignments win over guesses: a phone number guessed elsewhere becomes request data, and a
    guessed name that is now taken gets a number.
    """
    problems: list[MappingProblem] = []
    chosen: dict[int, ColumnTarget] = {}
    for option in options:
        try:
            header = _find(option.column, headers)
            target = option.target
            if target == Target.CALL_SETTING and not is_setting(option.name, is_call_setting):
                raise MappingError([unknown_target(option.name, option.column)])
            if header.position in chosen:
                raise MappingError([mapped_twice(option.column)])
        except MappingError as error:
            problems += error.problems
            continue
        column = replace(_as_variable(header), target=target)
        name = option.name or _name_for(target, header.name)
        chosen[header.position] = replace(column, name=name)
    if problems:
        raise MappingError(problems)
    has_new_phone = any(column.target == Target.PHONE_NUMBER for column in chosen.values())
    columns = {column.position: column for column in mapping.columns}
    for position, column in columns.items():
        if has_new_phone and column.target == Target.PHONE_NUMBER:
            columns[position] = _as_variable(headers[position])
    columns |= chosen
    ordered = [columns[position] for position in sorted(columns)]
    return ListMapping(_distinct(ordered, fixed=chosen))


def reapply(saved: ListMapping, headers: Sequence[Header]) -> ListMapping:
    """Apply a saved mapping to a list by its headers; repeated headers are matched in order.

    Columns that the mapping does not have become request data. Raises MappingError when the list
    lacks a column that the mapping uses.
    """
    by_header: dict[str, list[ColumnTarget]] = defaultdict(list)
    for column in saved.columns:
        by_header[column.header].append(column)
    columns, kept = [], set()
    for header in headers:
        column = _as_variable(header)
        if by_header[column.header]:
            column = replace(by_header[column.header].pop(0), position=header.position)
            kept.add(header.position)
        columns.append(column)
    left = [column for columns in by_header.values() for column in columns]
    problems = [
        _unknown_column(column.label, headers) for column in left if column.target != Target.IGNORE
    ]
    if problems:
        raise MappingError(problems)
    return ListMapping(_distinct(columns, fixed=kept))


def follow(
    other: ListMapping, headers: Sequence[Header], *, is_call_setting: Callable[[str], bool]
) -> ListMapping:
    """Match columns like those of another list with the same headers; guess the rest.

    Columns that only the other list has are ignored. Raises MappingError like `reapply`.
    """
    names = [header.name if not header.is_blank else "" for header in headers]
    known = tuple(column for column in other.columns if column.header in names)
    guessed = guess(headers, is_call_setting=is_call_setting)
    followed = {column.position: column for column in reapply(ListMapping(known), headers).columns}
    has_phone = any(column.target == Target.PHONE_NUMBER for column in followed.values())
    kept = {column.header for column in known}
    columns = [
        followed[column.position]
        if column.header in kept or (has_phone and column.target == Target.PHONE_NUMBER)
        else column
        for column in guessed.columns
    ]
    return ListMapping(tuple(columns))


def _phone_header(headers: Sequence[Header]) -> Header | None:
    ranks = {spelling: rank for rank, spelling in enumerate(PHONE_SPELLINGS)}
    candidates = []
    for header in headers:
        spelling = _spelling(header)
        if spelling in ranks:
            candidates.append((header.name != "phone_number", ranks[spelling], header.position))
    return headers[min(candidates)[2]] if candidates else None


def _spelling(header: Header) -> str:
    return re.sub(r"[\W_]+", "_", header.name.casefold()).strip("_")


def is_rejected_reason(column: ColumnTarget) -> bool:
    return column.header == REJECTED_REASON


def _as_variable(header: Header) -> ColumnTarget:
    """Return a column's target by its header alone; without a header it is ignored."""
    if header.is_blank:
        return ColumnTarget(position=header.position, header="", target=Target.IGNORE)
    if header.name == REJECTED_REASON:
        return ColumnTarget(position=header.position, header=header.name, target=Target.IGNORE)
    target, name = Target.REQUEST_DATA, header.name
    if prefixed := _PREFIXED.fullmatch(header.name):
        target, name = Target(prefixed[1].lower()), prefixed[2]
    return ColumnTarget(position=header.position, header=header.name, target=target, name=name)


def _name_for(target: Target, header: str) -> str:
    if target not in NAMED_TARGETS:
        return ""
    prefixed = _PREFIXED.fullmatch(header)
    return prefixed[2] if prefixed else header


def _distinct(
    columns: Sequence[ColumnTarget], *, fixed: Collection[int] = ()
) -> tuple[ColumnTarget, ...]:
    """Number repeated names: name, name_2; columns in ``fixed`` keep their names."""
    wanted = {(column.target, column.name) for column in columns}
    taken = {(column.target, column.name) for column in columns if column.position in fixed}
    # The phone column's header is taken too, unless a person gave a column that name.
    phones = {column.header for column in columns if column.target == Target.PHONE_NUMBER}
    given = {column.name for column in columns if column.name != column.header}
    taken |= {(Target.REQUEST_DATA, header) for header in phones - given}
    result = []
    for column in columns:
        key = (column.target, column.name)
        if column.target in NAMED_TARGETS and column.position not in fixed:
            numbered = ((column.target, f"{column.name}_{n}") for n in count(2))
            if key in taken:
                key = next(key for key in numbered if key not in wanted | taken)
            taken.add(key)
        result.append(replace(column, name=key[1]))
    return tuple(result)


def _find(column: str, headers: Sequence[Header]) -> Header:
    name = clean_header(column)
    for alike in (
        [header for header in headers if header.name == name],
        [header for header in headers if header.name.casefold() == name.casefold()],
    ):
        if len(alike) == 1:
            return alike[0]
        if alike:
            places = " or ".join(f"#{header.position + 1}" for header in alike)
            message = f"Several columns are called “{column}”. Name one by its place: {places}."
            raise MappingError([MappingProblem("ambiguous_column", message, column)])
    place = re.fullmatch(r"#([0-9]{1,6})", name)
    if place and 1 <= int(place[1]) <= len(headers):
        return headers[int(place[1]) - 1]
    raise MappingError([_unknown_column(column, headers)])


def _unknown_column(column: str, headers: Sequence[Header]) -> MappingProblem:
    names = {header.name.casefold(): header.name for header in headers}
    close = difflib.get_close_matches(column.casefold(), names, n=1)
    found = ", ".join(list(names.values())[:20])
    hint = f"Did you mean “{names[close[0]]}”?" if close else f"Columns found: {found}."
    return MappingProblem("unknown_column", f"The list has no column “{column}”. {hint}", column)
