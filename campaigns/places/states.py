"""Time zones of states, provinces and territories."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from campaigns.places.tables import rows_of


@cache
def _table() -> dict[tuple[str, str], dict[str, str]]:
    """Return the rows by country and folded code or name."""
    return {
        (row["country"], _folded(name)): row
        for row in rows_of("states.csv")
        for name in [row["code"], *row["names"].split("|")]
    }


@lru_cache(maxsize=4096)
def zones_of_state(text: str, *, countries: tuple[str, ...]) -> tuple[str, ...]:
    """Return the zones of a state's code or name in one of the countries; empty if unknown."""
    row = _row(text, countries)
    return tuple(row["zones"].split()) if row else ()


@lru_cache(maxsize=4096)
def state_of(text: str, *, countries: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the country and code of a state's code or name in one of the countries."""
    row = _row(text, countries)
    return (row["country"], row["code"]) if row else None


@cache
def names_of_places() -> dict[str, str]:
    """Return the names of states by country and code: {"US-FL": "Florida"}."""
    return {
        f"{row['country']}-{row['code']}": row["names"].partition("|")[0]
        for row in rows_of("states.csv")
    }


def _row(text: str, countries: tuple[str, ...]) -> dict[str, str] | None:
    """Find a state; the countries share no codes where they share a country code."""
    name = _folded(text.rpartition("-")[2] if text[2:3] == "-" else text)
    found = (_table().get((country, name)) for country in countries)
    return next(filter(None, found), None)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(filter(str.isalnum, decomposed))
