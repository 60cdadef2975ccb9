"""Turn what people type into E.164 numbers, or explain in one sentence why that is impossible.

An ambiguous number is refused, never guessed: a wrong guess would call a stranger.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, ValidationResult
from phonenumbers import shortnumberinfo as short_numbers
from phonenumbers import timezone as number_zones

from campaigns.number_problems import NumberProblemCode, message_of
from campaigns.number_text import digits_of
from campaigns.number_writing import AS_READ_ALONE, Choice, Evidence, Writing, Written
from campaigns.numbering_plans import (
    Plan,
    Reached,
    has_area_code,
    plan_of,
    reach_abroad,
    reach_at_home,
    split_code,
    zones_of,
)
from campaigns.places.numbers import corrected_zones

__all__ = [
    "Number",
    "NumberKind",
    "NumberProblem",
    "NumberProblemCode",
    "Writing",
    "Written",
    "is_region",
    "national_number",
    "parse",
    "readings",
    "time_zones",
]


class NumberKind(StrEnum):
    """The type of a valid number. Source: PhoneNumberType of libphonenumber."""

    FIXED_LINE = "fixed_line"
    MOBILE = "mobile"
    FIXED_LINE_OR_MOBILE = "fixed_line_or_mobile"
    VOIP = "voip"
    TOLL_FREE = "toll_free"
    PERSONAL_NUMBER = "personal_number"
    UAN = "uan"
    PREMIUM_RATE = "premium_rate"
    SHARED_COST = "shared_cost"
    PAGER = "pager"
    VOICEMAIL = "voicemail"


class Number(NamedTuple):
    """A valid number of a callable kind; region is "001" for numbers without a country (+800 …).

    ``time_zones`` are the IANA zones it may be in, as `time_zones` lists them.
    """

    e164: str
    region: str
    kind: NumberKind
    time_zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberProblem:
    """A stable code and one sentence that says what to change.

    ``readings`` are the numbers that an ambiguous value may mean, ``refused`` is a valid number of
    a kind that is not called unless it is named.
    """

    code: NumberProblemCode
    message: str
    readings: tuple[Number, ...] = ()
    refused: Number | None = None


_Code = NumberProblemCode
_KINDS: Final = {getattr(PhoneNumberType, kind.name): kind for kind in NumberKind}
_REFUSED_KINDS: Final = {
    NumberKind.PREMIUM_RATE: _Code.PREMIUM_RATE,
    NumberKind.SHARED_COST: _Code.NOT_CALLABLE_TYPE,
    NumberKind.PAGER: _Code.NOT_CALLABLE_TYPE,
    NumberKind.VOICEMAIL: _Code.NOT_CALLABLE_TYPE,
}
_LENGTHS: Final = {
    ValidationResult.TOO_SHORT: _Code.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: _Code.TOO_SHORT,
    ValidationResult.TOO_LONG: _Code.TOO_LONG,
}
_SHORTEST_E164, _LONGEST_E164 = len("+1234567"), len("+123456789012345")
_EMERGENCY_ABROAD: Final = frozenset({"112", "911", "999"})
_LONGEST_NATIONAL: Final = 17


def is_region(code: str) -> bool:
    """Return whether `parse` accepts the code as a country, in capitals as in "US"."""
    return code in phonenumbers.SUPPORTED_REGIONS


def time_zones(e164: str) -> tuple[str, ...]:
    """List all IANA zones the number may be in, without Etc/Unknown; empty when none is known."""
    if corrected := corrected_zones(e164.removeprefix("+")):
        return corrected
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return ()
    code = str(number.country_code)
    is_local = has_area_code(phonenumbers.number_type(number), code)
    zones = (
        number_zones.time_zones_for_geographical_number(number)
        if is_local
        else number_zones.time_zones_for_number(number)
    )
    return tuple(zone for zone in zones if zone != number_zones.UNKNOWN_TIMEZONE)


def national_number(e164: str) -> str:
    """Return the digits of a stored number without its country code; "" for no number."""
    return str(phonenumbers.parse(e164, None).national_number) if e164 else ""


def parse(
    raw: str,
    *,
    region: str,
    writing: Writing = AS_READ_ALONE,
    kinds: Collection[str] = (),
) -> Number | NumberProblem:
    """Parse a raw value as a number of the region unless it has a country code.

    Region "ZZ" means no default: only numbers with a country code are accepted. ``writing`` says
    how the other numbers of the list are written. ``kinds`` are accepted although they are refused
    otherwise, such as premium_rate.

    1. Remove what spreadsheets and typography add; refuse text that is not one plain number.
    2. Read it by its plus or international prefix, as a national number, and by its country code.
    3. If the digits are a number both ways, decide by the list, else refuse them.
    4. Refuse numbers outside every numbering plan and kinds that must not be called.

    Raises ValueError only for a region that is neither "ZZ" nor a country (see `is_region`), never
    because of the raw value.
    """
    found = _parse(raw, region, writing)
    if kinds and isinstance(found, NumberProblem) and found.refused:
        return found.refused if found.refused.kind in kinds else found
    return found


def _parse(raw: str, region: str, writing: Writing) -> Number | NumberProblem:
    if region not in phonenumbers.SUPPORTED_REGIONS and region != phonenumbers.UNKNOWN_REGION:
        raise ValueError(f'"{region}" is not a country code; use two capitals such as US.')
    digits = digits_of(raw)
    if isinstance(digits, NumberProblemCode):
        return _problem(digits, raw)
    if _is_emergency(digits.removeprefix("+"), region):
        return _problem(_Code.EMERGENCY_NUMBER, raw)
    if digits.startswith("+"):
        abroad = digits[1:].removeprefix("00")
        return _with_optional_zero(abroad, raw) if "(0)" in raw else _abroad(abroad, raw)
    if region == phonenumbers.UNKNOWN_REGION:
        is_abroad = digits.startswith("00")
        return _abroad(digits[2:], raw) if is_abroad else _problem(_Code.INVALID_COUNTRY_CODE, raw)
    plan = plan_of(region)
    if digits.startswith("0") or _dialed_abroad(digits, plan):
        return _read_prefixed(digits, raw, plan)
    return _read_bare(digits, raw, plan, writing)


def readings(
    raw: str, *, region: str, writing: Writing = AS_READ_ALONE
) -> tuple[Number, ...] | NumberProblem:
    """Return every number that a raw value may mean, for lists of numbers not to be called.

    A number too many on such a list is safer than one too few, so digits that may begin with the
    home country's code count as both numbers, unless a person said how the list is written.
    """
    alone = parse(raw, region=region, writing=Writing(stated=writing.stated))
    found = alone
    if isinstance(alone, Number) or not alone.readings:
        found = parse(raw, region=region, writing=writing)
    if isinstance(found, Number):
        return (found,)
    return found.readings or found


def _dialed_abroad(digits: str, plan: Plan) -> list[Reached]:
    """Return the numbers that digits reach if they begin with an international prefix.

    00 is understood everywhere. Where another prefix begins with it, as 008 in Korea, the country
    code of the region after 00 is meant: 0082 10… is a Korean number.
    """
    found = [reach_abroad(digits[2:])] if digits.startswith("00") else []
    if found and found[0] and found[0].code == plan.code:
        return [found[0]]
    own = plan.international_prefix
    if own and (match := own.match(digits)) and digits[match.end() :][:1] != "0":
        found.append(reach_abroad(digits[match.end() :]))
    return list({one.e164: one for one in found if one}.values())


def _read_prefixed(digits: str, raw: str, plan: Plan) -> Number | NumberProblem:
    """Read digits that begin with 0, or with the international prefix of the region."""
    found = _dialed_abroad(digits, plan)
    national = reach_at_home(digits, plan.region)
    if national and all(one.e164 != national.e164 for one in found):
        found = [national, *found]
    if found:
        return _number(found[0], raw) if len(found) == 1 else _ambiguous(found, raw)
    # 011 dials abroad from North America; where 0 is the trunk prefix, area codes begin with it.
    if digits.startswith("011") and (
        plan.code == "1" or phonenumbers.ndd_prefix_for_region(plan.region, True) != "0"
    ):
        return _abroad(digits[3:], raw)
    if digits.startswith("00"):
        return _abroad(digits[2:], raw)
    return _problem_at_home(digits, raw, plan)


def _read_bare(digits: str, raw: str, plan: Plan, writing: Writing) -> Number | NumberProblem:
    """Read digits without any prefix: as a national number, and by the code they begin with."""
    if writing.stated == Written.WITH_COUNTRY_CODE:
        return _abroad(digits, raw)
    evidence, is_national = writing.evidence, writing.stated == Written.NATIONAL
    national = reach_at_home(digits, plan.region)
    may_be_coded = digits.startswith(plan.code) or evidence.codes
    if national and (is_national or not (may_be_coded or national.is_former)):
        return _number(national, raw)
    coded = None if is_national else reach_abroad(digits)
    if national and coded:
        return _choose(national, coded, raw, plan, evidence)
    if national:
        is_mistyped = digits.startswith(plan.code) and evidence.speaks_for(plan.code)
        return _abroad(digits, raw) if is_mistyped else _number(national, raw)
    # A mistyped national number is often valid abroad, so only a length that no national number
    # has, or the rest of the list, proves that the digits begin with a country code.
    is_long = len(digits) > plan.longest
    if coded and (coded.code == plan.code or is_long or evidence.speaks_for(coded.code)):
        return _number(coded, raw)
    return _problem_at_home(digits, raw, plan)


def _choose(
    national: Reached, coded: Reached, raw: str, plan: Plan, evidence: Evidence
) -> Number | NumberProblem:
    if national.e164 == coded.e164:
        return _number(national, raw)
    if national.is_former:
        return _ambiguous([national, coded], raw)
    is_home = coded.code == plan.code
    match evidence.choose(national=national, coded=coded, is_home=is_home):
        case Choice.NATIONAL:
            return _number(national, raw)
        case Choice.CODED:
            return _number(coded, raw)
    return _ambiguous([national, coded], raw)


def _abroad(digits: str, raw: str) -> Number | NumberProblem:
    """Read digits that begin with a country code."""
    if found := reach_abroad(digits):
        return _number(found, raw)
    code, rest = split_code(digits)
    if not code or not rest:
        is_short = len(digits) <= 1 or bool(code)
        return _problem(
            _Code.TOO_SHORT if is_short else _Code.INVALID_COUNTRY_CODE, raw, place="any country"
        )
    return _problem(_why_invalid(code, rest), raw, place=f"country code +{code}")


def _with_optional_zero(digits: str, raw: str) -> Number | NumberProblem:
    """Read a number such as +44 (0)20 …, whose 0 is left out after the country code.

    In Italy and a few other countries it is part of some numbers and not of others.
    """
    code, rest = split_code(digits)
    with_zero, without = reach_abroad(digits), reach_abroad(code + rest.removeprefix("0"))
    if with_zero and without and with_zero.e164 != without.e164:
        return _ambiguous([with_zero, without], raw)
    return _number(without, raw) if without else _abroad(digits, raw)


def _problem_at_home(digits: str, raw: str, plan: Plan) -> NumberProblem:
    code = _why_invalid(plan.code, plan.without_prefix(digits))
    return _problem(code, raw, place=f"region {plan.region}")


def _number(found: Reached, raw: str) -> Number | NumberProblem:
    """Return a number unless its kind must not be called."""
    kind = _KINDS[found.type]
    e164 = found.e164
    number = Number(e164, found.region, kind, zones_of(found))
    if code := _REFUSED_KINDS.get(kind):
        problem = _problem(code, raw, kind=kind.value.replace("_", "-"))
        return replace(problem, refused=number)
    if not _SHORTEST_E164 <= len(e164) <= _LONGEST_E164:
        return _problem(_Code.TOO_SHORT, raw, place=f"country code +{found.code}")
    return number


def _ambiguous(found: list[Reached], raw: str) -> NumberProblem:
    shown = " and as ".join(one.e164 for one in found)
    numbers = (_number(one, raw) for one in found)
    return NumberProblem(
        _Code.AMBIGUOUS_NUMBER,
        message_of(_Code.AMBIGUOUS_NUMBER, raw, readings=shown),
        tuple(one for one in numbers if isinstance(one, Number)),
    )


def _why_invalid(code: str, national: str) -> NumberProblemCode:
    """Return why digits after a country code are outside its numbering plan."""
    home = phonenumbers.region_code_for_country_code(int(code))
    if _is_emergency(national, home):
        return _Code.EMERGENCY_NUMBER
    if len(national) > _LONGEST_NATIONAL:
        return _Code.TOO_LONG
    number = PhoneNumber(country_code=int(code), national_number=int(national or 0))
    if national.startswith("0"):
        number.italian_leading_zero = True
        number.number_of_leading_zeros = len(national) - len(national.lstrip("0"))
    if short_numbers.is_valid_short_number(number):
        return _Code.SHORT_NUMBER
    return _LENGTHS.get(phonenumbers.is_possible_number_with_reason(number), _Code.INVALID_NUMBER)


def _is_emergency(digits: str, region: str) -> bool:
    """Return whether the digits reach an emergency service in the region or in most regions."""
    return len(digits) <= 6 and (  # the longest emergency numbers, in Niger
        digits in _EMERGENCY_ABROAD or short_numbers.is_emergency_number(digits, region)
    )


def _problem(
    code: NumberProblemCode, raw: str, *, place: str = "", kind: str = ""
) -> NumberProblem:
    return NumberProblem(code, message_of(code, raw, place=place, kind=kind))
