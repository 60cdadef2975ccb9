"""No spelling of a number becomes another number, in any region."""

from __future__ import annotations

from collections import Counter

import phonenumbers
import pytest
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

from campaigns.e164 import Number, NumberProblem, Writing, Written, parse, readings
from campaigns.number_writing import Evidence, evidence_in
from campaigns.numbering_plans import reach_abroad, zones_of
from campaigns.places.numbers import corrected_zones
from tests.campaigns.number_spellings import E164, numbers_of, spellings_of, verdict


@pytest.fixture(scope="module")
def all_numbers() -> dict[str, list[PhoneNumber]]:
    return {region: numbers_of(region, each=2) for region in sorted(phonenumbers.SUPPORTED_REGIONS)}


def read(raw: str, region: str, writing: Writing | None = None) -> str:
    """Return the number, or the code of the problem."""
    found = parse(raw, region=region, writing=writing or Writing())
    return found.e164 if isinstance(found, Number) else str(found.code)


def test_every_spelling_of_a_number_of_any_region_is_read_as_that_number_or_refused(
    all_numbers: dict[str, list[PhoneNumber]],
) -> None:
    verdicts: Counter[str] = Counter()
    strangers = []
    for region, numbers in all_numbers.items():
        for number in numbers:
            for spelling in spellings_of(number, region):
                found = verdict(spelling, number, region)
                verdicts[found] += 1
                if found == "stranger":
                    strangers.append((region, spelling, number))

    assert strangers == []
    # A refusal is safe, but almost every spelling must be understood.
    assert len(all_numbers) >= 245
    assert sum(map(len, all_numbers.values())) >= 2_000
    assert verdicts["read"] > 0.99 * verdicts.total() > 35_000


def test_numbers_reach_what_libphonenumber_says_they_reach(
    all_numbers: dict[str, list[PhoneNumber]],
) -> None:
    for numbers in all_numbers.values():
        for number in numbers:
            e164 = phonenumbers.format_number(number, E164)
            # A last digit more, and one less, is often another type or no number.
            for digits in (e164[1:], e164[1:] + "5", e164[1:-1]):
                found = reach_abroad(digits)
                assert (found and (found.e164, found.region, found.type, zones_of(found))) == (
                    by_library(f"+{digits}")
                ), digits


def by_library(raw: str) -> tuple[str, str, int, tuple[str, ...]] | None:
    try:
        number = phonenumbers.parse(raw)
    except NumberParseException:
        return None
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        return None
    zones = phonenumbers.timezone.time_zones_for_number(number)
    if number.country_code == 1 and kind == PhoneNumberType.MOBILE:  # as in Jamaica
        zones = phonenumbers.timezone.time_zones_for_geographical_number(number)
    return (
        phonenumbers.format_number(number, E164),
        phonenumbers.region_code_for_number(number),
        kind,
        # Our own table replaces the library's answer where it is wrong.
        corrected_zones(
            str(number.country_code) + str(phonenumbers.national_significant_number(number))
        )
        or tuple(zone for zone in zones if zone != "Etc/Unknown"),
    )


@pytest.mark.parametrize(
    ("raw", "region", "national", "coded"),
    [
        ("4915123456789", "DE", "+494915123456789", "+4915123456789"),
        ("62812345678", "ID", "+6262812345678", "+62812345678"),
        ("62215551234", "ID", "+6262215551234", "+62215551234"),
        ("15512345678", "MX", "+525512345678", "+15512345678"),
    ],
)
def test_digits_that_are_a_number_with_and_without_country_code_are_refused_with_both_readings(
    raw: str, region: str, national: str, coded: str
) -> None:
    found = parse(raw, region=region)

    assert isinstance(found, NumberProblem)
    assert found.code == "ambiguous_number"
    assert found.message == (
        f'"{raw}" can be read as {national} and as {coded}; write it with + and the country code, '
        "or choose how the numbers of the list are written."
    )
    assert [one.e164 for one in found.readings] == [national, coded]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (Written.WITH_COUNTRY_CODE, "+4915123456789"),
        (Written.NATIONAL, "+494915123456789"),
        (Written.MIXED, "ambiguous_number"),
    ],
)
def test_how_the_numbers_are_written_settles_what_the_digits_mean(
    stated: Written, expected: str
) -> None:
    assert read("4915123456789", "DE", Writing(stated=stated)) == expected


@pytest.mark.parametrize("stated", list(Written))
@pytest.mark.parametrize("raw", ["+4915123456789", "004915123456789", "+49 (0)1512 3456789"])
def test_a_number_with_plus_is_read_the_same_whatever_is_said_of_the_list(
    raw: str, stated: Written
) -> None:
    assert read(raw, "DE", Writing(stated=stated)) == "+4915123456789"


@pytest.mark.parametrize(
    ("raw", "region", "stated", "expected"),
    [
        ("3012345678", "DE", Written.WITH_COUNTRY_CODE, "too_short"),  # Greece, not Berlin
        ("01512 3456789", "DE", Written.WITH_COUNTRY_CODE, "+4915123456789"),
        ("442079460018", "GB", Written.NATIONAL, "too_long"),
        ("6563345678", "US", Written.WITH_COUNTRY_CODE, "+6563345678"),
        ("6563345678", "US", Written.NATIONAL, "+16563345678"),
        ("6563345678", "US", Written.MIXED, "+16563345678"),
    ],
)
def test_a_statement_about_the_list_holds_for_every_number_without_plus(
    raw: str, region: str, stated: Written, expected: str
) -> None:
    assert read(raw, region, Writing(stated=stated)) == expected


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("0082 010-1234-5678", "KR", "+821012345678"),
        ("+52 1 55 1234 5678", "US", "+525512345678"),
        ("5215512345678", "MX", "+525512345678"),
        ("5215512345678", "US", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("p:+12025550123", "DE", "+12025550123"),
        ("tel.: +1 202 555 0123", "DE", "+12025550123"),
        ("Tel: 202-555-0123", "US", "+12025550123"),
        ("Mobile: 202-555-0124", "US", "+12025550124"),
        ("Cell phone 202-555-0124", "US", "+12025550124"),
        ("202-555-0124 (mobile)", "US", "+12025550124"),
        ("(202) 555-0124 (M)", "US", "+12025550124"),
        ("202 555 0124 mobile", "US", "+12025550124"),
        ("Móvil: 612 34 56 78", "ES", "+34612345678"),
        ("wa.me/4915123456789", "DE", "+4915123456789"),
        ("https://wa.me/12025550123?text=Hi%20there", "DE", "+12025550123"),
        ("https://api.whatsapp.com/send?phone=12025550123", "DE", "+12025550123"),
        ("+39 (0)6 1234 5678", "US", "+390612345678"),
        ("+39 (0) 312 345 6789", "US", "ambiguous_number"),  # the 0 may belong to it
        ("p12025550123", "US", "has_letters"),
        ("fax: 202-555-0123", "US", "has_letters"),
        ("202-555-0123 (fax)", "US", "has_letters"),
    ],
)
def test_what_contact_lists_write_around_a_number_is_understood(
    raw: str, region: str, expected: str
) -> None:
    assert read(raw, region) == expected


CODED = ["4917612345678", "4916091234567", "493012345678"]
NATIONAL = ["3012345678", "8912345678", "15123456789"]


@pytest.mark.parametrize(
    ("others", "raw", "region", "expected"),
    [
        (CODED, "4915123456789", "DE", "+4915123456789"),
        (CODED, "493012345678", "DE", "+493012345678"),
        (
            CODED,
            "491512345",
            "DE",
            "invalid_number",
        ),  # lacks a digit; no landline
        (CODED[:1], "4915123456789", "DE", "+4915123456789"),
        ([], "4915123456789", "DE", "ambiguous_number"),
        (NATIONAL, "4915123456789", "DE", "ambiguous_number"),
        ([*CODED, *NATIONAL], "4915123456789", "DE", "ambiguous_number"),
        ([*CODED * 80, NATIONAL[0]], "4915123456789", "DE", "+4915123456789"),
        # The one national number among them might be another landline.
        ([*CODED * 80, NATIONAL[0]], "492141234567", "DE", "ambiguous_number"),
        # A region of which area codes begin with the country code.
        (["492112345", "4921123", "4931456"], "492141234567", "DE", "+49492141234567"),
        # Other country codes count once some rows cannot be read without them.
        (["12025550123", "442079460018"], "6563345678", "US", "ambiguous_number"),
        (["6581234567", "6591234567", "6581234568"], "6563345678", "US", "+6563345678"),
        (["6581234567", "6591234567", "6581234568"], "6581234569", "US", "+6581234569"),
        (["2025550123"] * 300, "6563345678", "US", "+16563345678"),
        (["2025550123"] * 300, "6581234569", "US", "invalid_number"),
        ([*["2025550123"] * 300, *["4915123456789"] * 3], "6563345678", "US", "+16563345678"),
        ([*["2025550123"] * 30, *["6581234567"] * 9], "6563345678", "US", "ambiguous_number"),
    ],
)
def test_the_other_numbers_of_the_list_decide(
    others: list[str], raw: str, region: str, expected: str
) -> None:
    evidence = evidence_in([*others, raw], region=region)

    assert read(raw, region, Writing(evidence=evidence)) == expected
    # As it is stored with the list, and with nothing added to it.
    stored = Writing.of("", (evidence + Evidence()).to_dict())
    assert read(raw, region, stored) == expected


def test_values_that_are_no_number_or_have_a_plus_say_nothing_about_the_list() -> None:
    values = ["", "n/a", "+4915123456789", "004915123456789", "0151 23456789", "4915"]

    assert evidence_in(values, region="DE") == Evidence()


@pytest.mark.parametrize(
    ("raw", "region", "stated", "expected"),
    [
        ("4915123456789", "DE", None, ["+494915123456789", "+4915123456789"]),
        ("4915123456789", "DE", Written.WITH_COUNTRY_CODE, ["+4915123456789"]),
        ("4915123456789", "US", None, ["+4915123456789"]),
        ("202-555-0123", "US", None, ["+12025550123"]),
    ],
)
def test_a_list_of_numbers_not_to_call_gets_every_reading(
    raw: str, region: str, stated: Written | None, expected: list[str]
) -> None:
    evidence = evidence_in([*CODED, raw], region=region)

    found = readings(raw, region=region, writing=Writing(stated=stated, evidence=evidence))

    assert isinstance(found, tuple)
    assert [one.e164 for one in found] == expected


def test_a_list_of_numbers_not_to_call_names_what_is_no_number() -> None:
    found = readings("n/a", region="US")

    assert isinstance(found, NumberProblem)
    assert found.code == "not_a_number"
