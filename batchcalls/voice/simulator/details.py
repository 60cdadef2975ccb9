"""Write up a finished call: result, summary, fields, price."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from batchcalls.voice.base import AccountConfig, CallDetails, CallRequest
from batchcalls.voice.simulator.course import Course
from batchcalls.voice.simulator.extraction import extracted_fields
from batchcalls.voice.simulator.facts import read_facts, words_of
from batchcalls.voice.simulator.options import Outcome
from batchcalls.voice.simulator.script import Persona, Talk
from batchcalls.voice.simulator.timeline import read_call_id
from campaigns.vocabulary import Disposition

CENT_OF_A_CENT = Decimal("0.0001")

DISPOSITIONS: Mapping[Persona | Outcome, Disposition] = {
    Persona.WILLING: Disposition.INTERESTED,
    Persona.UNINTERESTED: Disposition.NOT_INTERESTED,
    Persona.BUSY_NOW: Disposition.CALL_BACK_SCHEDULED,
    Persona.CURIOUS: Disposition.NEEDS_MORE_INFO,
    Persona.OPTS_OUT: Disposition.DO_NOT_CONTACT,
    Outcome.VOICEMAIL: Disposition.NO_CONTACT_MADE,
    Outcome.NO_ANSWER: Disposition.NO_ANSWER,
    Outcome.BUSY: Disposition.BUSY,
    Outcome.FAILED: Disposition.FAILED,
}
#: Words by which a campaign's own disposition is recognized as what the persona stands for.
_HINTS: Mapping[Persona, tuple[str, ...]] = {
    Persona.WILLING: ("confirm", "complete", "book", "qualified", "interest", "yes", "success"),
    Persona.UNINTERESTED: ("not ", "declin", "refus", "reject", "lost", "no"),
    Persona.BUSY_NOW: ("call back", "callback", "later", "resched", "follow"),
    Persona.CURIOUS: ("info", "question", "follow", "undecided", "maybe"),
}
#: With these a willing callee has done something rather than taken an interest.
_ACTIONS = ("remind ", "confirm ", "verify ", "collect ", "update ", "schedule ", "book ")
#: Code, sentence.
_FAILURES = (
    ("number_not_found", "The number you dialed is not in service."),
    ("temporarily_unavailable", "The number you dialed is temporarily unavailable."),
    ("blocked_by_carrier", "The receiving carrier blocked the call because of its caller ID."),
)
_HAPPENED: Mapping[Persona, str] = {
    Persona.WILLING: "answered and agreed",
    Persona.UNINTERESTED: "answered but was not interested",
    Persona.BUSY_NOW: "answered but had no time and asked for a call back",
    Persona.CURIOUS: "answered and asked for more information",
    Persona.OPTS_OUT: "answered and asked not to be called again",
}


def details_of(course: Course, *, call_id: str, config: AccountConfig) -> CallDetails:
    """Return what the carrier knows of a finished call."""
    request, talk, outcome = course.request, course.talk, course.plan.outcome
    placed_at = read_call_id(call_id).started_at
    variables = call_variables(request, call_id, placed_at)
    if talk is not None:
        return CallDetails(
            duration_seconds=talk.seconds,
            transcript=talk.turns,
            summary=_summary(talk),
            disposition=_disposition(course, talk),
            variables=variables,
            extracted=extracted_fields(course, talk, placed_at),
            price=price_of(config, seconds=talk.seconds),
            currency=config.currency,
        )
    code, message = "", ""
    if outcome is Outcome.FAILED:
        code, message = _FAILURES[int(course.draws.fraction("failure") * len(_FAILURES))]
    return CallDetails(
        summary=_unanswered_summary(request, outcome, message),
        disposition=DISPOSITIONS[outcome].value,
        variables=variables,
        price=price_of(config, seconds=None),
        currency=config.currency,
        error_code=code,
        error_message=message,
    )


def call_variables(request: CallRequest, call_id: str, placed_at: datetime) -> dict[str, str]:
    """Return the carrier's own variables, and over them the list's: a column is never hidden."""
    now = placed_at.isoformat(timespec="seconds")
    return {
        "to": request.to,
        "from": request.from_number,
        "short_to": request.to[-10:].removeprefix("+"),
        "short_from": request.from_number[-10:].removeprefix("+"),
        "phone_number": request.to,
        "call_id": call_id,
        "now": now,
        "now_utc": now,
        **request.variables,
    }


def price_of(config: AccountConfig, *, seconds: int | None) -> Decimal:
    """Price a call by its connected time, voicemail included, but never below an attempt."""
    price = config.price_per_attempt
    if seconds is not None:
        price = max(price, config.price_per_minute * seconds / 60)
    return price.quantize(CENT_OF_A_CENT, rounding=ROUND_HALF_UP)


def _disposition(course: Course, talk: Talk) -> str:
    """Name the result: by the campaign's own list if it has one, else by the built-in ones."""
    if talk.persona is None:
        return DISPOSITIONS[Outcome.VOICEMAIL].value
    if talk.persona is Persona.OPTS_OUT:
        # Whatever the campaign's list says: the do-not-call list hangs on this very word.
        return Disposition.DO_NOT_CONTACT.value
    if talk.cut_short:
        return Disposition.AGENT_ENDED_CALL.value
    natural = DISPOSITIONS[talk.persona]
    if talk.persona is Persona.WILLING and talk.purpose.goal.startswith(_ACTIONS):
        natural = Disposition.COMPLETED_ACTION
    own = course.request.settings.get("dispositions")
    if not isinstance(own, list | tuple) or not own:
        return natural.value
    names = [str(name) for name in own]
    return (
        _recognized(names, natural, talk.persona)
        or names[int(course.draws.fraction("disposition") * len(names))]
    )


def _recognized(names: list[str], natural: Disposition, persona: Persona) -> str:
    """Find the campaign's own word for a result."""
    spelled = {words_of(name): name for name in names}
    if words_of(natural.value) in spelled:
        return spelled[words_of(natural.value)]
    for hint in _HINTS[persona]:
        for words, name in spelled.items():
            refuses = words.startswith(("no ", "not ", "un", "dis"))
            if hint in words and not (refuses and persona is Persona.WILLING):
                return name
    return ""


def _summary(talk: Talk) -> str:
    """Tell in two or three sentences what happened."""
    name, business = talk.facts.full_name, talk.facts.business
    who = f"{name} ({business})" if name and business else name or business
    about = _about(talk)
    if talk.persona is None:
        left = "The agent left a message." if talk.message_left else "No message was left."
        return f"The voicemail of {who or 'the callee'} picked up. {left}{about}"
    told = f"{who or 'The callee'} {_HAPPENED[talk.persona]}.{about}"
    return f"{told} {_follow_up(talk)}"


def _follow_up(talk: Talk) -> str:
    """Tell what is left after a talk."""
    if talk.cut_short:
        return "The call was ended at its maximum duration."
    if talk.reason:
        return f"The callee {talk.reason}."
    if talk.call_back:
        return f"A call back was agreed for {talk.call_back}."
    if talk.persona is Persona.CURIOUS:
        return f'Their question was: "{talk.answer}"'
    if talk.persona is Persona.OPTS_OUT:
        return "The number is to be taken off the list."
    return "Nothing is left open."


def _about(talk: Talk) -> str:
    """Name what was talked about, as a sentence to append."""
    details = talk.confirmed or talk.facts.details[:2]
    if details:
        listed = ", ".join(f"{detail.label} {detail.value}" for detail in details)
        return f" The call was about: {listed}."
    return f" The call was about {talk.purpose.topic}." if talk.purpose.topic else ""


def _unanswered_summary(request: CallRequest, outcome: Outcome, message: str) -> str:
    """Tell why nobody was spoken to, and who was meant."""
    facts = read_facts(request.variables)
    who = facts.full_name or facts.business or "the callee"
    if outcome is Outcome.FAILED:
        told = f"The call to {who} failed. {message}"
    elif outcome is Outcome.BUSY:
        told = f"The line of {who} was busy. Nobody was spoken to."
    else:
        told = f"The phone of {who} rang out. Nobody answered."
    details = ", ".join(f"{detail.label} {detail.value}" for detail in facts.details[:2])
    return f"{told} It would have been about: {details}." if details else told
