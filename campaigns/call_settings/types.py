"""The types of the registry: settings, aliases, parsers, and the error for an invalid value."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from campaigns import encryption
from campaigns.call_settings import sealing
from campaigns.call_settings.sensitivity import SENSITIVITY, Sensitivity, classes_of

#: A function of the setting's name, used in error messages, and the raw value.
Read = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True)
class Parser:
    """A reader of raw values, and the JSON schema (OpenAPI 3.0) of what it returns.

    The parser also accepts other spellings, such as the text of a CSV cell; the schema describes
    the canonical JSON value.
    """

    read: Read
    schema: Mapping[str, Any]

    def __call__(self, name: str, value: Any) -> Any:
        """Return the canonical value; raise `SettingInvalid` under ``name``."""
        return self.read(name, value)


def returns(schema: Mapping[str, Any]) -> Callable[[Read], Parser]:
    """Turn a function into a parser by declaring the schema of its result."""

    def decorate(read: Read) -> Parser:
        return Parser(read, schema)

    return decorate


class Section(StrEnum):
    """The section of the form and of the wizard that shows a setting."""

    SPEECH = "speech"
    MODEL = "model"
    DISPATCH = "dispatch"
    KNOWLEDGE = "knowledge"
    VOICEMAIL = "voicemail"
    ANALYSIS = "analysis"
    WEBHOOKS = "webhooks"
    SCHEDULE = "schedule"

    @property
    def label(self) -> str:
        """Return the heading shown to people."""
        return _SECTION_LABELS[self]


_SECTION_LABELS = {
    Section.SPEECH: "Speech",
    Section.MODEL: "Model",
    Section.DISPATCH: "Dispatch",
    Section.KNOWLEDGE: "Knowledge & tools",
    Section.VOICEMAIL: "Voicemail",
    Section.ANALYSIS: "Analysis",
    Section.WEBHOOKS: "Webhooks",
    Section.SCHEDULE: "Schedule & calling policy",
}


class Kind(StrEnum):
    """The type of a canonical value; it determines form widgets and the API schema."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    URL = "url"
    PHONE = "phone"
    TIMEZONE = "timezone"
    DATETIME = "datetime"
    LIST = "list"
    OBJECT = "object"


class SettingInvalid(ValueError):
    """An invalid value of a call setting; ``str()`` is one sentence that says how to fix it."""

    def __init__(
        self, name: str, remedy: str, *, shown: str = "", fault: str = "is not valid"
    ) -> None:
        self.name, self.remedy, self.fault = name, remedy, fault
        super().__init__(f"{' '.join(filter(None, (name, shown, fault)))}: {remedy}.")

    def without_value(self) -> SettingInvalid:
        """Return the same error without the value, which may be a secret."""
        return SettingInvalid(self.name, self.remedy, fault=self.fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSetting:
    """One call setting, under the name that the provider documents.

    - ``help``: what the setting means.
    - ``parse``: turns a JSON value or the text of a CSV cell into the canonical,
      JSON-serializable value that ``schema`` describes, or raises `SettingInvalid`.
    - ``default``: what the provider does when the setting is not sent.
    - ``rendered``: {{variables}} in its texts are replaced for each recipient.
    - ``per_row``: a recipient may have its own value.
    - ``nullable``: null is a value and does not mean "not set".
    - ``sensitive``: the value may hold secrets.
    - ``structural``: a batch stores it elsewhere (number, prompt, variables), so settings forms
      leave it out.
    - ``essential``: forms show it first; the others are behind “Advanced”.
    - ``legacy``: clients still send it, but the provider no longer documents it. Forms show it
      only while it is set, unless it is ``offered``.
    """

    name: str
    label: str
    section: Section
    kind: Kind
    help: str
    parse: Callable[[Any], Any]
    schema: Mapping[str, Any]
    default: str | int | float | bool | None = None
    rendered: bool = False
    per_row: bool = True
    nullable: bool = False
    sensitive: bool = False
    structural: bool = False
    essential: bool = False
    legacy: bool = False
    offered: bool = False

    def __post_init__(self) -> None:
        """Raise `ValueError` for an entry that the API document could not explain."""
        if not self.help.strip():
            raise ValueError(f"The call setting {self.name} has no meaning: write its help text.")
        if not self.schema:
            raise ValueError(f"The call setting {self.name} has no type: give its parser a schema.")
        if self.name not in SENSITIVITY:
            raise ValueError(f"The call setting {self.name} has no class: list it in SENSITIVITY.")

    @property
    def sensitivity(self) -> frozenset[Sensitivity]:
        """Return the classes that the setting is of, such as “what it costs”."""
        return classes_of(self.name)

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the allowed words for the value or its items; empty if any value is allowed."""
        options = self.schema.get("items", self.schema).get("enum", ())
        return tuple(option for option in options if option is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """An older name of a setting, or of a member of an object setting.

    ``parser`` reads its value. ``meaning`` turns the result into a value of ``target``: the whole
    value, some members of it with ``partial``, or None if it has no effect. If the alias named by
    ``overruled_by`` is also present, this one has no effect.
    """

    name: str
    target: str
    parser: Parser
    meaning: Callable[[Any], Any] = lambda value: value
    partial: bool = False
    overruled_by: str = ""

    def expand(self, value: Any) -> Any:
        """Return what a raw value means for the target; raise `SettingInvalid`."""
        return self.meaning(self.parser(self.name, value))


def setting(
    name: str, label: str, section: Section, kind: Kind, parser: Parser, *, help: str, **flags: Any
) -> CallSetting:
    """Return a registry entry; the parser's errors carry its name."""
    if flags.get("sensitive"):
        parser = _discreet(parser)
    return CallSetting(
        name=name,
        label=label,
        section=section,
        kind=kind,
        help=help,
        parse=partial(parser, name),
        schema=parser.schema,
        **flags,
    )


def _discreet(parser: Parser) -> Parser:
    """Return the parser with errors that do not repeat the value, which also opens sealed cells."""

    def parse(name: str, value: Any) -> Any:
        try:
            return parser(name, sealing.unseal_cell(value))
        except encryption.Undecryptable:
            raise SettingInvalid(
                name, "send it again", fault="was encrypted with a SECRET_KEY that is gone"
            ) from None
        except SettingInvalid as complaint:
            raise complaint.without_value() from None

    return Parser(parse, parser.schema)


class _Short(reprlib.Repr):
    """Shortens any value to a few characters, however deep, long or large it is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxdict = self.maxlist = 3

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to print integers with thousands of digits.
        return super().repr_int(x, level) if x.bit_length() < 200 else "(a huge number)"


shorten = _Short().repr


def invalid(name: str, value: Any, remedy: str) -> SettingInvalid:
    """Return the error for an invalid value, which it shows shortened."""
    return SettingInvalid(name, remedy, shown=shorten(value))


def missing(name: str, remedy: str) -> SettingInvalid:
    """Return the error for a missing required value."""
    return SettingInvalid(name, remedy, fault="is missing")


def is_blank(value: Any) -> bool:
    """Return whether a value is blank: null, blank text, or an object without members."""
    return value is None or value == {} or (isinstance(value, str) and not value.strip())
