"""What the digits of a number reach, by the numbering plans of libphonenumber.

Does the same as ``phonenumbers.parse``, ``number_type`` and ``region_code_for_number`` together,
from patterns that are compiled once, and keeps apart what ``parse`` mixes: digits that are read as
national, and digits that begin with a country code. The tests compare both for every region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType
from phonenumbers.timezone import UNKNOWN_TIMEZONE
from phonenumbers.tzdata import TIMEZONE_DATA

from campaigns.places.numbers import corrected_zones

#: The order in which libphonenumber tries the types; the last two are one where both match.
_TYPES: Final = (
    ("premium_rate", PhoneNumberType.PREMIUM_RATE),
    ("toll_free", PhoneNumberType.TOLL_FREE),
    ("shared_cost", PhoneNumberType.SHARED_COST),
    ("voip", PhoneNumberType.VOIP),
    ("personal_number", PhoneNumberType.PERSONAL_NUMBER),
    ("pager", PhoneNumberType.PAGER),
    ("uan", PhoneNumberType.UAN),
    ("voicemail", PhoneNumberType.VOICEMAIL),
    ("fixed_line", PhoneNumberType.FIXED_LINE),
    ("mobile", PhoneNumberType.MOBILE),
)
#: Country codes, including those of no country.
_CODES: Final = frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
#: Digits that are looked at before the tables of zones, which are in most cases enough.
_AREA_DIGITS: Final = 4
#: Digits after a country code that were dialed in the past and are still written: Mexico had a 1
#: before mobile numbers until 2019, and 01, 044 or 045 within the country.
_FORMER_ABROAD: Final = {"52": re.compile(r"1(\d{10})")}
_FORMER_NATIONAL: Final = {"52": re.compile(r"(?:1|01|04[45])(\d{10})")}
_SHORTEST_REST: Final = 2
_LONGEST_REST: Final = 17


class Reached(NamedTuple):
    """A valid number: its country code, its digits after it, its region and its type.

    ``is_former`` is true when the digits had to be read by a rule that was abolished.
    """

    code: str
    national: str
    region: str
    type: int
    is_former: bool = False

    @property
    def e164(self) -> str:
        return f"+{self.code}{self.national}"


@dataclass(frozen=True, slots=True)
class _Range:
    """The numbers of one type: their lengths, empty for those of the plan, and their pattern."""

    lengths: frozenset[int]
    pattern: re.Pattern[str]

    def has(self, national: str) -> bool:
        if self.lengths and len(national) not in self.lengths:
            return False
        return self.pattern.fullmatch(national) is not None

    @property
    def pattern_with_lengths(self) -> str:
        """The pattern of `has` as text, to be matched by a part of another pattern."""
        lengths = "|".join(rf"\d{{{length}}}" for length in sorted(self.lengths))
        only = rf"(?=(?:{lengths})\Z)" if lengths else ""
        return f"{only}(?:{self.pattern.pattern})"


class Plan:
    """The numbering plan of a region, or of a country code without one, with compiled patterns."""

    def __init__(self, data: PhoneMetadata | None) -> None:
        if data is None or data.general_desc is None:
            raise ValueError("There is no such numbering plan.")
        self.code = str(data.country_code)
        self.region = str(data.id)
        general = data.general_desc
        self._lengths = general.possible_length
        self._local_lengths = frozenset(general.possible_length_local_only)
        self._general = _range(general)
        self._mobile = _range(data.mobile)
        self._is_one_range = bool(data.same_mobile_and_fixed_line_pattern)
        ranges = {
            number_type: found
            for name, number_type in _TYPES[: -1 if self._is_one_range else None]
            if (found := _range(getattr(data, name)))
        }
        self._types = list(ranges)
        groups = "|".join(f"({found.pattern_with_lengths})" for found in ranges.values())
        self._any_type = re.compile(f"(?:{groups})")
        self._prefix = _compiled(data.national_prefix_for_parsing)
        self._transform = data.national_prefix_transform_rule or ""
        self.leading = _compiled(data.leading_digits)
        self.international_prefix = _compiled(data.international_prefix)

    @property
    def longest(self) -> int:
        """The most digits that a national number has."""
        return int(self._lengths[-1])

    def type_of(self, national: str) -> int | None:
        """Return the type of a number, or None if it is outside the plan."""
        if self._general is None or not self._general.has(national):
            return None
        match = self._any_type.fullmatch(national)
        if match is None or match.lastindex is None:
            return None
        number_type = self._types[match.lastindex - 1]
        if number_type == PhoneNumberType.FIXED_LINE and (
            self._is_one_range or (self._mobile and self._mobile.has(national))
        ):
            return int(PhoneNumberType.FIXED_LINE_OR_MOBILE)
        return number_type

    def may_have(self, national: str) -> bool:
        """Return whether a number begins as the plan's numbers do, if they begin in one way."""
        return self.leading is None or self.leading.match(national) is not None

    def without_prefix(self, digits: str) -> str:
        """Remove the national prefix, as 0 in 0151…, unless only the digits with it can exist."""
        stripped = self._stripped(digits)
        if stripped == digits or not self._is_long_enough(len(stripped)):
            return digits
        return stripped

    def _stripped(self, digits: str) -> str:
        if self._prefix is None or not (match := self._prefix.match(digits)):
            return digits
        is_transformed = self._transform and match.lastindex and match[match.re.groups] is not None
        rest = digits[match.end() :]
        if is_transformed:
            rest = self._prefix.sub(self._transform, digits, count=1)
        if self._matches(digits) and not self._matches(rest):
            return digits
        return rest

    def _matches(self, national: str) -> bool:
        return self._general is not None and bool(self._general.pattern.fullmatch(national))

    def _is_long_enough(self, length: int) -> bool:
        if length in self._local_lengths:
            return False
        return length in self._lengths or length > self._lengths[-1]


def _range(data: phonenumbers.PhoneNumberDesc | None) -> _Range | None:
    if data is None or not data.national_number_pattern:
        return None
    return _Range(frozenset(data.possible_length), re.compile(data.national_number_pattern))


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None


@cache
def plan_of(region: str) -> Plan:
    """Return the numbering plan of a region of `phonenumbers.SUPPORTED_REGIONS`."""
    return Plan(PhoneMetadata.metadata_for_region(region))


@cache
def _plans_of(code: str) -> tuple[Plan, ...]:
    """Return the plans that share a country code, the main one first."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    return tuple(
        Plan(PhoneMetadata.metadata_for_region_or_calling_code(int(code), region))
        for region in regions
    )


def split_code(digits: str) -> tuple[str, str]:
    """Return the country code that the digits begin with, and the rest; "" if there is none."""
    for length in (1, 2, 3):
        if (code := digits[:length]) in _CODES:
            return code, digits[length:]
    return "", digits


def reach_abroad(digits: str) -> Reached | None:
    """Return the number that digits with a country code reach, or None."""
    code, rest = split_code(digits)
    if not code:
        return None
    return _reach(code, rest, _plans_of(code)[0], _FORMER_ABROAD.get(code))


def reach_at_home(digits: str, region: str) -> Reached | None:
    """Return the number that digits reach within a region, or None."""
    plan = plan_of(region)
    return _reach(plan.code, digits, plan, _FORMER_NATIONAL.get(plan.code))


def _reach(code: str, digits: str, plan: Plan, former: re.Pattern[str] | None) -> Reached | None:
    if not _SHORTEST_REST <= len(digits) <= _LONGEST_REST + 1:
        return None
    if found := _reached(code, plan.without_prefix(digits)):
        return found
    if former and (match := former.fullmatch(digits)) and (found := _reached(code, match[1])):
        return found._replace(is_former=True)
    return None


def _reached(code: str, national: str) -> Reached | None:
    if not _SHORTEST_REST <= len(national) <= _LONGEST_REST:
        return None
    plans = _plans_of(code)
    for plan in plans:
        if len(plans) > 1 and plan.leading:
            if plan.leading.match(national):
                number_type = plan.type_of(national)
                break
        elif (number_type := plan.type_of(national)) is not None:
            break
    else:
        return None
    return None if number_type is None else Reached(code, national, plan.region, number_type)


def regions_sharing(found: Reached) -> list[str]:
    """List the regions whose plans have a number: several where nothing tells them apart.

    All of North America shares its toll-free numbers, and Australia its mobile numbers with the
    Cocos and Christmas Islands. A plan with own leading digits has no other numbers.
    """
    return [
        plan.region
        for plan in _plans_of(found.code)
        if plan.type_of(found.national) == found.type
        and (found.type == PhoneNumberType.TOLL_FREE or plan.may_have(found.national))
    ]


@cache
def has_area_code(number_type: int, code: str) -> bool:
    """Return whether the first digits of numbers of a type tell where they are.

    libphonenumber says no for mobiles of the Caribbean, which it tells apart from other numbers:
    they begin with the area code of their country all the same.
    """
    if code == "1" and number_type == PhoneNumberType.MOBILE:
        return True
    return bool(phonenumbers.is_number_type_geographical(number_type, int(code)))


def zones_of(found: Reached) -> tuple[str, ...]:
    """List all IANA zones that a number may be in, without Etc/Unknown."""
    digits = found.code + found.national
    if corrected := corrected_zones(digits):
        return corrected
    if not has_area_code(found.type, found.code):
        digits = found.code
    zones = _zones_by_prefix()
    for length in _prefix_lengths(digits[:_AREA_DIGITS]):
        if (listed := zones.get(digits[:length])) is not None:
            return listed
    return ()


@cache
def _zones_by_prefix() -> dict[str, tuple[str, ...]]:
    return {
        prefix: tuple(zone for zone in zones if zone != UNKNOWN_TIMEZONE)
        for prefix, zones in TIMEZONE_DATA.items()
    }


@cache
def _prefix_lengths(area: str) -> list[int]:
    """Return how many digits of numbers that begin so may tell their zones, most first."""
    near = (one for one in TIMEZONE_DATA if one.startswith(area) or area.startswith(one))
    return sorted(set(map(len, near)), reverse=True)
