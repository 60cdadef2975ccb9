"""Extract the transcript from a call object. Source: Bland API, Call Details."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from batchcalls.voice.base import Turn
from batchcalls.voice.bland import reading

#: Announcements (robot) and actions (agent-action) belong to the agent.
_SPEAKERS: Mapping[str, str] = {
    "user": "callee",
    "assistant": "agent",
    "robot": "agent",
    "agent-action": "agent",
}
_LINE = re.compile(r"(?:^|\n)\s*(user|assistant|robot|agent-action)\s*:", re.IGNORECASE)


def turns_of(
    call: Mapping[str, Any], *, started_at: datetime | None, duration_seconds: int
) -> Sequence[Turn]:
    """Return the turns in spoken order; times begin at 0, never decrease, and end with the call.

    Without times, as in accounts that leave transcripts out of reports, all turns are at 0.
    """
    turns: list[Turn] = []
    at_seconds = 0.0
    for speaker, text, spoken_at in _spoken(call):
        if spoken_at is not None:
            started_at = started_at or spoken_at
            since = round((spoken_at - started_at).total_seconds(), 3)
            at_seconds = max(at_seconds, min(since, float(max(duration_seconds - 1, 0))))
        turns.append(Turn(speaker=speaker, text=text, at_seconds=at_seconds))
    return turns


def _spoken(call: Mapping[str, Any]) -> Iterator[tuple[str, str, datetime | None]]:
    phrases = reading.items(call.get("transcripts"))
    for phrase in phrases:
        said = reading.mapping(phrase)
        speaker = _SPEAKERS.get(reading.text(said.get("user")).lower())
        text = reading.text(said.get("text"))
        if speaker and text:
            yield speaker, text, reading.instant(said.get("created_at"))
    if not phrases:
        _, *parts = _LINE.split(reading.text(call.get("concatenated_transcript")))
        for user, text in zip(parts[::2], parts[1::2], strict=True):
            if text.strip():
                yield _SPEAKERS[user.lower()], text.strip(), None
