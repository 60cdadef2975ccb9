"""Find in a rendered prompt what an agent would say it is calling for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from batchcalls.voice.simulator.facts import word_set
from batchcalls.voice.simulator.second_person import in_second_person

#: A longer prompt is read as far as this; what a call is about stands near the top.
_READ_CHARACTERS = 3000
_LONGEST_GOAL = 160
#: Some patterns look ahead for every word; this bounds what that can cost.
_LONGEST_SENTENCE = 400

_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)\s+(?=[A-Z\"'“*(\d])|[\n;]+"
)
_LEAD = re.compile(
    r"[\W_]*(?:\d+[.)]\s*)?(?:(?:goal|objective|task|purpose|reason|instructions?|background|context"
    r"|role|script|message|opening|step \d+)\s*:\s*)?[\"'“*\s]*",
    re.IGNORECASE,
)
_NO_VERB = (
    r"(?!(?:the|a|an|any|all|each|every|our|my|their|your|his|her|them|him|you|us|people|someone|"
    r"be|make|act|sound|speak|keep|stay|become|serve|handle|"
    r"customers?|clients?|patients?|leads?|users?|members?|prospects?|recipients?)\b)"
)
#: "You are calling Emily from South Bay to remind her of …", "… about her order".
_CALLING = re.compile(
    r"\b(?:call(?:ing)?|phoning|ringing|contacting|reaching out|getting in touch|following up)\b"
    rf".*?\b(?:(?P<to>to)\s+(?P<goal>{_NO_VERB}[a-z]+\b.*)"
    r"|(?P<how>about|regarding|concerning|because)\s+(?P<topic>.+))"
)
_GOAL_IS = re.compile(
    r"\b(?:goal|task|job|objective|purpose|aim|mission|role)\b.*?\b(?:is|are) to\s+"
    rf"(?P<goal>{_NO_VERB}[a-z]+\b.+)",
    re.IGNORECASE,
)
_VERBS = (
    "announce|arrange|ask|book|cancel|check|collect|confirm|congratulate|explain|find out|follow up"
    "|get|inform|invite|let|mention|notify|offer|present|propose|qualify|recommend|remind|renew"
    "|reschedule|schedule|survey|tell|thank|update|verify|welcome"
)
#: "Call Emily and ask whether …".
_CALL_AND = re.compile(
    r"(?:please )?(?:call|phone|ring|contact|speak|talk)\b.*?\band\s+"
    rf"(?P<goal>(?:{_VERBS})\b.+)",
    re.IGNORECASE,
)
#: "Remind her of …".
_ORDER = re.compile(
    rf"(?:please |then |now |next,? |first,? |also |finally,? )*(?P<goal>(?:{_VERBS})\b.+)",
    re.IGNORECASE,
)
_GOALS = (_CALLING, _GOAL_IS, _CALL_AND, _ORDER)
#: What follows belongs to the agent's instructions, not to its reason for calling.
_ASIDE = re.compile(
    r"(?:,? (?:and |or )?(?:then|but|in a \w+ (?:tone|voice|manner)|before ending|end the call"
    r"|hang up)|, if (?:they|he|she|so|not|yes|no))\b.*"
)
_ABOUT_THE_TALK = re.compile(
    r"\b(?:the call|call length|polite|politely|friendly|script|prompt|concise|goodbye|greet)\b",
    re.IGNORECASE,
)
_PROPER = r"(?:St\. )?[A-Z][\w&'-]*(?: (?:(?:and|of|the|&) )?[A-Z][\w&'-]*)*"
_ORGANISATION = re.compile(
    r"\b(?:on behalf of|from|work(?:ing|s)? (?:for|with|at)"
    r"|(?:assistant|agent|representative|rep|receptionist|coordinator|scheduler|caller) "
    rf"(?:for|at|of|from|with|to)) (?:the )?(?P<name>{_PROPER})"
)
_AGENT = re.compile(
    r"\b(?:[Yy]our name is|[Yy]ou are|[Yy]ou're|[Tt]his is|[Mm]y name is) (?P<name>[A-Z][a-z]+)"
    r"(?=,|\.|$| from\b| with\b| and\b| calling\b)"
)
_NOT_A_NAME = word_set(
    "January February March April May June July August September October November December Monday "
    "Tuesday Wednesday Thursday Friday Saturday Sunday Call Calling The This That It"
)


class Purpose(NamedTuple):
    """What a prompt says, in words an agent can speak; every text may be empty.

    ``goal`` completes "I'm calling to …", ``topic`` "I'm calling about …", ``cause`` "I'm calling
    because …"; at most one of them is set. ``extra`` is a second goal.
    """

    goal: str = ""
    topic: str = ""
    cause: str = ""
    extra: str = ""
    agent: str = ""
    organisation: str = ""

    @property
    def known(self) -> bool:
        """Say whether there is anything to call about."""
        return bool(self.goal or self.topic or self.cause)


def find_purpose(prompt: str, *, callee: str) -> Purpose:
    """Read a rendered prompt; ``callee`` is the full name of whom it speaks about, or empty.

    1. Every sentence is tried as "calling … to/about X", then as "your goal is to X", then as
       "call … and X", then as an order "X …": the first that fits is the reason for the call.
    2. An order in a later sentence becomes the extra goal.
    3. What is said *about* the callee is turned into what is said *to* them.
    """
    # Braces that survived rendering came in with a value; nobody pronounces them.
    text = _plain(prompt[:_READ_CHARACTERS]).replace("{{", " ").replace("}}", " ")
    callee = _plain(callee)
    sentences = [sentence for sentence in _sentences(text) if sentence]
    names = frozenset(callee.split()[:1])
    agent = _name_in(_AGENT, text, names)
    organisation = _name_in(_ORGANISATION, text, names | {agent})
    for pattern in _GOALS:
        search = pattern.search if pattern in (_CALLING, _GOAL_IS) else pattern.match
        for position, sentence in enumerate(sentences):
            match = search(sentence)
            if match is None:
                continue
            found = match.groupdict()
            kind = {"because": "cause", None: "goal"}.get(found.get("how"), "topic")
            # "calling about X and to ask …" has two reasons; the first one is enough.
            topic = (found.get("topic") or "").split(" and to ")[0]
            spoken = speak_to(topic or found["goal"], callee)
            if spoken:
                extra = _extra(sentences[position + 1 :], callee, spoken)
                purpose = Purpose(extra=extra, agent=agent, organisation=organisation)
                return purpose._replace(**{kind: spoken})
    return Purpose(agent=agent, organisation=organisation)


def _plain(text: str) -> str:
    """Write every apostrophe the same way."""
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        lead = _LEAD.match(sentence)
        start = lead.end() if lead else 0
        yield sentence[start : start + _LONGEST_SENTENCE].strip()


def _name_in(pattern: re.Pattern[str], text: str, others: frozenset[str]) -> str:
    for match in pattern.finditer(text):
        name = match["name"].rstrip(".'-")
        if name.split()[0] not in _NOT_A_NAME and name.split()[0] not in others:
            return name
    return ""


def _extra(sentences: list[str], callee: str, already: str) -> str:
    for sentence in sentences:
        match = _ORDER.match(sentence)
        spoken = speak_to(match["goal"], callee) if match else ""
        if spoken and spoken != already:
            return spoken
    return ""


def speak_to(instruction: str, callee: str) -> str:
    """Turn an instruction about a callee into speech; empty when it cannot be said."""
    text = " ".join(_ASIDE.sub("", instruction).split()).rstrip(" .,:!?\"'”")
    if len(text) > _LONGEST_GOAL:
        cut = max(text.rfind(mark, 40, _LONGEST_GOAL) for mark in (", ", " and ", ". "))
        if cut < 0:
            return ""
        text = text[:cut]
    if len(text) < 8 or _ABOUT_THE_TALK.search(text):
        return ""
    words = in_second_person(text.split(" "), callee.lower().replace(".", "").split())
    if len(words) == 2 and words[0].lower() in {"check", "collect", "confirm", "update", "verify"}:
        words.insert(1, "the")  # "Confirm date"
    if words[1:] == ["you"]:
        return ""  # "Ask Emily", and nothing that could be asked
    if words[0].istitle():
        words[0] = words[0].lower()
    return " ".join(words)
