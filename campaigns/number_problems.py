"""Why a raw value is not dialed: codes, and the sentences shown to people."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

_CHECK: Final = "check the digits, or write it with + and the country code."
_NEVER_CALLED: Final = ", which is never called; use another number."


class NumberProblemCode(StrEnum):
    """Why a raw value is not dialed: a stable reason code, and the sentence shown to people."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> NumberProblemCode:
        """Create a member whose value is the code and that carries the sentence."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    BLANK_NUMBER = "blank_number", "The phone number is blank; fill in one such as +12025550123."
    SCIENTIFIC_NOTATION = (
        "scientific_notation",
        "Excel turned this number into scientific notation ({raw}); "
        "format the column as text and export again.",
    )
    HAS_EXTENSION = "has_extension", '"{raw}" has an extension; give a number without one.'
    HAS_LETTERS = "has_letters", '"{raw}" contains letters; write digits only.'
    SEVERAL_NUMBERS = "several_numbers", '"{raw}" looks like several numbers; keep one of them.'
    NOT_A_NUMBER = "not_a_number", '"{raw}" is not a phone number; write one such as +12025550123.'
    TOO_SHORT = "too_short", '"{raw}" is too short for {place}; ' + _CHECK
    TOO_LONG = "too_long", '"{raw}" is too long for {place}; ' + _CHECK
    INVALID_COUNTRY_CODE = (
        "invalid_country_code",
        '"{raw}" begins with no country code that exists; write it with + and the country code.',
    )
    AMBIGUOUS_NUMBER = (
        "ambiguous_number",
        '"{raw}" can be read as {readings}; write it with + and the country code, or choose how '
        "the numbers of the list are written.",
    )
    INVALID_NUMBER = "invalid_number", '"{raw}" is not a valid number in {place}; ' + _CHECK
    PREMIUM_RATE = "premium_rate", '"{raw}" is a premium-rate number' + _NEVER_CALLED
    SHORT_NUMBER = "short_number", '"{raw}" is a short service number' + _NEVER_CALLED
    EMERGENCY_NUMBER = "emergency_number", '"{raw}" is an emergency number' + _NEVER_CALLED
    NOT_CALLABLE_TYPE = "not_callable_type", '"{raw}" is a {kind} number' + _NEVER_CALLED


def message_of(code: NumberProblemCode, raw: str, **facts: str) -> str:
    """Return the sentence for a code; it quotes up to 40 characters of the raw value."""
    printable = (c if c.isprintable() else " " for c in raw[:500])
    quoted = " ".join("".join(printable).split())
    if len(quoted) > 40:
        quoted = quoted[:39].rstrip() + "…"
    return code.sentence.format(raw=quoted, **facts)
