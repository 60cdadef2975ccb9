"""Which outcomes of a call mean that the person asked not to be called again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_SEPARATORS = re.compile(r"[\W_]+")
MOST_OUTCOMES, LONGEST_OUTCOME = 50, 100


def key_of(outcome: str) -> str:
    """Return an outcome without case, spaces and punctuation, for comparing."""
    return _SEPARATORS.sub("", outcome).casefold()


#: Outcomes that always opt out, whatever a campaign chooses.
ALWAYS: Final = frozenset(
    map(
        key_of,
        (
            "DO_NOT_CONTACT",
            "DO_NOT_CALL",
            "DO_NOT_CALL_AGAIN",
            "DONT_CALL",
            "DON'T_CONTACT",
            "DNC",
            "OPT_OUT",
            "OPTED_OUT",
            "OPTOUT_REQUESTED",
            "UNSUBSCRIBE",
            "UNSUBSCRIBED",
            "REMOVE_FROM_LIST",
            "TAKE_OFF_LIST",
            "NEVER_CALL_AGAIN",
            "STOP_CALLING",
            "ADD_TO_DNC",
            "ADDED_TO_DNC",
            "DNC_REQUEST",
            "DNC_REQUESTED",
            "DO_NOT_CALL_LIST",
            "DO_NOT_CALL_REQUEST",
            "DO_NOT_CALL_REQUESTED",
            "DO_NOT_CONTACT_REQUEST",
            "OPT_OUT_REQUEST",
            "REMOVE_ME",
            "REMOVAL_REQUESTED",
            "STOP",
        ),
    )
)


def outcomes_in(text: str) -> list[str]:
    """Return the outcomes in a text, one a line or with commas between them, each once.

    Raise `ValueError` if one has no letters or digits, is too long, or there are too many.
    """
    found: dict[str, str] = {}
    for part in filter(None, map(str.strip, re.split(r"[\n,;]", text))):
        if not key_of(part):
            raise ValueError(f"“{part}” is not an outcome. Enter its name, such as LOST_FOR_GOOD.")
        if len(part) > LONGEST_OUTCOME:
            raise ValueError(
                f"An outcome has at most {LONGEST_OUTCOME} characters: “{part[:40]}…”."
            )
        found.setdefault(key_of(part), part)
    if len(found) > MOST_OUTCOMES:
        raise ValueError(f"Enter at most {MOST_OUTCOMES} outcomes.")
    return list(found.values())


def opts_out(outcome: str, chosen: Iterable[str] = ()) -> bool:
    """Return whether an outcome opts out, always or by a campaign's choice."""
    key = key_of(outcome)
    return bool(key) and (key in ALWAYS or key in map(key_of, chosen))
