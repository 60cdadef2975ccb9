"""Public holidays of countries and states, with the days on which they are observed."""

from __future__ import annotations

from datetime import date
from functools import cache

import holidays


@cache
def holidays_of(place: str, year: int) -> dict[date, str]:
    """Return the names of the holidays of a place such as AU or US-AL in a year.

    Those of a country include the days that all of its states keep, as when each moves a national
    holiday from a Saturday. Raises ValueError for a place whose holidays are not known.
    """
    country, _, state = place.partition("-")
    found = _listed(country, state, year)
    if not state:
        of_states = [_listed(country, one, year) for one in _states_of(country)]
        if of_states:
            kept_by_all = set.intersection(*map(set, of_states))
            found |= {
                day: name for day, name in of_states[0].items() if day in kept_by_all - set(found)
            }
    return found


@cache
def _states_of(country: str) -> tuple[str, ...]:
    return tuple(holidays.country_holidays(country).subdivisions)


def _listed(country: str, state: str, year: int) -> dict[date, str]:
    try:
        found = holidays.country_holidays(
            country, subdiv=state or None, years=year, language="en_US"
        )
    except NotImplementedError as error:
        place = f"{country}-{state}" if state else country
        raise ValueError(f"The holidays of {place} are not known.") from error
    return {day: name for day, name in found.items() if day.year == year}
