"""Time zones of numbers that the phone library places wrongly, or too exactly.

For digits that it does not list, the library answers with one zone of an area code that has two,
and with the largest island's zone for the mobile numbers of a country. Such prefixes have a line in
data/numbers.csv, which replaces the library's answer.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from campaigns.places.tables import rows_of

_SHORTEST: Final = 2


@cache
def _table() -> dict[str, tuple[str, ...]]:
    return {row["prefix"]: tuple(row["zones"].split()) for row in rows_of("numbers.csv")}


def corrected_zones(digits: str) -> tuple[str, ...]:
    """Return all zones that a number (with its country code, without plus) may be in.

    Empty if the file has no line for it.
    """
    table = _table()
    for length in _lengths(digits[:_SHORTEST]):
        if zones := table.get(digits[:length]):
            return zones
    return ()


@cache
def _lengths(beginning: str) -> list[int]:
    """Return the lengths of the prefixes that begin so, most first."""
    listed = (prefix for prefix in _table() if prefix.startswith(beginning))
    return sorted(set(map(len, listed)), reverse=True)
