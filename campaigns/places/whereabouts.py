"""Decide in which time zones a recipient may be, and keep what says so.

Calling hours must be open in all of them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, Self
from zoneinfo import ZoneInfo

from campaigns.places.postcodes import zones_of_zip
from campaigns.places.states import zones_of_state


class Source(StrEnum):
    """What a recipient's time zones come from, the most exact first."""

    ROW = "row"
    POSTCODE = "postcode"
    NUMBER = "number"
    STATE = "state"


_IN_WORDS: Final = {
    Source.ROW: "the row’s time zone",
    Source.POSTCODE: "the postcode",
    Source.NUMBER: "the number",
    Source.STATE: "the state",
}
#: A state only checks the others: most are larger than the area of a number.
_CHOSEN: Final = (Source.ROW, Source.POSTCODE, Source.NUMBER)
#: Countries whose postcodes and states are known, by the country of the number.
_NORTH_AMERICA: Final = ("US", "CA")
US_AREAS: Final = frozenset({"US", "PR", "VI", "GU", "AS", "MP"})
#: A toll-free number may be in forty zones.
_SHOWN: Final = 4
_YEAR_BEGINS: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The IANA zones a recipient may be in, and their sources.

    Several sources contradict each other: the first decides, and those that follow name no zone
    with its clocks, so the zones of all of them count.
    """

    zones: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()

    @classmethod
    def from_stored(cls, zones: str, sources: str) -> Self:
        """Read zones and sources as they are stored, with commas between them."""
        return cls(
            tuple(filter(None, zones.split(","))),
            tuple(map(Source, filter(None, sources.split(",")))),
        )

    @property
    def said_by(self) -> str:
        """What says so, in words: “the number”."""
        return " and ".join(_IN_WORDS[source] for source in self.sources)

    @property
    def contradicts_itself(self) -> bool:
        return len(self.sources) > 1

    def __str__(self) -> str:
        if not self.zones:
            return "no time zone is known"
        shown = self.zones[0]
        if len(self.zones) > 1:
            some = f"{', '.join(self.zones[:_SHOWN])}"
            more = len(self.zones) - _SHOWN
            shown = f"all of {some}{f' and {more} more' if more > 0 else ''}"
        disagree = ", which disagree" if self.contradicts_itself else ""
        return f"{shown}, by {self.said_by}{disagree}"


def find(
    *,
    region: str,
    number: Sequence[str],
    row: str = "",
    postcode: str = "",
    state: str = "",
) -> Whereabouts:
    """Return where a recipient may be.

    ``region`` is the country of the number, ``number`` its zones, ``row`` the zone of the row
    itself; ``postcode`` and ``state`` are cells, ignored if they name no known place.

    1. The row's zone decides, else those of the postcode, else those of the number.
    2. The zones of any other source that none of these agrees with are added, since the recipient
       may be in either place.
    """
    return _combined(
        (row,) if row else (),
        zones_of_zip(postcode) if postcode and has_zips(region) else (),
        tuple(number),
        zones_of_state(state, countries=countries_of(region)) if state else (),
    )


def corrected(stored: Whereabouts, number: Sequence[str]) -> Whereabouts:
    """Return where a recipient may be when the zones of the number turn out to be others.

    Where the number decided alone, its zones are replaced. The zones of another source stay; those
    of the number join them as in `find`.
    """
    decides = stored.sources[:1] == (Source.NUMBER,)
    if not number or (not decides and _agree(stored.zones, number)):
        return stored
    others = () if stored.sources == (Source.NUMBER,) else stored.zones
    zones, sources = (number, others) if decides else (others, number), stored.sources
    return Whereabouts(
        tuple(dict.fromkeys([*zones[0], *zones[1]])),
        tuple(dict.fromkeys([*sources, Source.NUMBER])),
    )


def has_zips(region: str) -> bool:
    """Return whether a number's country shares a country code with US postcodes."""
    return region in US_AREAS or region in _NORTH_AMERICA


def countries_of(region: str) -> tuple[str, ...]:
    """Return the countries in whose states a recipient may be, by the country of the number."""
    return _NORTH_AMERICA if has_zips(region) else (region,)


@lru_cache(maxsize=16_384)
def _combined(
    row: tuple[str, ...],
    postcode: tuple[str, ...],
    number: tuple[str, ...],
    state: tuple[str, ...],
) -> Whereabouts:
    stated = {
        Source.ROW: row,
        Source.POSTCODE: postcode,
        Source.NUMBER: number,
        Source.STATE: state,
    }
    first = next((source for source in _CHOSEN if stated[source]), None)
    if first is None:
        return Whereabouts()
    zones, sources = list(stated[first]), [first]
    for source, others in stated.items():
        if source != first and others and not _agree(zones, others):
            zones += others
            sources.append(source)
    return Whereabouts(tuple(dict.fromkeys(zones)), tuple(sources))


def _agree(some: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether some zone of one group has the clocks of a zone of the other."""
    return not {_clocks(zone) for zone in some}.isdisjoint(map(_clocks, others))


@lru_cache(maxsize=1024)
def _clocks(zone: str) -> tuple[timedelta | None, ...]:
    """Return a zone's offsets on each day of a year, equal for zones with the same clocks."""
    place = ZoneInfo(zone)
    days = (_YEAR_BEGINS + timedelta(days=day) for day in range(366))
    return tuple(day.astimezone(place).utcoffset() for day in days)
