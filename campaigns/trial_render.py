"""Preview of a campaign's texts with values that a user enters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from campaigns import call_settings
from campaigns.prompt_pieces import Piece, pieces_of
from campaigns.prompts import BUILT_IN, Placeholder, PromptError, Template


@dataclass(frozen=True, slots=True)
class Said:
    """One text of a campaign as it would be spoken, or why it cannot be parsed."""

    label: str
    pieces: list[Piece]
    problem: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of these texts, the value to preview, and its default if it has one."""

    name: str
    value: str
    default: str | None


@dataclass(frozen=True, slots=True)
class TrialRender:
    """All texts, and the variables that a list must provide, in the order of their first use."""

    texts: list[Said]
    variables: list[Variable]


def rendered_settings() -> list[tuple[str, str]]:
    """Return name and label of the call settings whose texts may hold variables."""
    return [
        (name, setting.label)
        for name, setting in call_settings.REGISTRY.items()
        if setting.rendered and not setting.structural
    ]


def try_out(texts: Mapping[str, str], values: Mapping[str, str]) -> TrialRender:
    """Render texts by label; a text that cannot be parsed is shown unchanged with its error."""
    defaults: dict[str, str | None] = {}
    rendered = []
    for label, text in texts.items():
        try:
            template = Template.parse(text)
        except PromptError as error:
            rendered.append(Said(label, pieces_of(text, values), str(error)))
            continue
        rendered.append(Said(label, pieces_of(text, values), ""))
        for hole in _holes(template):
            # One use without a default is enough for the list to have to provide the variable.
            first_default = defaults.setdefault(hole.name, hole.default)
            defaults[hole.name] = first_default if hole.default is not None else None
    variables = [
        Variable(name, values.get(name, ""), default) for name, default in defaults.items()
    ]
    return TrialRender(rendered, variables)


def _holes(template: Template) -> Iterator[Placeholder]:
    for part in template.parts:
        if isinstance(part, Placeholder) and part.name not in BUILT_IN:
            yield part
