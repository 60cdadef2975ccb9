"""Column matching: chosen by a person, from a saved mapping, or like another list."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from batchcalls.lists.guessing import as_variable, distinct, guess, name_for
from batchcalls.lists.headers import REJECTED_REASON, Header, clean_header
from batchcalls.lists.mapping import (
    NAMED_TARGETS,
    NAMELESS_TARGETS,
    OPTIONAL_NAMES,
    SINGLE,
    ColumnTarget,
    ListMapping,
    MappingError,
    MappingProblem,
    Target,
    is_setting,
    mapped_twice,
    order_name,
    unknown_target,
)


def is_rejected_reason(column: ColumnTarget) -> bool:
    return column.header == REJECTED_REASON


def map_all(mapping: ListMapping, target: Target) -> ListMapping:
    """Map every column to the target, except phone number, consent, opt-outs and blank columns.

    A refusal in the list always applies, whatever the person chose.
    """
    if target in NAMELESS_TARGETS or target == Target.CALL_SETTING:
        raise MappingError([unknown_target(target)])
    columns = [
        column
        if column.target in NAMELESS_TARGETS
        or not column.header
        or is_rejected_reason(column)
        # These are request data already.
        or (
            target == Target.REQUEST_DATA
            and column.target in {Target.TRUSTED_TEXT, *OPTIONAL_NAMES}
        )
        else replace(column, target=target, name=name_for(target, column.header))
        for column in mapping.columns
    ]
    return ListMapping(distinct(columns))


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

    phone_number[.order], request_data[.name], trusted_text[.name], metadata[.name],
    postcode[.name], state[.name], consent, consent_type[.name], consent_date[.name],
    consent_source[.name], consent_evidence[.name], opt_out, ignore, or a setting with or without
    the prefix settings.
    """
    kind, dot, name = clean_header(target).partition(".")
    if kind.lower() in NAMED_TARGETS:
        return Assignment(column, Target(kind.lower()), name.strip())
    if kind.lower() == "settings" and name.strip():
        return Assignment(column, Target.CALL_SETTING, name.strip())
    if kind.lower() == Target.PHONE_NUMBER and re.fullmatch(r"[1-9][0-9]?", name.strip()):
        return Assignment(column, Target.PHONE_NUMBER, order_name(int(name)))
    if kind.lower() in {*NAMELESS_TARGETS, Target.IGNORE} and not dot:
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
        column = replace(as_variable(header), target=target)
        name = option.name or name_for(target, header.name)
        chosen[header.position] = replace(column, name=name)
    if problems:
        raise MappingError(problems)
    chosen = _in_given_order(chosen)
    chosen_phones = {c.order for c in chosen.values() if c.target == Target.PHONE_NUMBER}
    chosen_targets = {column.target for column in chosen.values()}
    columns = {column.position: column for column in mapping.columns}
    for position, column in columns.items():
        # A column for the first number replaces every guess, a fallback only the guessed ones.
        is_replaced = chosen_phones and (1 in chosen_phones or column.order > 1)
        is_moved = column.target in SINGLE and column.target in chosen_targets
        if is_moved or (is_replaced and column.target == Target.PHONE_NUMBER):
            columns[position] = as_variable(headers[position])
    columns |= chosen
    ordered = [columns[position] for position in sorted(columns)]
    return ListMapping(distinct(ordered, fixed=chosen))


def _in_given_order(chosen: dict[int, ColumnTarget]) -> dict[int, ColumnTarget]:
    """Number the phone columns in the order in which a person named them, unless they say one."""
    phones = [column for column in chosen.values() if column.target == Target.PHONE_NUMBER]
    if any(column.name for column in phones):
        return chosen
    ordered = {
        column.position: replace(column, name=order_name(order))
        for order, column in enumerate(phones, start=1)
    }
    return {**chosen, **ordered}


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
        column = as_variable(header)
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
    return ListMapping(distinct(columns, fixed=kept))


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
    close = difflib.get_close_matches(column.casefold()[:100], names, n=1)
    found = ", ".join(list(names.values())[:20])
    hint = f"Did you mean “{names[close[0]]}”?" if close else f"Columns found: {found}."
    return MappingProblem("unknown_column", f"The list has no column “{column}”. {hint}", column)
