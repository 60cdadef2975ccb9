"""What a campaign would say with values that somebody types to try it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from campaigns import call_settings
from campaigns.prompt_pieces import Piece, pieces_of
from campaigns.prompts import BUILT_IN, Placeholder, PromptError, Template


@dataclass(frozen=True, slots=True)
class Said:
    """One text of a campaign as it would be said, or what keeps it from being read."""

    label: str
    pieces: list[Piece]
    problem: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of these texts, the value to try it with, and its default where it has one."""

    name: str
    value: str
    default: str | None


@dataclass(frozen=True, slots=True)
class TrialRender:
    """All texts, and the variables that a list must bring, in the order of their first use."""

    texts: list[Said]
    variables: list[Variable]


def rendered_settings() -> list[tuple[str, str]]:
    """Return name and label of the call settings whose texts hold variables."""
    return [
        (name, one.label)
        for name, one in call_settings.REGISTRY.items()
        if one.rendered and not one.structural
    ]


def try_out(texts: Mapping[str, str], values: Mapping[str, str]) -> TrialRender:
    """Render texts, given by their labels; what cannot be read is said and shown as it stands."""
    found: dict[str, str | None] = {}
    said = []
    for label, text in texts.items():
        try:
            template = Template.parse(text)
        except PromptError as error:
            said.append(Said(label, pieces_of(text, values), str(error)))
            continue
        said.append(Said(label, pieces_of(text, values), ""))
        for hole in _holes(template):
            # A variable without a default anywhere is one that the list must bring.
            known = found.setdefault(hole.name, hole.default)
            found[hole.name] = known if hole.default is not None else None
    variables = [Variable(name, values.get(name, ""), default) for name, default in found.items()]
    return TrialRender(said, variables)


def _holes(template: Template) -> Iterator[Placeholder]:
    for part in template.parts:
        if isinstance(part, Placeholder) and part.name not in BUILT_IN:
            yield part
