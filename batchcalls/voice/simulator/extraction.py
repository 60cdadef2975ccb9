"""Fill the fields a campaign wants extracted from a conversation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from batchcalls.voice.simulator.course import Course
from batchcalls.voice.simulator.facts import as_flag, words_of
from batchcalls.voice.simulator.script import Persona, Talk

_MARKS: Mapping[Persona, tuple[int, int]] = {
    Persona.WILLING: (8, 10),
    Persona.CURIOUS: (6, 8),
    Persona.BUSY_NOW: (5, 7),
    Persona.UNINTERESTED: (3, 6),
    Persona.OPTS_OUT: (1, 2),
}
_SENTIMENT: Mapping[Persona, str] = {
    Persona.WILLING: "positive",
    Persona.UNINTERESTED: "negative",
    Persona.OPTS_OUT: "negative",
}


def extracted_fields(course: Course, talk: Talk, placed_at: datetime) -> dict[str, Any]:
    """Return a value of the asked type for every field of ``analysis_schema``.

    Without a schema, a few fields that any call has. Nothing for a voicemail box: it tells nothing.
    """
    if talk.persona is None:
        return {}
    schema = course.request.settings.get("analysis_schema")
    if isinstance(schema, Mapping) and schema:
        reader = _Reader(course, talk, talk.persona, placed_at)
        return {str(name): reader.value(words_of(str(name)), kind) for name, kind in schema.items()}
    fields: dict[str, Any] = {
        "confirmed": talk.persona is Persona.WILLING,
        "callback_requested": talk.persona is Persona.BUSY_NOW,
    }
    if talk.call_back:
        fields["callback_time"] = talk.call_back
    if talk.reason:
        fields["reason"] = talk.reason
    return fields


class _Reader:
    """Fill fields: with what the list says if it is of that type, else with what was said."""

    def __init__(self, course: Course, talk: Talk, persona: Persona, placed_at: datetime) -> None:
        self.draws = course.draws
        self.talk = talk
        self.persona = persona
        self.placed_at = placed_at
        variables = course.request.variables
        self.known = {words_of(name): str(value).strip() for name, value in variables.items()}

    def value(self, field: str, kind: Any) -> Any:
        """Fill one field; ``kind`` is a type word, an object with one, or the values allowed."""
        if isinstance(kind, Mapping):
            kind = kind.get("enum") or kind.get("type", "string")
        if isinstance(kind, list | tuple):  # the best one is assumed to stand first
            return kind[0 if self.persona is Persona.WILLING else -1] if kind else ""
        word = str(kind).strip().lower()
        for beginnings, read in _READERS:
            if word.startswith(beginnings):
                return read(self, field, word)
        return self.text(field)

    def flag(self, field: str, _word: str) -> bool:
        given = as_flag(self.known.get(field, ""))
        return _flag(field, self.persona) if given is None else given

    def number(self, field: str, word: str) -> float:
        number = _number(self.known.get(field, ""))
        if number is None:
            # How many guests, rooms, boxes; or a mark out of ten.
            marked = any(hint in field for hint in ("rating", "score", "satisf", "likel", "nps"))
            low, high = _MARKS[self.persona] if marked else (1, 4)
            number = low + int(self.draws.fraction(f"field/{field}") * (high - low + 1))
        return int(number) if word.startswith("int") else float(number)

    def date(self, field: str, word: str) -> str:
        given = self.known.get(field, "")
        if given:
            return given
        at = self.placed_at + timedelta(days=self.talk.call_back_days)
        return at.isoformat(timespec="seconds") if "time" in word else at.date().isoformat()

    def items(self, field: str, _word: str) -> list[str]:
        text = self.text(field)
        return [text] if text else []

    def item(self, field: str, _word: str) -> dict[str, str]:
        return {"value": self.text(field)}

    def text(self, field: str) -> str:
        return self.known.get(field) or _text(field, self.talk, self.persona)


#: How the words for a type begin; whatever is not among them is text.
_READERS: tuple[tuple[tuple[str, ...], Callable[[_Reader, str, str], Any]], ...] = (
    (("bool",), _Reader.flag),
    (("int", "num", "float", "double", "decimal"), _Reader.number),
    (("date", "time", "yyyy"), _Reader.date),
    (("array", "list", "string[]"), _Reader.items),
    (("object",), _Reader.item),
)


#: Words in a field's name -> who makes it true. The first line that fits decides.
_FLAGS: tuple[tuple[tuple[str, ...], Persona | None], ...] = (
    (("call back", "callback", "later", "resched"), Persona.BUSY_NOW),
    (("opt out", "do not", "dnc", "unsubscrib", "remove"), Persona.OPTS_OUT),
    (("not interested", "declined", "cancel"), Persona.UNINTERESTED),
    (("info", "question", "follow"), Persona.CURIOUS),
    (("voicemail", "transfer", "wrong"), None),
)


def _flag(field: str, persona: Persona) -> bool:
    for hints, holder in _FLAGS:
        if any(hint in field for hint in hints):
            return persona is holder
    return persona is Persona.WILLING


def _number(given: str) -> float | None:
    try:
        number = float(given.replace(",", "").strip("$€£ "))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text(field: str, talk: Talk, persona: Persona) -> str:
    if "business" in field or "company" in field:
        return talk.facts.business
    if "name" in field:
        return talk.facts.full_name
    if "sentiment" in field or "mood" in field:
        return _SENTIMENT.get(persona, "neutral")
    if "reason" in field or "objection" in field:
        return talk.reason
    if "call back" in field or "callback" in field or "time" in field.split():
        return talk.call_back
    return talk.answer
