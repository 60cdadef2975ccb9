"""Fill the fields that a campaign extracts from a conversation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from batchcalls.voice.simulator.course import Course
from batchcalls.voice.simulator.dialogue import Talk
from batchcalls.voice.simulator.reactions import (
    DAYS_UNTIL_CALLBACK,
    HAS_NO_TIME,
    WILLING,
    Reaction,
    reactions_named,
)
from batchcalls.voice.simulator.recipient import YES_OR_NO, words_of

_RATING = re.compile("rating|score|satisf|likel|nps")
#: Fields that are always false for a call answered by a person.
_NEVER = re.compile("voicemail|transfer|wrong")


def extracted_fields(course: Course, talk: Talk, placed_at: datetime) -> dict[str, Any]:
    """Return a value of the requested type for every field of ``analysis_schema``.

    Values come from the list, then from the conversation. Without a schema, return a few fields
    that any conversation has; without a reaction, return none.
    """
    reaction = talk.reaction
    if reaction is None:
        return {}
    schema = course.request.settings.get("analysis_schema")
    if not isinstance(schema, Mapping) or not schema:
        fields = {"confirmed": reaction is WILLING, "callback_requested": reaction is HAS_NO_TIME}
        return {**fields, **({reaction.field: talk.answer} if reaction.field else {})}
    listed = {words_of(name): value for name, value in course.request.variables.items()}
    extracted: dict[str, Any] = {}
    for name, requested in schema.items():
        field, kind = words_of(name), str(requested).strip().lower()
        value = listed.get(field, "").strip()
        if kind.startswith("bool"):
            flag = YES_OR_NO.get(value.lower())
            extracted[name] = _flag(field, reaction) if flag is None else flag
        elif kind.startswith(("int", "num", "float", "double", "decimal")):
            number = _number(value)
            if number is None:
                drawn = 1 + int(4 * course.draws.fraction(f"field/{field}"))
                number = reaction.rating if _RATING.search(field) else drawn
            extracted[name] = int(number) if kind.startswith("int") else float(number)
        elif kind.startswith(("date", "time", "yyyy")):
            at = placed_at + timedelta(days=DAYS_UNTIL_CALLBACK.get(talk.answer, 0))
            day = at.date().isoformat()
            extracted[name] = value or (at.isoformat(timespec="seconds") if "time" in kind else day)
        else:
            text = value or _text(field, talk, reaction)
            if kind.startswith(("array", "list", "string[]")):
                extracted[name] = [text] if text else []
            else:
                extracted[name] = {"value": text} if kind.startswith("object") else text
    return extracted


def _flag(field: str, reaction: Reaction) -> bool:
    return reaction in (reactions_named(field) or [WILLING]) and not _NEVER.search(field)


def _number(value: str) -> float | None:
    try:
        number = float(value.replace(",", "").strip("$€£ "))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text(field: str, talk: Talk, reaction: Reaction) -> str:
    if "business" in field or "company" in field:
        return talk.recipient.business
    if "name" in field:
        return talk.recipient.name
    if "sentiment" in field or "mood" in field:
        return ("negative", "neutral", "positive")[(reaction.rating > 3) + (reaction.rating > 7)]
    return talk.answer if reaction in (reactions_named(field) or [reaction]) else ""
