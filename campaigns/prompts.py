"""Parse and render prompt templates: ``{{variable}}``, ``{{variable|default}}``.

``{{request_data.variable}}`` is the same as ``{{variable}}``; the names are column names.
A substituted value is plain text and is never parsed as a template. A missing or blank value is
an error unless the author gave a default, so that no one hears a gap instead of a name.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.conf import settings

# Provided by the call itself. Source: built-in variables of the Bland API; city, state and zip
# are left out because we have no data for them.
BUILT_IN: Final = frozenset(
    {
        "call_id",
        "country",
        "from",
        "now",
        "now_utc",
        "phone_number",
        "short_from",
        "short_to",
        "timezone",
        "to",
    }
)
# fmt: off
#: What exports write into empty cells: SQL, pandas, Python, JSON, spreadsheets. Spelled exactly:
#: Nan and Null are names of people, and “none” may answer a question.
NO_VALUE: Final = frozenset(
    {
        "NULL", "null", "\\N", "None", "NaN", "nan", "NAN", "<NA>", "NaT", "undefined", "{}", "[]",
        "N/A", "n/a", "N/a", "#N/A", "#NA", "-", "--", "---", "–", "—",
    }
)
# fmt: on
#: And what a spreadsheet shows instead of a value that it could not calculate.
_PLACEHOLDERS: Final = NO_VALUE | {
    "#NULL!",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
    "#NAME?",
    "#NUM!",
    "#ERROR!",
}
#: Of so many unknown variables, the name that was probably meant is looked for: each is compared
#: with every column.
MOST_SUGGESTIONS: Final = 10
#: Characters of a name that are compared.
COMPARED_CHARACTERS: Final = 60
_OPEN: Final = "{{"
_CLOSE: Final = "}}"
_REQUEST_DATA: Final = "request_data."


class PromptError(ValueError):
    """A template that cannot be parsed; the position counts characters from 0."""

    def __init__(self, problem: str, *, text: str, position: int, where: str = "") -> None:
        """Store the position and put it in front of the message."""
        self.problem = problem
        self.text = text
        self.position = position
        self.line = text.count("\n", 0, position) + 1
        self.message = f"{where + ', line' if where else 'Line'} {self.line}: {problem}"
        super().__init__(self.message)


class MissingVariable(LookupError):
    """A variable without a default has no value or a blank value for this recipient."""

    def __init__(self, name: str) -> None:
        """Store the name and build the message."""
        self.name = name
        self.message = (
            f"{_written(name)} has no value for this recipient; "
            f"fill it in, or give a default such as {_written(name, 'there')}."
        )
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One ``{{…}}``; a default of None means that the value is required."""

    name: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text: literal pieces and placeholders in order."""

    parts: tuple[str | Placeholder, ...]
    names: frozenset[str]
    required: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Parse a template, or return it from the cache; raises PromptError.

        It may have `MAX_PROMPT_CHARACTERS` and `MAX_PROMPT_VARIABLES`.
        """
        check_length(text)
        template = _parse(text)
        if len(template.names) > (limit := settings.MAX_PROMPT_VARIABLES):
            problem = f"{len(template.names):,} different variables; use {limit:,} at most."
            raise PromptError(problem, text=text, position=0)
        return template

    def render(self, values: Mapping[str, object]) -> str:
        """Fill in the values; raises MissingVariable if a required value is absent or blank."""
        return "".join(
            part if isinstance(part, str) else value_of(part, values) for part in self.parts
        )


@dataclass(frozen=True, slots=True)
class UnknownVariable:
    """A variable that nothing provides, and the name that was probably meant."""

    name: str
    suggestion: str | None

    @property
    def message(self) -> str:
        """Return what is wrong and what to do."""
        problem = f"{_written(self.name)} has no column"
        if self.suggestion is not None:
            return f"{problem}; did you mean {_written(self.suggestion)}?"
        return (
            f"{problem}; map one to it, or give a default such as {_written(self.name, 'there')}."
        )


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """The variables that all templates of a call need: prompt, first sentence, call settings."""

    names: frozenset[str]
    required: frozenset[str]

    def unknown(self, available: Collection[str]) -> list[UnknownVariable]:
        """List the variables that these templates use but nothing provides: `unknown_variables`."""
        return unknown_variables(self.required, available, with_default=self.names - self.required)


def names_in(value: Any) -> TemplateSet:
    """Parse every string in a JSON-like structure, such as {"prompt": …, "voicemail": {…}}.

    Raises PromptError with a message that begins with the place: "voicemail.message, line 1".
    """
    names: set[str] = set()
    required: set[str] = set()
    for where, text in _strings(value, ""):
        try:
            check_length(text)
            if _OPEN not in text:
                continue
            template = Template.parse(text)
        except PromptError as error:
            raise PromptError(
                error.problem, text=text, position=error.position, where=where
            ) from None
        names |= template.names
        required |= template.required
    return TemplateSet(names=frozenset(names), required=frozenset(required))


def is_blank(value: str) -> bool:
    """Return whether a value says nothing: empty, invisible, or a program's word for "no value"."""
    if value.isprintable():
        return (stripped := value.strip(" ")) in _PLACEHOLDERS or not stripped
    seen = "".join(character for character in value if character.isprintable())
    return is_blank(seen)


def render_values(value: Any, values: Mapping[str, object]) -> Any:
    """Copy a JSON-like structure and render every string in it; keys stay unchanged.

    Raises PromptError for an invalid template and MissingVariable for a missing value.
    """
    if isinstance(value, str):
        return Template.parse(value).render(values) if _OPEN in value else value
    if isinstance(value, Mapping):
        return {key: render_values(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [render_values(item, values) for item in value]
    return value


def unknown_variables(
    names: Collection[str], available: Collection[str], *, with_default: Collection[str] = ()
) -> list[UnknownVariable]:
    """List the names that neither a column nor the call itself provides, in alphabetical order.

    A name with a default may be absent, unless it differs from a column only in spelling: then
    every recipient would silently hear the default.
    """
    known = BUILT_IN.union(available)
    alike: dict[str, str] = {_folded(name): name for name in sorted(known, reverse=True)}
    unknown = []
    for place, name in enumerate(sorted(set(names).difference(known))):
        close = _closest(_folded(name), alike) if place < MOST_SUGGESTIONS else None
        unknown.append(UnknownVariable(name, close and alike[close]))
    for name in set(with_default).difference(known, names):
        if (meant := alike.get(_folded(name))) is not None:
            unknown.append(UnknownVariable(name, meant))
    return sorted(unknown, key=lambda variable: variable.name)


def _closest(name: str, names: Collection[str]) -> str | None:
    """Return the name that was probably meant, or None."""
    compared = {one[:COMPARED_CHARACTERS]: one for one in names}
    close = difflib.get_close_matches(name[:COMPARED_CHARACTERS], compared, n=1, cutoff=0.7)
    return compared[close[0]] if close else None


def check_length(text: str) -> None:
    """Raise PromptError for a text that is longer than a prompt may be."""
    if len(text) > (limit := settings.MAX_PROMPT_CHARACTERS):
        problem = f"{len(text):,} characters are too many; shorten the text to {limit:,}."
        raise PromptError(problem, text=text, position=limit)


@lru_cache(maxsize=256)
def _parse(text: str) -> Template:
    """Split a text at its braces; errors are not cached."""
    parts: list[str | Placeholder] = []
    end = 0
    while (start := text.find(_OPEN, end)) >= 0:
        if start > end:
            parts.append(text[end:start])
        stop = text.find(_CLOSE, start)
        nested = text.find(_OPEN, start + len(_OPEN))
        if stop < 0 or 0 <= nested < stop:
            problem = "{{ is never closed; write }} after the variable's name."
            raise PromptError(problem, text=text, position=start)
        parts.append(_placeholder(text, start, text[start + len(_OPEN) : stop]))
        end = stop + len(_CLOSE)
    if end < len(text):
        parts.append(text[end:])
    holes = [part for part in parts if isinstance(part, Placeholder)]
    return Template(
        parts=tuple(parts),
        names=frozenset(hole.name for hole in holes),
        required=frozenset(hole.name for hole in holes if hole.default is None),
    )


def _placeholder(text: str, position: int, inside: str) -> Placeholder:
    """Parse the text between the braces that open at the position."""
    written, bar, default = inside.partition("|")
    name = written.strip().removeprefix(_REQUEST_DATA).strip()
    if not name:
        problem = "the braces name no variable; write {{name}} with the name of a column."
        raise PromptError(problem, text=text, position=position)
    if wrong := next((character for character in name if not _may_name(character)), None):
        shown = wrong if wrong.isprintable() else f"U+{ord(wrong):04X}"
        problem = (
            f'a variable\'s name cannot contain "{shown}"; '
            "use letters, digits, spaces, and any of _ - . only."
        )
        raise PromptError(problem, text=text, position=position)
    return Placeholder(name=name, default=default.strip() if bar else None)


def _may_name(character: str) -> bool:
    """Return whether a name may contain the character; many scripts use marks on letters."""
    return character.isalnum() or character in "_-. " or unicodedata.category(character)[0] == "M"


def value_of(hole: Placeholder, values: Mapping[str, object]) -> str:
    """Return the value, or the default if there is none; raises MissingVariable without either."""
    given = values.get(hole.name)
    value = "" if given is None else str(given)
    if not is_blank(value):
        return value
    if hole.default is None:
        raise MissingVariable(hole.name)
    return hole.default


def _strings(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield the strings of a JSON-like structure, with their places."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value, start=1):
            yield from _strings(item, f"{where} item {index}".lstrip())


def _folded(name: str) -> str:
    """Normalize a name for comparison: ignore case, and use one kind of separator."""
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").replace(".", " ").split())


def _written(name: str, default: str | None = None) -> str:
    """Format a name as a placeholder, cut to 40 characters."""
    short = name if len(name) <= 40 else name[:39] + "…"
    return f"{{{{{short}}}}}" if default is None else f"{{{{{short}|{default}}}}}"
