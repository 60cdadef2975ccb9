"""Hold what is said in a call, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from random import Random
from typing import NamedTuple

from batchcalls.voice.base import Turn
from batchcalls.voice.simulator.facts import Detail, Facts
from batchcalls.voice.simulator.purpose import Purpose

WORDS_PER_SECOND = 2.5


class Persona(Enum):
    """What a callee who picks up makes of the call."""

    WILLING = "willing"
    UNINTERESTED = "uninterested"
    BUSY_NOW = "busy now"
    CURIOUS = "curious"
    OPTS_OUT = "opts out"


class Talk(NamedTuple):
    """An answered call; ``seconds`` is how long the line was open, in simulated seconds.

    ``persona`` is None when a voicemail box answered. ``confirmed`` is what the agent mentioned
    and the callee did not deny. ``answer`` is what the callee said to the reason for the call,
    ``reason`` why they declined, ``call_back`` when they want to be called again, in words.
    ``cut_short`` tells that the call ran into ``max_duration``.
    """

    facts: Facts
    purpose: Purpose
    turns: tuple[Turn, ...] = ()
    seconds: int = 0
    persona: Persona | None = None
    confirmed: tuple[Detail, ...] = ()
    answer: str = ""
    reason: str = ""
    call_back: str = ""
    call_back_days: int = 0
    message_left: bool = False
    cut_short: bool = False


class Script:
    """Collect turns and keep the time: words at their pace, a breath between the turns."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.turns: list[Turn] = []
        self.clock = 0.5
        self._used: set[str] = set()

    def say(self, speaker: str, text: str) -> str:
        """Add an utterance and return it; who speaks twice in a row goes on with the same turn."""
        last = self.turns[-1] if self.turns else None
        if last is not None and last.speaker == speaker:
            self.turns[-1] = replace(last, text=f"{last.text} {text}")
        else:
            self.turns.append(Turn(speaker=speaker, text=text, at_seconds=round(self.clock, 1)))
        self.clock += (text.count(" ") + 1) / WORDS_PER_SECOND + 0.3 + 0.9 * self.dice.random()
        return text

    def agent(self, bank: Sequence[str], **words: str) -> str:
        """Let the agent say a phrase of the bank."""
        return self.say("agent", self._choose(bank).format(**words))

    def callee(self, bank: Sequence[str], **words: str) -> str:
        """Let the callee say a phrase of the bank."""
        return self.say("callee", self._choose(bank).format(**words))

    def _choose(self, bank: Sequence[str]) -> str:
        """Choose a phrase; one that was already said in this call gets one chance to be another."""
        phrase = self.dice.choice(bank)
        if phrase in self._used:
            phrase = self.dice.choice([other for other in bank if other != phrase])
        self._used.add(phrase)
        return phrase
