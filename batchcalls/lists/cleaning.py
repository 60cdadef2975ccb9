"""The characters of a cell that people see, and no others."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
#: They join letters, in Persian or Hindi, and emoji.
_JOINERS = frozenset("\u200c\u200d")
_DROPPED = frozenset({"Cc", "Cf", "Cs"})


def clean_value(text: str) -> str:
    """Remove what a model reads and nobody sees, and the spaces at both ends.

    Control characters other than tab and line feed, marks that turn the direction of writing,
    zero-width spaces, and the tag characters in which whole sentences can hide (U+E0000 to
    U+E007F) are removed; every line end becomes a line feed.
    """
    if text.isprintable():
        return text.strip()
    return "".join(
        char
        for char in _LINE_ENDS.sub("\n", text)
        if char in "\n\t" or char in _JOINERS or unicodedata.category(char) not in _DROPPED
    ).strip()
