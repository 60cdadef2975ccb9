"""Reduce cells to the characters that people can see."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
#: Characters that join letters, in Persian or Hindi, and emoji.
_JOINERS = frozenset("\u200c\u200d")
_DROPPED = frozenset({"Cc", "Cf", "Cs"})


def clean_value(text: str) -> str:
    """Remove characters that a model reads but no one sees, and spaces at both ends.

    Remove control characters other than tab and line feed, marks that change the writing
    direction, zero-width spaces, and tag characters (U+E0000 to U+E007F), which can hide whole
    sentences. Turn every line end into a line feed.
    """
    if text.isprintable():
        return text.strip()
    return "".join(
        char
        for char in _LINE_ENDS.sub("\n", text)
        if char in "\n\t" or char in _JOINERS or unicodedata.category(char) not in _DROPPED
    ).strip()
