"""Decide under whose law a recipient may be: country, or country and state.

A place is written as in ISO 3166: US-FL, or only the country (GB) where states do not matter or are
not known. All possible places count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from campaigns.places.postcodes import zip_code
from campaigns.places.states import state_of
from campaigns.places.tables import rows_of
from campaigns.places.whereabouts import US_AREAS, countries_of, has_zips

#: Territories with codes of their own in which the rules of their country hold as well, without
#: those that make their own consumer law, such as New Caledonia, Jersey, or Curaçao.
_COUNTRY_OF: Final = {
    **dict.fromkeys(("GP", "MQ", "GF", "RE", "YT", "BL", "MF", "PM"), "FR"),
    **dict.fromkeys(("CC", "CX", "NF"), "AU"),
}
#: A number of the country code 1 with its area code.
_AMERICAN: Final = re.compile(r"\+1([2-9]\d\d)\d{7}", re.ASCII)


def find(*, e164: str, region: str, postcode: str = "", state: str = "") -> tuple[str, ...]:
    """Return the places a recipient may be in, most probable first; empty for no country.

    ``region`` is the country of the number; ``postcode`` and ``state`` are cells, ignored if they
    name no known place.

    1. The postcode decides, else the state, else the number.
    2. The places of any other source that agrees with none of these are added.
    """
    if not (postcode or state):
        return of_number(e164, region)
    sources = [
        _of_zip(postcode) if postcode and has_zips(region) else (),
        _of_state(state, region) if state else (),
        of_number(e164, region),
    ]
    found: list[str] = []
    for places in filter(None, sources):
        if not found or not _agree(found, places):
            found += places
    return tuple(dict.fromkeys(found))


def of_number(e164: str, region: str) -> tuple[str, ...]:
    """Return the places of a number: the states of its US area code, else its country.

    A US number whose area code is of no state may be in any: its place is the country.
    """
    if match := _AMERICAN.fullmatch(e164):
        if states := _states_by_area_code().get(match[1]):
            return states
        if region in US_AREAS and region != "US":
            return (f"US-{region}",)
    if country := _COUNTRY_OF.get(region):
        return (f"{country}-{region}",)
    return (region,) if len(region) == 2 else ()


def holds_in(rule_place: str, place: str) -> bool:
    """Return whether a rule of a country or state holds in a place.

    A country's rules hold in its states, and all states' rules where the state is not known.
    """
    return (
        rule_place == place
        or place.startswith(f"{rule_place}-")
        or rule_place.startswith(f"{place}-")
    )


def _agree(some: Iterable[str], others: Iterable[str]) -> bool:
    others = tuple(others)
    return any(holds_in(one, other) for one in some for other in others)


def _of_state(text: str, region: str) -> tuple[str, ...]:
    found = state_of(text, countries=countries_of(region))
    return (f"{found[0]}-{found[1]}",) if found else ()


def _of_zip(text: str) -> tuple[str, ...]:
    code = zip_code(text)
    return _states_by_zip3().get(code[:3], ()) if code else ()


@cache
def _states_by_area_code() -> dict[str, tuple[str, ...]]:
    return {row["area_code"]: _places(row["states"]) for row in rows_of("area_codes.csv")}


@cache
def _states_by_zip3() -> dict[str, tuple[str, ...]]:
    return {
        f"{zip3:03d}": _places(row["states"])
        for row in rows_of("us_zip_states.csv")
        for zip3 in range(int(row["first"]), int(row["last"]) + 1)
    }


def _places(states: str) -> tuple[str, ...]:
    return tuple(f"US-{state}" for state in states.split())
