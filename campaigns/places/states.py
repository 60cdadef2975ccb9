"""Time zones of states, provinces and territories."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from campaigns.places.tables import rows_of


@cache
def _table() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the zones by country and folded code or name."""
    return {
        (row["country"], _folded(name)): tuple(row["zones"].split())
        for row in rows_of("states.csv")
        for name in [row["code"], *row["names"].split("|")]
    }


@lru_cache(maxsize=4096)
def zones_of_state(text: str, *, countries: tuple[str, ...]) -> tuple[str, ...]:
    """Return the zones of a state's code or name in one of the countries; empty if unknown.

    The countries share no codes with each other where they share a country code.
    """
    name = _folded(text.rpartition("-")[2] if text[2:3] == "-" else text)
    found = (_table().get((country, name), ()) for country in countries)
    return next(filter(None, found), ())


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(filter(str.isalnum, decomposed))
