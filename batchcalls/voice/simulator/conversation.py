"""Write the transcript of an answered call from its prompt, its variables and a seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from batchcalls.voice.base import CallRequest
from batchcalls.voice.simulator import phrases
from batchcalls.voice.simulator.facts import Detail, Facts, read_facts
from batchcalls.voice.simulator.personas import choose_persona, play
from batchcalls.voice.simulator.purpose import Purpose, find_purpose
from batchcalls.voice.simulator.script import Script, Talk
from campaigns import quoted_values

SHORTEST_VOICEMAIL_SECONDS = 8


def write_conversation(request: CallRequest, dice: Random, *, may_opt_out: bool) -> Talk:
    """Let a human answer.

    1. The agent opens, with the first sentence of the settings if there is one.
    2. It says who calls and why, as far as the prompt and the variables tell.
    3. The callee makes of it what their persona makes of it; both say goodbye.
    4. Whatever would be said after ``max_duration`` is not said.
    """
    script = Script(dice)
    persona = choose_persona(dice, may_opt_out=may_opt_out)
    facts = read_facts(request.variables)
    purpose = _purpose(request, facts)
    if request.settings.get("wait_for_greeting") is True:
        script.callee(phrases.PICKED_UP)
    opening = _open(script, request.settings, facts)
    script.callee(_reply_to(opening, facts), name=facts.short_name, business=facts.business)
    introduced = any(name and name in opening for name in (purpose.agent, purpose.organisation))
    script.say("agent", _reason_for_call(dice, purpose, introduced=introduced))
    talk = Talk(facts, purpose, confirmed=_to_confirm(dice, facts))
    return _finish(script, play(script, talk, persona), request.settings)


def write_voicemail(request: CallRequest, dice: Random) -> Talk:
    """Let a voicemail box answer; the agent leaves its message only when told to."""
    script = Script(dice)
    facts = read_facts(request.variables)
    purpose = _purpose(request, facts)
    if facts.full_name:
        script.callee(phrases.GREETING_NAME, name=facts.full_name)
    elif facts.business:
        script.callee(phrases.GREETING_BUSINESS, business=facts.business)
    else:
        script.callee(phrases.GREETING)
    setting = request.settings.get("voicemail")
    setting = setting if isinstance(setting, Mapping) else {}
    action = setting.get("action")
    if action == "leave_message":
        reason = _reason_for_call(dice, purpose, introduced=False)
        message = f"{reason} {dice.choice(phrases.CALL_US_BACK)}"
        script.say("agent", one_line(setting.get("message")) or message)
    elif action == "ignore":  # the agent takes the box for a person and talks to it
        _open(script, request.settings, facts)
        script.say("agent", _reason_for_call(dice, purpose, introduced=False))
    script.clock = max(script.clock, SHORTEST_VOICEMAIL_SECONDS + 4 * dice.random())
    talk = Talk(facts, purpose, message_left=action == "leave_message")
    return _finish(script, talk, request.settings)


def one_line(text: Any) -> str:
    """Put a setting's text on one line; braces that came in with a value are not spoken."""
    return " ".join(str(text or "").replace("{{", " ").replace("}}", " ").split())


def _purpose(request: CallRequest, facts: Facts) -> Purpose:
    """Find out why is called: from the prompt, else from what is known of the recipient."""
    purpose = find_purpose(quoted_values.plain(request.prompt), callee=facts.full_name)
    if facts.agent:
        purpose = purpose._replace(agent=facts.agent)
    if purpose.organisation == facts.business:  # "calling Sarah from South Bay Coffee": her firm
        purpose = purpose._replace(organisation="")
    if not purpose.known:
        for detail in facts.details:
            if not detail.is_flag:
                return purpose._replace(topic=f"your {detail.label}, {detail.value}")
    return purpose


def _to_confirm(dice: Random, facts: Facts) -> tuple[Detail, ...]:
    """Choose one or two details to talk about, real values before a bare yes or no."""
    count = min(len(facts.details), 2 if dice.random() < 0.7 else 1)
    return tuple(sorted(dice.sample(facts.details, count), key=lambda detail: detail.is_flag))


def _open(script: Script, settings: Mapping[str, Any], facts: Facts) -> str:
    first_sentence = one_line(settings.get("first_sentence"))
    if first_sentence:
        return script.say("agent", first_sentence)
    bank: tuple[str, ...]
    if facts.full_name and facts.business:
        bank = phrases.ASK_FOR_NAME_AT
    elif facts.full_name:
        bank = phrases.ASK_FOR_NAME
    else:
        bank = phrases.ASK_FOR_BUSINESS if facts.business else phrases.ASK_FOR_A_MOMENT
    return script.agent(bank, name=facts.full_name, business=facts.business)


def _reply_to(opening: str, facts: Facts) -> tuple[str, ...]:
    """Choose what a callee may answer to the agent's first words."""
    asked = opening.lower()
    if "how are you" in asked:
        return phrases.FINE_THANKS
    if "?" not in asked:
        return phrases.GO_ON
    if any(word in asked for word in ("moment", "minute", "good time", "bad time", "okay time")):
        return phrases.HAVE_A_MOMENT
    if facts.short_name and facts.short_name.lower() in asked:
        return phrases.IT_IS_ME
    if facts.business and facts.business.lower() in asked:
        return phrases.IT_IS_US
    return phrases.THATS_RIGHT


def _reason_for_call(dice: Random, purpose: Purpose, *, introduced: bool) -> str:
    """Say who calls, unless that was said, and why."""
    why: tuple[str, ...]
    who: tuple[str, ...]
    if purpose.goal:
        why = phrases.GOAL
    elif purpose.topic:
        why = phrases.TOPIC
    else:
        why = phrases.CAUSE if purpose.cause else phrases.NO_PURPOSE
    if purpose.agent:
        who = phrases.AGENT_OF if purpose.organisation else phrases.AGENT
    else:
        who = phrases.ORGANISATION if purpose.organisation else phrases.ASSISTANT
    said = dice.choice(why) if introduced else f"{dice.choice(who)} {dice.choice(why)}"
    return said.format(**purpose._asdict())


def _finish(script: Script, talk: Talk, settings: Mapping[str, Any]) -> Talk:
    """Hang up after the last word, or when the call has lasted ``max_duration`` minutes."""
    limit = settings.get("max_duration")
    seconds = math.ceil(script.clock)
    if isinstance(limit, int | float) and 0 < limit * 60 < seconds:
        seconds = math.ceil(limit * 60)
        heard = tuple(turn for turn in script.turns if turn.at_seconds < seconds)
        return talk._replace(turns=heard, seconds=seconds, cut_short=True)
    return talk._replace(turns=tuple(script.turns), seconds=seconds)
