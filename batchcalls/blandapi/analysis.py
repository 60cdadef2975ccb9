"""Questions about calls, answered only from stored facts.

No model is involved. A question is answered when its words match the name of a field that was
extracted during the call, or one of the few facts known about every call. Every other answer is
null, and so is an answer that the call does not contain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from batchcalls.blandapi.errors import invalid
from batchcalls.models import CallResult
from batchcalls.webhooks.bland_shapes import ANSWERED_BY

MOST_QUESTIONS = 100
MESSAGE = (
    "Answered from the fields extracted during the call, its summary and its outcome; null where "
    "these do not say it."
)
_WORDS = re.compile(r"[^\W_]+")


def questions_of(body: Mapping[str, Any]) -> list[list[str]]:
    """Return pairs of question and expected type. Raise `Refused` for an invalid list."""
    goal, given = body.get("goal"), body.get("questions")
    lacking = [
        f"Missing required parameter: {name}."
        for name, value in (("goal", goal), ("questions", given))
        if value in (None, "", [])
    ]
    if lacking:
        raise invalid(*lacking)
    if not isinstance(given, list) or len(given) > MOST_QUESTIONS:
        raise invalid(f"questions must be an array of {MOST_QUESTIONS} pairs at most.")
    found = []
    for one in given:
        pair = [one] if isinstance(one, str) else one
        if not isinstance(pair, list) or not 1 <= len(pair) <= 2:
            raise invalid('Each question is a pair such as ["Who answered?", "string"].')
        if not all(isinstance(part, str) for part in pair):
            raise invalid("A question and its type are strings.")
        found.append([*pair, "string"][:2])
    return found


def answers(call: CallResult, questions: list[list[str]]) -> list[Any]:
    """Return the answer to each question, or None where the call has none."""
    known = _known(call)
    return [known.get(_key(question)) for question, _ in questions]


def facts(call: CallResult) -> tuple[list[list[str]], list[Any]]:
    """Return every fact about a call, as questions with their types, and the answers."""
    values = {**call.extracted, **_of_every_call(call)}
    values = {name: value for name, value in values.items() if value is not None}
    return [[name, _type(value)] for name, value in values.items()], list(values.values())


def _of_every_call(call: CallResult) -> dict[str, Any]:
    return {
        "summary": call.summary or None,
        "disposition": call.disposition or None,
        "answered_by": ANSWERED_BY.get(call.answered_by),
    }


def _known(call: CallResult) -> dict[str, Any]:
    own = _of_every_call(call)
    usual = {
        "who answered": own["answered_by"],
        "who answered the call": own["answered_by"],
        "outcome": own["disposition"],
        "disposition tag": own["disposition"],
        "call summary": own["summary"],
    }
    extracted = {name: value for name, value in call.extracted.items() if value != ""}
    return {_key(name): value for name, value in {**usual, **own, **extracted}.items()}


def _key(text: str) -> str:
    """Normalize the words of a question or of a field's name."""
    return " ".join(_WORDS.findall(text.casefold()))


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string"
