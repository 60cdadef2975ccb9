"""The target of each column of a list, validated and stored as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from batchcalls.lists.headers import Header


class Target(StrEnum):
    PHONE_NUMBER = "phone_number"
    REQUEST_DATA = "request_data"
    #: A variable that the list's owner wrote, such as an offer: not marked as data in a prompt.
    TRUSTED_TEXT = "trusted_text"
    METADATA = "metadata"
    CALL_SETTING = "call_setting"
    CONSENT = "consent"
    OPT_OUT = "opt_out"
    #: How, when and where consent was given, and what proves it. Variables too, if named.
    CONSENT_TYPE = "consent_type"
    CONSENT_DATE = "consent_date"
    CONSENT_SOURCE = "consent_source"
    CONSENT_EVIDENCE = "consent_evidence"
    #: Where the recipient is. A variable too, if the column has a name.
    POSTCODE = "postcode"
    STATE = "state"
    IGNORE = "ignore"


NAMED_TARGETS = {
    Target.REQUEST_DATA: "variable",
    Target.TRUSTED_TEXT: "variable",
    Target.METADATA: "metadata",
    Target.POSTCODE: "variable",
    Target.STATE: "variable",
    Target.CONSENT_TYPE: "variable",
    Target.CONSENT_DATE: "variable",
    Target.CONSENT_SOURCE: "variable",
    Target.CONSENT_EVIDENCE: "variable",
}
#: What a header begins with that names its target.
PREFIXES = {
    Target.REQUEST_DATA: "request_data.",
    Target.METADATA: "metadata.",
    Target.CALL_SETTING: "settings.",
}
#: Targets of one column at most, which say where the recipient is. Their names are optional.
PLACES = frozenset({Target.POSTCODE, Target.STATE})
#: Targets about a recipient's consent, with optional names. Several columns may be evidence.
CONSENT_DETAILS = frozenset(
    {Target.CONSENT_TYPE, Target.CONSENT_DATE, Target.CONSENT_SOURCE, Target.CONSENT_EVIDENCE}
)
OPTIONAL_NAMES = PLACES | CONSENT_DETAILS
#: Targets of one column at most.
SINGLE = OPTIONAL_NAMES - {Target.CONSENT_EVIDENCE}
#: Targets that fill {{variables}}.
VARIABLES = frozenset({Target.REQUEST_DATA, Target.TRUSTED_TEXT, *OPTIONAL_NAMES})
#: Targets that need no name. They keep their columns when all others are mapped at once. Several
#: columns may hold phone numbers or opt-outs, and only one the consent.
NAMELESS_TARGETS = frozenset({Target.PHONE_NUMBER, Target.CONSENT, Target.OPT_OUT})
_OWN_TARGETS = frozenset(set(Target) - {Target.CALL_SETTING, Target.IGNORE})


@dataclass(frozen=True, slots=True)
class MappingProblem:
    code: str
    message: str
    column: str = ""
    #: The column's position, since several may have the same header.
    position: int | None = None


class MappingError(Exception):
    """A mapping that cannot be used; ``problems`` lists everything that is wrong."""

    def __init__(self, problems: Sequence[MappingProblem]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(problem.message for problem in problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTarget:
    """One column: its position, its cleaned header ("" if blank), its target and its name."""

    position: int
    header: str
    target: Target
    name: str = ""

    @property
    def label(self) -> str:
        return self.header or f"Column {self.position + 1}"

    @property
    def is_variable(self) -> bool:
        """Whether the column fills a {{variable}}."""
        return self.target in VARIABLES and bool(self.name)

    @property
    def order(self) -> int:
        """The place of a phone column: the number in the first is dialed, or else in the next."""
        return int(self.name) if self.target == Target.PHONE_NUMBER and self.name else 1

    @property
    def written(self) -> str:
        """The column's target in the syntax of `matching.parse_option`."""
        if self.target == Target.CALL_SETTING:
            return self.name
        return f"{self.target}.{self.name}" if self.name else self.target.value


@dataclass(frozen=True)
class ListMapping:
    """The target of every column of a list, in column order."""

    columns: tuple[ColumnTarget, ...]

    @classmethod
    def from_list(cls, data: object) -> ListMapping:
        """Read the output of ``to_list`` or a client's input; raise MappingError."""
        columns: dict[int, ColumnTarget] = {}
        problems = []
        for item in data if isinstance(data, list) else [data]:
            try:
                column = _column_from(item)
            except MappingError as error:
                problems += error.problems
                continue
            if column.position in columns:
                problems.append(mapped_twice(column.label))
            columns[column.position] = column
        if problems:
            raise MappingError(problems)
        return cls(tuple(columns[position] for position in sorted(columns)))

    def to_list(self) -> list[dict[str, Any]]:
        return [{**asdict(column), "target": column.target.value} for column in self.columns]

    @property
    def phone_positions(self) -> tuple[int, ...]:
        """The positions of the phone columns, in the order in which they are tried."""
        phones = [column for column in self.columns if column.target == Target.PHONE_NUMBER]
        return tuple(c.position for c in sorted(phones, key=lambda c: (c.order, c.position)))

    @property
    def phone_position(self) -> int | None:
        """The position of the phone column that is tried first."""
        return next(iter(self.phone_positions), None)

    @property
    def consent_position(self) -> int | None:
        return self.position_of(Target.CONSENT)

    @property
    def states_consent(self) -> bool:
        """Whether a column may say that somebody consented; source and evidence alone do not."""
        saying = {Target.CONSENT, Target.CONSENT_TYPE, Target.CONSENT_DATE}
        return any(column.target in saying for column in self.columns)

    @property
    def opt_out_positions(self) -> tuple[int, ...]:
        """The columns that say who must not be called; a yes in any of them is a refusal."""
        return self.positions_of(Target.OPT_OUT)

    def position_of(self, target: Target) -> int | None:
        """Return the position of the first column with a target, or None."""
        return next((c.position for c in self.columns if c.target == target), None)

    def positions_of(self, *targets: Target) -> tuple[int, ...]:
        """Return the positions of all columns with these targets."""
        return tuple(c.position for c in self.columns if c.target in targets)

    def variables(self) -> list[str]:
        """Return the names that a prompt may use, in column order."""
        return [column.name for column in self.columns if column.is_variable]

    def settings(self) -> frozenset[str]:
        """Return the call settings that columns give."""
        return frozenset(c.name for c in self.columns if c.target == Target.CALL_SETTING)

    def trusted(self) -> list[str]:
        """Return the names of the variables that are inserted in prompts as they are."""
        return [column.name for column in self.columns if column.target == Target.TRUSTED_TEXT]

    @property
    def has_dates(self) -> bool:
        """Whether cells may hold dates whose order of day and month matters."""
        dated = self.positions_of(Target.CONSENT, Target.CONSENT_DATE)
        return self.start_position is not None or bool(dated)

    @property
    def start_position(self) -> int | None:
        """Return the position of the column of start times."""
        return next(
            (
                column.position
                for column in self.columns
                if column.target == Target.CALL_SETTING and column.name == "start_time"
            ),
            None,
        )


def check(
    mapping: ListMapping, *, is_call_setting: Callable[[str], bool], hint: str = ""
) -> list[MappingProblem]:
    """Return the problems that make a mapping unusable; empty when it can be used.

    ``hint`` is what to do about a list without a phone column, if the list tells.
    """
    problems = []
    labels = [column.label for column in mapping.columns]
    phones = [column for column in mapping.columns if column.target == Target.PHONE_NUMBER]
    if not phones:
        found = ", ".join(labels[:20]) + (", …" if len(labels) > 20 else "")
        remedy = hint or "Make one phone_number."
        message = f"No column holds phone numbers. Columns found: {found}. {remedy}"
        problems.append(MappingProblem("no_phone_column", message))
    consents = [column for column in mapping.columns if column.target == Target.CONSENT]
    if len(consents) > 1:
        message = f"Several columns say who consents: {_labels(consents)}. Keep one of them."
        problems.append(_about(consents[1], "two_consent_columns", message))
    for single in sorted(SINGLE):
        several = [column for column in mapping.columns if column.target == single]
        if len(several) > 1:
            what = single.replace("_", " ")
            message = f"Several columns hold the {what}: {_labels(several)}. Keep one of them."
            problems.append(_about(several[1], f"two_{single}_columns", message))
    sources: dict[tuple[str, str], list[ColumnTarget]] = defaultdict(list)
    for column in mapping.columns:
        if column.target == Target.IGNORE or column.target in NAMELESS_TARGETS:
            continue
        what = NAMED_TARGETS.get(column.target, "call setting")
        sources[what, column.name].append(column)
        if column.target == Target.CALL_SETTING and not is_setting(column.name, is_call_setting):
            message = f"“{column.name}” is not a call setting that a column can give."
            problems.append(_about(column, "unknown_call_setting", message))
        elif not column.name and column.target not in OPTIONAL_NAMES:
            message = f"{column.label} becomes {column.target}, but under which name? Give one."
            problems.append(_about(column, "missing_name", message))
    for (what, name), columns in sources.items():
        if name and len(columns) > 1:
            message = f"The {what} “{name}” comes from several columns: {_labels(columns)}. "
            message += "Rename or ignore all but one."
            code = f"duplicate_{what.replace(' ', '_')}"
            problems.append(_about(columns[1], code, message))
    return problems


def _about(column: ColumnTarget, code: str, message: str) -> MappingProblem:
    return MappingProblem(code, message, column.label, column.position)


def _labels(columns: Sequence[ColumnTarget]) -> str:
    return ", ".join(column.label for column in columns)


def headers_key(headers: Sequence[Header]) -> str:
    """Return a key shared by lists with the same headers, whatever the order of the columns."""
    names = sorted(header.name for header in headers if not header.is_blank)
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def is_setting(name: str, is_call_setting: Callable[[str], bool]) -> bool:
    return name not in _OWN_TARGETS and is_call_setting(name)


def unknown_target(given: str, column: str = "") -> MappingProblem:
    message = (
        f"A column cannot become “{given}”. Use phone_number, phone_number.2, request_data, "
        "request_data.NAME, trusted_text, trusted_text.NAME, metadata, metadata.NAME, postcode, "
        "state, consent, consent_type, consent_date, consent_source, consent_evidence, opt_out, "
        "ignore or a call setting."
    )
    return MappingProblem("unknown_target", message, column)


def order_name(order: int) -> str:
    """Return the name of a phone column: "" for the first, "2" for the next."""
    return "" if order == 1 else str(order)


def mapped_twice(column: str) -> MappingProblem:
    return MappingProblem("duplicate_column", f"“{column}” is mapped twice. Choose once.", column)


def _column_from(item: Any) -> ColumnTarget:
    match item:
        case {"position": int(position), "header": str(header), "target": str(target), **rest}:
            name = rest.get("name", "")
            if target not in set(Target):
                raise MappingError([unknown_target(target, header)])
            if target == Target.PHONE_NUMBER and not re.fullmatch(r"([1-9][0-9]?)?", str(name)):
                raise MappingError([unknown_target(f"{target}.{name}", header)])
            if position >= 0 and isinstance(name, str):
                target = Target(target)
                return ColumnTarget(position=position, header=header, target=target, name=name)
    message = "A mapping is a list of columns, each with position, header, target and name."
    raise MappingError([MappingProblem("malformed_mapping", message)])
