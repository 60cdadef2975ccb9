"""Read the voices that an account can use. Source: Bland API, List Voices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchcalls.voice.base import Voice
from batchcalls.voice.bland import reading

PATH = "/v1/voices"
#: More than anyone scrolls through.
MOST_VOICES = 500
LONGEST_NAME, LONGEST_DESCRIPTION = 200, 120


def voices_in(payload: Mapping[str, Any]) -> list[Voice]:
    """Return the voices of an answer, by name; voices without a name by their ID."""
    voices = []
    for one in map(reading.mapping, reading.items(payload.get("voices"))[:MOST_VOICES]):
        name = reading.text(one.get("name")) or reading.text(one.get("id"))
        if name and len(name) <= LONGEST_NAME:
            description = reading.text(one.get("description"), at_most=LONGEST_DESCRIPTION)
            voices.append(Voice(name=name, description=description))
    return sorted(voices, key=lambda voice: voice.name.casefold())
