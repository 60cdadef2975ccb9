"""What leads a conversation: a prompt, a pathway, or a persona or agent of the provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

#: Settings that lead a conversation alone, without a prompt or pathway.
#: Source: Bland API, Send Call, ``persona_id``; its n8n node for ``agent_id``.
PRESETS: Final = ("persona_id", "agent_id")
#: Settings of a row that lead its conversation.
LEADING: Final = ("task", "pathway_id", *PRESETS)
#: The parameters of a call that the fields of a conversation are.
_NAMES: Final = ("task", "pathway_id", "pathway_version", *PRESETS)


class Conversation(NamedTuple):
    """What leads the calls of a batch, or of one row. A prompt and a pathway exclude each other."""

    prompt: str = ""
    pathway_id: str = ""
    pathway_version: str = ""
    persona_id: str = ""
    agent_id: str = ""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Return what parameters of a call lead it with."""
        return cls(*(str(said.get(name) or "") for name in _NAMES))

    @property
    def settings(self) -> dict[str, str]:
        """Return it as parameters of a call."""
        return {name: value for name, value in zip(_NAMES, self, strict=True) if value}

    @property
    def presets(self) -> dict[str, str]:
        """Return its persona or agent as call settings."""
        return {name: value for name in PRESETS if (value := getattr(self, name))}

    @property
    def is_led(self) -> bool:
        """True when something leads it. A version alone does not."""
        return any(self._replace(pathway_version=""))

    def for_row(self, settings: Mapping[str, Any]) -> Self:
        """Return what leads the call of a row with its own settings.

        A prompt replaces a pathway and the other way around. An agent goes with neither a pathway
        nor a persona. Otherwise a prompt is added to a persona, whose own it overrides.
        """
        own = self.of(settings)
        said = self._replace(**{name: value for name, value in own._asdict().items() if value})
        if own.prompt or own.agent_id:
            said = said._replace(pathway_id="", pathway_version="")
        elif own.pathway_id:
            said = said._replace(prompt="", pathway_version=own.pathway_version)
        if own.agent_id:
            return said._replace(persona_id="")
        return said._replace(agent_id="") if own.pathway_id or own.persona_id else said

    @property
    def label(self) -> str:
        """Return what leads it instead of a prompt: “Pathway abc, version 2”. Else a blank."""
        if self.pathway_id:
            version = f", version {self.pathway_version}" if self.pathway_version else ""
            return f"Pathway {self.pathway_id}{version}"
        if self.persona_id:
            return f"Persona {self.persona_id}"
        return f"Agent {self.agent_id}" if self.agent_id else ""
