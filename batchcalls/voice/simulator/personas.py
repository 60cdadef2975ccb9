"""Play what callees who pick up make of a call, from its reason to its closing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from batchcalls.voice.simulator import phrases
from batchcalls.voice.simulator.script import Persona, Script, Talk

#: Upper bounds: half of the people are willing, 3 in 100 never want to be called again. Opting
#: out stands last, so that it can be left out.
PERSONAS = (
    (Persona.WILLING, 0.50),
    (Persona.UNINTERESTED, 0.69),
    (Persona.BUSY_NOW, 0.84),
    (Persona.CURIOUS, 0.97),
    (Persona.OPTS_OUT, 1.0),
)


def choose_persona(dice: Random, *, may_opt_out: bool) -> Persona:
    """Draw who picked up."""
    drawn = dice.random() * (1.0 if may_opt_out else PERSONAS[-2][1])
    return next(persona for persona, bound in PERSONAS if drawn < bound)


def play(script: Script, talk: Talk, persona: Persona) -> Talk:
    """Let the callee react to the reason for the call, and close it; return what came of it."""
    talk = _PLAYS[persona](script, talk._replace(persona=persona))
    if persona is Persona.OPTS_OUT:
        script.callee(phrases.FINE_THEN)
        return talk
    name = talk.facts.short_name
    script.agent(phrases.CLOSE_NAME if name else phrases.CLOSE, name=name)
    if script.dice.random() < 0.6:
        script.callee(phrases.BYE)
    return talk


def _willing(script: Script, talk: Talk) -> Talk:
    answer = script.callee(phrases.WILLING)
    _confirm(script, talk)
    if talk.purpose.extra:
        script.agent(phrases.EXTRA, extra=talk.purpose.extra)
        script.callee(phrases.EXTRA_REPLY)
    script.agent(phrases.WRAP_UP)
    script.callee(phrases.NOTHING_ELSE)
    return talk._replace(answer=answer)


def _uninterested(script: Script, talk: Talk) -> Talk:
    answer = script.callee(phrases.DECLINE)
    script.agent(phrases.ASK_WHY)
    said, reason = script.dice.choice(phrases.REASONS)
    script.say("callee", said)
    _mention(script, talk, phrases.NOTED, phrases.NOTED_WITH)
    return talk._replace(answer=answer, reason=reason, confirmed=talk.confirmed[:1])


def _busy_now(script: Script, talk: Talk) -> Talk:
    answer = script.callee(phrases.BUSY_NOW)
    script.agent(phrases.ASK_WHEN)
    said, when, days = script.dice.choice(phrases.CALL_BACK_TIMES)
    script.say("callee", said)
    _mention(script, talk, phrases.CALL_BACK, phrases.CALL_BACK_ABOUT, when=when)
    script.callee(phrases.AGREED)
    return talk._replace(
        answer=answer, call_back=when, call_back_days=days, confirmed=talk.confirmed[:1]
    )


def _curious(script: Script, talk: Talk) -> Talk:
    answer = script.callee(phrases.QUESTIONS if talk.purpose.known else phrases.WHAT_IS_IT)
    script.agent(phrases.CANNOT_SAY)
    script.callee(phrases.AGREED_TO_WAIT)
    _confirm(script, talk)
    return talk._replace(answer=answer)


def _opts_out(script: Script, talk: Talk) -> Talk:
    answer = script.callee(phrases.STOP_CALLING)
    script.agent(phrases.WILL_STOP)
    return talk._replace(answer=answer, confirmed=())


def _confirm(script: Script, talk: Talk) -> None:
    """Read back what is known of the callee, or ask whether the matter suits them."""
    if not talk.confirmed:
        if not talk.purpose.known:
            script.agent(phrases.NOTHING_TO_DO)
        script.agent(phrases.DOES_IT_SUIT)
        script.callee(phrases.IT_SUITS)
    bank: tuple[str, ...]
    for position, detail in enumerate(talk.confirmed):
        if detail.is_flag:
            bank = phrases.CONFIRM_FLAG
        else:
            bank = phrases.CONFIRM_MORE if position else phrases.CONFIRM
        script.agent(bank, label=detail.label, value=detail.value)
        script.callee(phrases.YES)


def _mention(
    script: Script,
    talk: Talk,
    bare: tuple[str, ...],
    with_detail: tuple[str, ...],
    **words: str,
) -> None:
    """Let the agent take a note, beside the first thing it would have confirmed."""
    if talk.confirmed and not talk.confirmed[0].is_flag:
        detail = talk.confirmed[0]
        script.agent(with_detail, label=detail.label, value=detail.value, **words)
    else:
        script.agent(bare, **words)


_PLAYS: Mapping[Persona, Callable[[Script, Talk], Talk]] = {
    Persona.WILLING: _willing,
    Persona.UNINTERESTED: _uninterested,
    Persona.BUSY_NOW: _busy_now,
    Persona.CURIOUS: _curious,
    Persona.OPTS_OUT: _opts_out,
}
