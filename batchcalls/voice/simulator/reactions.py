"""The five reactions of a callee to a call, with their dialogue."""

from __future__ import annotations

import re
from typing import NamedTuple

from campaigns.vocabulary import Disposition


class Reaction(NamedTuple):
    """A reaction, its share of the calls, and the dialogue of a call with it.

    ``bound`` is the upper bound of its share. ``lines`` alternate between callee and agent;
    ``{answer}`` is one of ``answers``. ``words`` recognizes the reaction in a campaign's
    own dispositions and field names. ``rating`` is the callee's mood, from 1 to 10.
    """

    bound: float
    disposition: Disposition
    rating: int
    answers: tuple[str, ...]
    lines: tuple[str, ...]
    summary: str
    words: re.Pattern[str]
    field: str = ""


#: When callees want to be called back -> days until then.
DAYS_UNTIL_CALLBACK = {
    "this evening around six": 0,
    "tomorrow morning": 1,
    "tomorrow afternoon": 1,
    "next week": 7,
}
WILLING = Reaction(
    0.50,
    Disposition.INTERESTED,
    9,
    ("Yes, thanks for calling. That works for me.", "Sure, that's fine.", "Yes, I'd like that."),
    (
        "{answer}",
        "{check}",
        "Yes, that's right.",
        "Great, I've noted that. Thank you{name}!",
        "Bye.",
    ),
    "{who} answered and agreed. {about} Nothing is left open.",
    re.compile(
        r"^(?!.*\b(?:not?\b|un|dis)).*(?:agree|book|complete|confirm|interest|qualif|sale|sold|yes)"
    ),
)
UNINTERESTED = Reaction(
    0.69,
    Disposition.NOT_INTERESTED,
    3,
    ("We already have someone for that.", "It's too expensive for me.", "I don't need it anymore."),
    (
        "Thanks, but I'm not interested.",
        "I understand. May I ask why?",
        "{answer}",
        "Thank you for telling me. I've noted that. Have a good day{name}!",
    ),
    '{who} answered but was not interested. {about} Their reason: "{answer}"',
    re.compile(
        r"^no$|no interest|(?<!do )\bnot\b|unint|cancel|declin|lost|objection|reason|refus|reject"
    ),
    field="reason",
)
HAS_NO_TIME = Reaction(
    0.84,
    Disposition.CALL_BACK_SCHEDULED,
    6,
    tuple(DAYS_UNTIL_CALLBACK),
    (
        "Sorry, I can't talk right now. Could you call me back {answer}?",
        "Of course. I'll call you back {answer}. Goodbye{name}!",
        "Thanks, bye.",
    ),
    "{who} answered but had no time and asked for a callback {answer}. {about}",
    re.compile(r"call ?back|later|resched|follow|\btime$"),
    field="callback_time",
)
CURIOUS = Reaction(
    0.97,
    Disposition.NEEDS_MORE_INFO,
    7,
    ("What would that cost me?", "How long will it take?", "Could you send me that in writing?"),
    (
        "Before I decide: {answer}",
        "I don't have the details in front of me, so a colleague will get back to you about that.",
        "Okay, thanks.",
        "Thank you{name}. Have a good day!",
    ),
    '{who} answered and asked for more information. {about} Their question: "{answer}"',
    re.compile(r"follow|info|maybe|question|undecided"),
)
OPTS_OUT = Reaction(
    1.0,
    Disposition.DO_NOT_CONTACT,
    1,
    ("Please take me off your list.", "Please don't call me again. Take me off your list."),
    (
        "{answer}",
        "I'm sorry for the trouble{name}. I'm taking your number off our list.",
        "Thank you. Bye.",
    ),
    "{who} answered and asked not to be called again. {about} Remove the number from the list.",
    re.compile(r"do not (?:call|contact)|dnc|opt(?:ed)? out|remov|unsubscrib"),
)
#: Opting out is last, so that it is easy to leave out.
REACTIONS = (WILLING, UNINTERESTED, HAS_NO_TIME, CURIOUS, OPTS_OUT)


def reactions_named(words: str) -> list[Reaction]:
    """Return the reactions that a disposition or field name, in plain words, means."""
    return [reaction for reaction in REACTIONS if reaction.words.search(words)]
