"""The header of a list and the names of its columns."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

#: The column that we add to files of rejected rows; it is not data about the person.
REJECTED_REASON = "rejected_reason"
#: Columns that we add to them for cells beyond the header: beyond_header_1 and so on.
BEYOND_HEADER = "beyond_header_"

_DRAWS_NOTHING = frozenset("\u034f\u115f\u1160\u2800\u3164\ufe0e\ufe0f\uffa0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One header cell: its position, its text in the file, and the name we use for it."""

    position: int
    raw: str
    name: str
    is_blank: bool = False
    has_invisible: bool = False
    duplicate_of: int | None = None


def describe_headers(header: list[str]) -> list[Header]:
    """Name every column: blank ones ``Column 3``; a repeated name refers to its first position."""
    names = [clean_header(raw) for raw in header]
    return [
        Header(
            position=position,
            raw=raw,
            name=name or f"Column {position + 1}",
            is_blank=not name,
            has_invisible=any(_as_seen(c) != c for c in raw if c not in "\t\r\n"),
            duplicate_of=first if name and (first := names.index(name)) < position else None,
        )
        for position, (raw, name) in enumerate(zip(header, names, strict=True))
    ]


def clean_header(text: str) -> str:
    """Remove invisible characters, collapse runs of spaces, and compose accents."""
    return unicodedata.normalize("NFC", " ".join("".join(map(_as_seen, text)).split()))


def _as_seen(char: str) -> str:
    kind = unicodedata.category(char)
    if kind in {"Cc", "Zs", "Zl", "Zp"}:
        return " "
    return "" if kind == "Cf" or char in _DRAWS_NOTHING else char


def without_beyond(header: list[str]) -> list[str]:
    """Return a header without the columns that we add to rejected rows for cells beyond it.

    These cells are still beyond the header when the file comes back: a row counts as corrected only
    when they are empty.
    """
    names = [clean_header(raw) for raw in header]
    width = len(names)
    if REJECTED_REASON in names:
        while names[width - 1].startswith(BEYOND_HEADER):
            width -= 1
    return header[:width]
