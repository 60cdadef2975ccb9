"""The options of a provider's accounts, each described in one place: beside its default.

A provider's options are a dataclass whose fields are made by `option`. Its parser, the form of the
back office and the complaints are derived from that: a new option is one entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from typing import Any

from batchcalls.voice.errors import OptionsInvalid

_DESCRIPTION = "batchcalls.option"

#: Takes the option's name and what is given; returns the value or raises `OptionsInvalid`.
Reader = Callable[[str, Any], Any]


class OptionKind(Enum):
    """What an option is written as; ``WEIGHTS`` is an object of numbers by name."""

    TEXT = auto()
    INTEGER = auto()
    NUMBER = auto()
    WEIGHTS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option. ``default`` is as it is stored, ``parts`` are the names of its weights."""

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
    """Return the field of a dataclass that is an option.

    ``default`` decides what it is written as; an object of weights is read before it is kept.
    """
    described = {"default": default, "help": help_text, "label": label, "read": read}
    metadata = {_DESCRIPTION: described}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: read("", default), metadata=metadata)
    return field(default=default, metadata=metadata)


def options_of(options_type: type) -> list[Option]:
    """Return the options that a dataclass has, in its order."""
    found = []
    for one in fields(options_type):
        described = one.metadata[_DESCRIPTION]
        default = described["default"]
        weights = isinstance(default, Mapping)
        found.append(
            Option(
                name=one.name,
                label=described["label"] or one.name.replace("_", " ").capitalize(),
                help=described["help"],
                kind=OptionKind.WEIGHTS if weights else _KINDS[type(default)],
                default=default,
                read=described["read"],
                parts=tuple(default) if weights else (),
            )
        )
    return found


def read_options(
    options_type: type, given: Mapping[str, Any], *, whose: str, hint: str = ""
) -> dict[str, Any]:
    """Check what an account says; raise `OptionsInvalid` naming the option and the remedy.

    ``whose`` begins the sentence about an option that does not exist, ``hint`` follows it.
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
    """Return the reader of a number within bounds."""
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
