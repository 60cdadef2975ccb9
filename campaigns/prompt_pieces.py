"""A template as pieces to display: literal text, filled-in values, missing values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.prompts import BUILT_IN, Placeholder, PromptError, Template, is_blank

#: Notes on placeholders whose value does not come from the list.
_NOTES = {
    "missing": "no value",
    "default": "its default",
    "built_in": "known when the call is made",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """``kind``: text, filled, default, built_in (known when the call is made), missing, broken."""

    kind: str
    text: str
    name: str = ""

    @property
    def title(self) -> str:
        """Return the placeholder's name and where its value comes from."""
        note = _NOTES.get(self.kind)
        return f"{self.name}: {note}" if note else self.name


def pieces_of(text: str, values: Mapping[str, object]) -> list[Piece]:
    """Return a template filled with values; one that cannot be parsed is one broken piece."""
    try:
        template = Template.parse(text)
    except PromptError as error:
        return [Piece("broken", text, name=str(error))]
    return [_piece(part, values) for part in template.parts]


def _piece(part: str | Placeholder, values: Mapping[str, object]) -> Piece:
    if isinstance(part, str):
        return Piece("text", part)
    given = values.get(part.name)
    if given is not None and not is_blank(str(given)):
        return Piece("filled", str(given), part.name)
    if part.default is not None:
        return Piece("default", part.default, part.name)
    written = "{{" + part.name + "}}"
    if part.name in BUILT_IN:
        return Piece("built_in", written, part.name)
    return Piece("missing", written, part.name)
