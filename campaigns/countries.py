"""Which numbers may be called, by the country they are in and by what they cost and reach.

Countries are those of ISO 3166, so that the members of the North American numbering plan are
separate: "US" includes neither Canada nor the Dominican Republic. It does include the territories
of the United States, which its carriers charge, and its law treats, as domestic.

A number that several countries share, such as +1 800 … or an Australian mobile number, counts as a
number of each of them. A number of no country, and numbers that cost the caller more or reach no
ordinary phone, are called only if their kind is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final, Self

from phonenumbers import (
    SUPPORTED_REGIONS,
    PhoneNumberType,
    country_code_for_region,
    region_codes_for_country_code,
)

from campaigns.numbering_plans import Reached, reach_abroad, regions_sharing
from campaigns.places.tables import rows_of

COUNTRY_NOT_ALLOWED, KIND_NOT_ALLOWED = "country_not_allowed", "number_kind_not_allowed"
#: The region of numbers that belong to no country.
NO_COUNTRY: Final = "001"
_PARTS: Final = {"US": frozenset({"AS", "GU", "MP", "PR", "VI"})}


class SpecialKind(StrEnum):
    """A kind of numbers that is called only if it is named."""

    label: str

    def __new__(cls, value: str, label: str) -> SpecialKind:
        """Create a member with the name that people see."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    PREMIUM_RATE = "premium_rate", "premium-rate"
    SHARED_COST = "shared_cost", "shared-cost"
    PERSONAL_NUMBER = "personal_number", "personal"
    PAGER = "pager", "pager"
    SATELLITE = "satellite", "satellite"
    INTERNATIONAL_TOLL_FREE = "international_toll_free", "international toll-free"
    INTERNATIONAL_NETWORK = "international_network", "international network"


_BY_TYPE: Final = {
    PhoneNumberType.PREMIUM_RATE: SpecialKind.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST: SpecialKind.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: SpecialKind.PERSONAL_NUMBER,
    PhoneNumberType.PAGER: SpecialKind.PAGER,
}
#: Country codes of no country. Source: ITU-T E.164, list of assigned country codes.
_BY_CODE: Final = {
    "800": SpecialKind.INTERNATIONAL_TOLL_FREE,
    "808": SpecialKind.SHARED_COST,
    "870": SpecialKind.SATELLITE,
    "878": SpecialKind.PERSONAL_NUMBER,
    "881": SpecialKind.SATELLITE,
    "979": SpecialKind.PREMIUM_RATE,
}


@dataclass(frozen=True, slots=True)
class NotPermitted:
    """Why a number may not be called, as a reason code and a sentence with the remedy."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Permitted:
    """The countries and special kinds of numbers that may be called."""

    countries: frozenset[str]
    kinds: frozenset[str] = frozenset()

    @classmethod
    def of(cls, countries: Iterable[str], kinds: Iterable[str] = ()) -> Self:
        """Return what a list of countries (ISO 3166, in capitals) and of kinds permits."""
        listed = frozenset(countries)
        parts = (_PARTS.get(country, ()) for country in listed)
        return cls(listed.union(*parts), frozenset(kinds))

    def check(self, e164: str) -> NotPermitted | None:
        """Return why a number may not be called, or None. What cannot be told is refused."""
        found = _reached(e164)
        if found is None:
            message = "The country of the number cannot be told. Check its digits."
            return NotPermitted(COUNTRY_NOT_ALLOWED, message)
        kind = special_kind(found)
        if kind and kind not in self.kinds:
            message = (
                f"The number is {_article(kind.label)} {kind.label} number, which this account may "
                f"not call. Use another number, or add {kind.value} to the special numbers of the "
                "voice account."
            )
            return NotPermitted(KIND_NOT_ALLOWED, message)
        region = found.region
        if region == NO_COUNTRY or region in self.countries or self._is_shared(found):
            return None
        message = (
            f"The number is in {name_of(region)}, which this account may not call. Use another "
            f"number, or add {region} to the countries of the voice account."
        )
        return NotPermitted(COUNTRY_NOT_ALLOWED, message)

    def listed_in_words(self) -> str:
        """Return the countries and kinds in words, such as “Canada (CA), satellite numbers”."""
        parts = frozenset[str]().union(
            *(_PARTS[country] for country in self.countries & _PARTS.keys())
        )
        kinds = [f"{kind.label} numbers" for kind in SpecialKind if kind in self.kinds]
        return ", ".join([*sorted(map(name_of, self.countries - parts)), *kinds])

    def sharing_a_code(self) -> list[str]:
        """List the other countries that have a country code in common with a permitted one."""
        codes = set(map(country_code_for_region, self.countries))
        others = {region for code in codes for region in region_codes_for_country_code(code)}
        return sorted(others - self.countries)

    def _is_shared(self, found: Reached) -> bool:
        return not self.countries.isdisjoint(regions_sharing(found))

    def in_words(self, e164: str) -> str:
        """Return why a permitted number may be called: its country or kind."""
        found = _reached(e164)
        if found is None or found.region == NO_COUNTRY:
            return "a kind of number that this account may call"
        return f"{name_of(found.region)}: this account may call it"


@lru_cache(maxsize=256)
def _reached(e164: str) -> Reached | None:
    """Return what a number reaches. A call asks twice: whether it may be made, and why."""
    return reach_abroad(e164.removeprefix("+"))


def special_kind(found: Reached) -> SpecialKind | None:
    """Return the kind of a number that must be named before it is called, or None."""
    if found.region == NO_COUNTRY:
        return _BY_CODE.get(found.code, SpecialKind.INTERNATIONAL_NETWORK)
    return _BY_TYPE.get(found.type)


@lru_cache(maxsize=512)
def name_of(region: str) -> str:
    """Return the English name of a country, for example “Mexico (MX)”."""
    name = _names().get(region)
    return f"{name} ({region})" if name else region


@cache
def _names() -> dict[str, str]:
    return {row["country"]: row["name"] for row in rows_of("countries.csv")}


def read_countries(text: str) -> tuple[list[str], list[str]]:
    """Return the country codes in a text, sorted, and what is none of them."""
    words = {word.upper() for word in text.replace(",", " ").replace(";", " ").split()}
    return sorted(words & SUPPORTED_REGIONS), sorted(words - SUPPORTED_REGIONS)


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"
