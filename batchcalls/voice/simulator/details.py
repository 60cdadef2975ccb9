"""Describe a finished call: result, summary, fields, price."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from batchcalls.voice.base import AccountConfig, CallDetails, CallRequest
from batchcalls.voice.simulator.course import Course
from batchcalls.voice.simulator.extraction import extracted_fields
from batchcalls.voice.simulator.options import Outcome
from batchcalls.voice.simulator.reactions import OPTS_OUT, WILLING, reactions_named
from batchcalls.voice.simulator.recipient import one_line, recipient_of, words_of
from batchcalls.voice.simulator.timeline import read_call_id
from campaigns.vocabulary import Disposition

CENT_OF_A_CENT = Decimal("0.0001")

#: Calls without a conversation: disposition and beginning of the summary.
_WITHOUT_TALK = {
    Outcome.VOICEMAIL: (Disposition.NO_CONTACT_MADE, "The voicemail of {who} picked up."),
    Outcome.NO_ANSWER: (Disposition.NO_ANSWER, "The phone of {who} rang out."),
    Outcome.BUSY: (Disposition.BUSY, "The line of {who} was busy."),
    Outcome.FAILED: (Disposition.FAILED, "The call to {who} failed."),
}
#: Prompts with these words make a willing callee complete an action, not show interest.
_ACTION = re.compile(r"\b(?:remind|confirm|verify|collect|update|schedule|book)\b", re.IGNORECASE)
#: Code, sentence.
_FAILURES = (
    ("number_not_found", "The number you dialed is not in service."),
    ("temporarily_unavailable", "The number you dialed is temporarily unavailable."),
    ("blocked_by_carrier", "The receiving carrier blocked the call because of its caller ID."),
)


def details_of(course: Course, *, call_id: str, config: AccountConfig) -> CallDetails:
    """Return the carrier's details of a finished call."""
    request, talk = course.request, course.talk
    placed_at = read_call_id(call_id).started_at
    code, message = "", ""
    if course.plan.outcome is Outcome.FAILED:
        code, message = _FAILURES[int(course.draws.fraction("failure") * len(_FAILURES))]
    return CallDetails(
        duration_seconds=talk.seconds if talk else 0,
        transcript=talk.turns if talk else (),
        summary=_summary(course, message),
        disposition=_disposition(course),
        variables=call_variables(request, call_id, placed_at),
        extracted=extracted_fields(course, talk, placed_at) if talk else {},
        price=price_of(config, seconds=talk.seconds if talk else None),
        currency=config.currency,
        error_code=code,
        error_message=message,
    )


def call_variables(request: CallRequest, call_id: str, placed_at: datetime) -> dict[str, str]:
    """Return the carrier's variables and the list's; the list's win over the carrier's."""
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
    """Price a call by its connected time, including voicemail, but not below the attempt price."""
    price = config.price_per_attempt
    if seconds is not None:
        price = max(price, config.price_per_minute * seconds / 60)
    return price.quantize(CENT_OF_A_CENT, rounding=ROUND_HALF_UP)


def _disposition(course: Course) -> str:
    """Return the disposition, from the campaign's own list if it has one, else a built-in one."""
    talk, outcome = course.talk, course.plan.outcome
    if talk is None or outcome in _WITHOUT_TALK:
        return _WITHOUT_TALK[outcome][0].value
    if talk.reaction is OPTS_OUT:
        # Ignore the campaign's list, because the do-not-call list depends on this value.
        return Disposition.DO_NOT_CONTACT.value
    if talk.reaction is None or talk.cut_short:
        return Disposition.AGENT_ENDED_CALL.value
    natural = talk.reaction.disposition
    if talk.reaction is WILLING and _ACTION.search(talk.quoted):
        natural = Disposition.COMPLETED_ACTION
    own = course.request.settings.get("dispositions")
    if not isinstance(own, list | tuple) or not own:
        return natural.value
    spelled = {words_of(name): name for name in map(str, own)}
    fitting = [name for words, name in spelled.items() if talk.reaction in reactions_named(words)]
    drawn = str(own[int(course.draws.fraction("disposition") * len(own))])
    return spelled.get(words_of(natural.value)) or next(iter(fitting), drawn)


def _summary(course: Course, failure: str) -> str:
    """Summarize the call in two or three sentences."""
    talk, outcome = course.talk, course.plan.outcome
    recipient = recipient_of(course.request.variables)
    if talk is None or outcome in _WITHOUT_TALK:
        sentences = [_WITHOUT_TALK[outcome][1], failure]
        if talk is not None:
            sentences.append(
                "The agent left a message." if talk.message_left else "No message was left."
            )
        sentences.append("{about}")
    else:
        sentences = ["{who} answered. {about}" if talk.reaction is None else talk.reaction.summary]
        if talk.cut_short:
            sentences.append("The call was ended at its maximum duration.")
    text = " ".join(sentences).format(
        who=recipient.who or "the callee",
        about=f"The call was about {recipient.details}." if recipient.details else "",
        answer=talk.answer if talk else "",
    )
    return one_line(text[0].upper() + text[1:])
