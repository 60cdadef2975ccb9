"""Account options of a provider, each declared in one place.

A provider's options are a dataclass whose fields come from `option`. Its parser, the form of the
back office and the error messages derive from it, so a new option is one entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from typing import Any

from batchcalls.voice.errors import OptionsInvalid

_DESCRIPTION = "batchcalls.option"

#: Takes the option's name and raw value; returns the value or raises `OptionsInvalid`.
Reader = Callable[[str, Any], Any]


class OptionKind(Enum):
    """The JSON type of an option; ``WEIGHTS`` is an object of numbers by name."""

    TEXT = auto()
    INTEGER = auto()
    NUMBER = auto()
    WEIGHTS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option. ``default`` is its stored form, ``parts`` are the names of its weights."""

    name: str
    label: str
    help: str
    kind: OptionKind
    default: Any
    read: Reader
    parts: tuple[str, ...] = ()


_KINDS: Mapping[type, OptionKind] = {
    str: OptionKind.TEXT,
    int: OptionKind.INTEGER,
    float: OptionKind.NUMBER,
}


def option(default: Any, help_text: str, *, read: Reader, label: str = "") -> Any:
    """Return a dataclass field for an option.

    ``default`` determines its kind. A default object of weights is passed through ``read`` first.
    """
    described = {"default": default, "help": help_text, "label": label, "read": read}
    metadata = {_DESCRIPTION: described}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: read("", default), metadata=metadata)
    return field(default=default, metadata=metadata)


def options_of(options_type: type) -> list[Option]:
    """Return the options of a dataclass, in its order."""
    options = []
    for attribute in fields(options_type):
        described = attribute.metadata[_DESCRIPTION]
        default = described["default"]
        weights = isinstance(default, Mapping)
        options.append(
            Option(
                name=attribute.name,
                label=described["label"] or attribute.name.replace("_", " ").capitalize(),
                help=described["help"],
                kind=OptionKind.WEIGHTS if weights else _KINDS[type(default)],
                default=default,
                read=described["read"],
                parts=tuple(default) if weights else (),
            )
        )
    return options


def read_options(
    options_type: type, given: Mapping[str, Any], *, whose: str, hint: str = ""
) -> dict[str, Any]:
    """Validate an account's options; raise `OptionsInvalid` that names the option and the remedy.

    ``whose`` begins the error message for an unknown option, and ``hint`` follows it.
    """
    known = {one.name: one for one in options_of(options_type)}
    if unknown := sorted(str(name) for name in given if name not in known):
        sentence = f"{whose} has no option {', '.join(unknown)}; it knows {', '.join(known)}."
        raise OptionsInvalid(f"{sentence} {hint}".strip())
    return {name: known[name].read(name, value) for name, value in given.items()}


def finite(value: Any) -> float | None:
    """Return a finite number, or None for anything else; a bool is not a number here."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def between(least: float, most: float, *, whole: bool = False) -> Reader:
    """Return a reader of numbers within bounds."""
    kind = "a whole number" if whole else "a number"

    def read(name: str, value: Any) -> Any:
        number = finite(value)
        wrong = whole and not isinstance(value, int)
        if number is None or wrong or not least <= number <= most:
            raise OptionsInvalid(
                f"Option {name} must be {kind} from {least:g} to {most:g}.", option=name
            )
        return value if whole else number

    return read
