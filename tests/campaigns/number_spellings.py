"""Numbers of every region, and the ways in which people write them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from campaigns.e164 import Number, parse
from campaigns.numbering_plans import reach_abroad

E164 = PhoneNumberFormat.E164
TYPES = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.UAN,
)


def numbers_of(region: str, *, each: int, seed: int = 0) -> list[PhoneNumber]:
    """Return valid numbers of a region: the example of each type, and variations of its digits."""
    found: dict[str, PhoneNumber] = {}
    for number_type in TYPES:
        example = phonenumbers.example_number_for_type(region, number_type)
        if example is None:
            continue
        chance = random.Random(f"{region} {number_type} {seed}")
        known = phonenumbers.format_number(example, E164)
        wanted = len(found) + each
        found[known] = example
        for _ in range(each * 20):
            if len(found) >= wanted:
                break
            kept = chance.randint(len(known) - 7, len(known) - 1)
            digits = known[:kept] + "".join(chance.choices("0123456789", k=len(known) - kept))
            if (reached := reach_abroad(digits[1:])) and reached.region == region:
                found[reached.e164] = phonenumbers.parse(reached.e164)
    return list(found.values())


def spellings_of(number: PhoneNumber, region: str) -> Iterator[str]:
    """Yield the ways in which a number is written, most of them by its own country."""
    e164 = phonenumbers.format_number(number, E164)
    code, national = str(number.country_code), phonenumbers.national_significant_number(number)
    abroad = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    at_home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    yield e164
    yield abroad
    yield at_home
    yield code + national
    yield f"00{code}{national}"
    yield f"00 {abroad[1:]}"
    yield national
    yield "".join(filter(str.isdigit, at_home))
    if trunk := phonenumbers.ndd_prefix_for_region(region, True):
        yield f"{trunk}{national}"
        yield f"+{code} ({trunk}) {national}"
        yield f"{code}{trunk}{national}"
    yield f"p:{e164}"
    yield f"tel:{e164}"
    yield f"Tel.: {at_home}"
    yield f"{at_home} (mobile)"
    yield f"https://wa.me/{e164[1:]}"
    yield f'="{code}{national}"'
    yield f"{code}{national}.0"


def verdict(spelling: str, number: PhoneNumber, region: str) -> str:
    """Return whether a spelling is read as the number, "refused", or a "stranger"."""
    found = parse(spelling, region=region)
    if not isinstance(found, Number):
        return "refused"
    return "read" if found.e164 == phonenumbers.format_number(number, E164) else "stranger"
