"""Write the transcript of an answered call: a fixed dialogue around its prompt and variables."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import cycle
from random import Random
from typing import NamedTuple

from batchcalls.voice.base import CallRequest, Turn
from batchcalls.voice.simulator.reactions import REACTIONS, Reaction
from batchcalls.voice.simulator.recipient import Recipient, one_line, recipient_of
from campaigns import quoted_values

WORDS_PER_SECOND = 2.5
SHORTEST_VOICEMAIL_SECONDS = 8

_READ_CHARACTERS = 3000
_QUOTED_CHARACTERS = 220
#: Headings, list marks, tags and emphasis.
_MARKUP = re.compile(
    r"^[ \t]*(?:#.*$|[^\n]{0,40}:[ \t]*$|(?:[-–•>+*]|\d+[.)])[ \t])|<[^<>]*>|[*`|~{}]+",
    re.MULTILINE,
)
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)\s+|(?<=[。！？])|\n+"  # noqa: RUF001
)
#: Sentences about how to talk, which an agent follows but does not say.
_RULE = re.compile(
    r"(?:always|avoid|be|end|greet|hang up|if|introduce|keep|make sure|only|remember|respond|sound"
    r"|speak|stay|unless|use|wait|when|you (?:can|may|must|should|will))\b"
    r"|.*\b(?:never|do not|don['’]t|must not)\b",
    re.IGNORECASE,
)
#: Sentences about who the agent is and whom it calls, unless they say why.
_ROLE = re.compile(
    r"(?:act as|your name|you are|you['’]re)\b(?!.*\bcall.*\b(?:about|because|to (?!speak|talk)))",
    re.IGNORECASE,
)


class Talk(NamedTuple):
    """An answered call; ``seconds`` is how long the line was open, in simulated seconds.

    ``reaction`` is None for a voicemail and for a call cut before the callee reacted. ``answer``
    is what the callee said, ``quoted`` what the agent quoted from the prompt.
    """

    recipient: Recipient
    quoted: str
    reaction: Reaction | None = None
    answer: str = ""
    turns: tuple[Turn, ...] = ()
    seconds: int = 0
    message_left: bool = False
    cut_short: bool = False


def write_conversation(request: CallRequest, dice: Random, *, may_opt_out: bool) -> Talk:
    """Write the conversation with a person, cut at ``max_duration``."""
    drawn = dice.random() * (1 if may_opt_out else REACTIONS[-2].bound)
    reaction = next(reaction for reaction in REACTIONS if drawn < reaction.bound)
    recipient, quoted = recipient_of(request.variables), excerpt(request.prompt)
    answer = dice.choice(reaction.answers)
    name = f", {recipient.name}" if recipient.name else ""
    check = "Can I put that down as a yes?"
    if recipient.details:
        check = f"I also have {recipient.details}. Is that right?"
    opening = [
        ("agent", _opening(request, recipient)),
        ("callee", dice.choice(("Yes, hi. What is this about?", "Yes, hello. Go ahead."))),
        ("agent", _reason(quoted, recipient)),
    ]
    if request.settings.get("wait_for_greeting") is True:
        opening.insert(0, ("callee", "Hello?"))
    lines = [line.format(answer=answer, name=name, check=check) for line in reaction.lines]
    reply = zip(cycle(("callee", "agent")), lines, strict=False)
    talk = _speak(Talk(recipient, quoted, reaction, answer), [*opening, *reply], request, dice)
    was_heard = any(answer in turn.text for turn in talk.turns[len(opening) :])
    return talk if was_heard else talk._replace(reaction=None)


def write_voicemail(request: CallRequest, dice: Random) -> Talk:
    """Write the call to a voicemail; the agent leaves a message only if the settings say so."""
    recipient, quoted = recipient_of(request.variables), excerpt(request.prompt)
    whose = recipient.name or recipient.business
    reached = f"You've reached {whose}." if whose else "The person you called is not available."
    lines = [("callee", f"{reached} Please leave a message after the tone.")]
    setting = request.settings.get("voicemail")
    setting = setting if isinstance(setting, Mapping) else {}
    action, reason = setting.get("action"), _reason(quoted, recipient)
    if action == "leave_message":
        message = one_line(setting.get("message")) or f"Hello. {reason} Please call us back."
        lines.append(("agent", message))
    elif action == "ignore":  # the agent talks to the voicemail as to a person
        lines.append(("agent", f"{_opening(request, recipient)} {reason}"))
    talk = Talk(recipient, quoted, message_left=action == "leave_message")
    return _speak(
        talk, lines, request, dice, at_least=SHORTEST_VOICEMAIL_SECONDS + 4 * dice.random()
    )


def excerpt(prompt: str) -> str:
    """Return the first sentences of a rendered prompt that an agent can quote, on one line.

    Rules ("Never mention prices") are left out, and so is the agent's role unless it is all
    there is.
    """
    text = _MARKUP.sub(" ", quoted_values.plain(prompt)[:_READ_CHARACTERS])
    sentences = [one_line(sentence) for sentence in _SENTENCE_END.split(text)]
    spoken = [each for each in sentences if any(map(str.isalnum, each)) and not _RULE.match(each)]
    spoken = [each for each in spoken if not _ROLE.match(each)] or spoken
    quoted = ""
    for sentence in spoken:
        ended = sentence if sentence[-1] in ".!?…,:;。！？" else f"{sentence}."  # noqa: RUF001
        if quoted and len(quoted) + len(ended) > _QUOTED_CHARACTERS:
            break
        quoted = f"{quoted} {ended}".strip()
    if len(quoted) > _QUOTED_CHARACTERS:
        quoted = quoted[:_QUOTED_CHARACTERS].rpartition(" ")[0] or quoted[:_QUOTED_CHARACTERS]
        return f"{quoted}…"
    return quoted


def _opening(request: CallRequest, recipient: Recipient) -> str:
    asked = f"is this {recipient.who}?" if recipient.who else "do you have a minute?"
    return one_line(request.settings.get("first_sentence")) or f"Hello, {asked}"


def _reason(quoted: str, recipient: Recipient) -> str:
    """Return why the agent calls: from its prompt, else from the list."""
    if quoted:
        return f"I'm an automated assistant. My notes for this call say: “{quoted}”"
    if recipient.details:
        return f"I'm an automated assistant, calling about {recipient.details}."
    return "I'm an automated assistant with a short update for you."


def _speak(
    talk: Talk,
    lines: list[tuple[str, str]],
    request: CallRequest,
    dice: Random,
    at_least: float = 0,
) -> Talk:
    """Time the lines at the pace of speech; hang up after the last or at ``max_duration``."""
    clock, turns = 0.5, []
    for speaker, text in lines:
        turns.append(Turn(speaker=speaker, text=text, at_seconds=round(clock, 1)))
        clock += (text.count(" ") + 1) / WORDS_PER_SECOND + 0.3 + 0.9 * dice.random()
    seconds = math.ceil(max(clock, at_least))
    limit = request.settings.get("max_duration")
    if isinstance(limit, int | float) and 0 < limit * 60 < seconds:
        seconds = math.ceil(limit * 60)
        turns = [turn for turn in turns if turn.at_seconds < seconds]
        talk = talk._replace(cut_short=True)
    return talk._replace(turns=tuple(turns), seconds=seconds)
