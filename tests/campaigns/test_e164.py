"""What a cell of a phone column becomes: a number, or a code and a sentence."""

from __future__ import annotations

import re
import zoneinfo

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.timezone import TIMEZONE_DATA

from campaigns.e164 import (
    Number,
    NumberKind,
    NumberProblem,
    is_region,
    national_number,
    parse,
    time_zones,
)

E164 = re.compile(r"^\+[1-9]\d{6,14}$")
US = "+12025550123"
GB = "+442079460018"
FORMAT = phonenumbers.PhoneNumberFormat.E164
REFUSED_KINDS = ["premium_rate", "shared_cost", "pager", "voicemail"]
CALLABLE = [kind for kind in NumberKind if kind not in REFUSED_KINDS]


def number(raw: str, region: str = "US") -> Number:
    result = parse(raw, region=region)
    assert isinstance(result, Number), result
    return result


def problem(raw: str, region: str = "US") -> NumberProblem:
    result = parse(raw, region=region)
    assert isinstance(result, NumberProblem), result
    return result


SPELLINGS = r"""
+12025550123 | 2025550123 | 12025550123 | (202) 555-0123 | 202.555.0123 | 202-555-0123
+1 (202) 555-0123 | (+1) 202 555 0123 | [202] 555 0123 | +1/202/5550123
'+12025550123 | "+12025550123" | ="+12025550123" | 12025550123.0 | +12025550123.00 | 2025550123,0
tel:+1-202-555-0123 | TEL: 202-555-0123 | tel://+12025550123
0012025550123 | 00 1 202 555 0123 | 011 1 202 555 0123 | +0012025550123
"""


@pytest.mark.parametrize(
    "raw",
    [
        *(raw.strip() for line in SPELLINGS.strip().splitlines() for raw in line.split("|")),
        "  +12025550123\t",
        "\u2019+12025550123",
        "+1\u00a0202\u00a0555\u20110123",  # no-break spaces and hyphen
        "\ufeff+1202\u200b5550123\u202c",  # byte order mark, zero width space, bidi mark
        "\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff12\uff13",  # full width
        "\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0662\u0663",  # Arabic-Indic digits
        "202\u00b7555\u00b70123",
        "202\x005550123",
    ],
)
def test_every_usual_spelling_of_an_american_number_is_understood(raw: str) -> None:
    assert number(raw) == Number(
        e164=US,
        region="US",
        kind=NumberKind.FIXED_LINE_OR_MOBILE,
        time_zones=("America/New_York",),
    )


@pytest.mark.parametrize(
    ("raw", "region", "e164", "country"),
    [
        ("020 7946 0018", "GB", GB, "GB"),
        ("+44 (0)20 7946 0018", "US", GB, "GB"),
        ("011 44 20 7946 0018", "US", GB, "GB"),
        ("00442079460018", "US", GB, "GB"),
        ("00442079460018", "DE", GB, "GB"),
        ("011442079460018", "ES", GB, "GB"),
        ("442079460018", "US", GB, "GB"),
        ("442079460018", "GB", GB, "GB"),
        ("12025550123", "GB", US, "US"),
        ("12345678909", "US", "+12345678909", "US"),
        ("030/123456", "DE", "+4930123456", "DE"),
        ("02 1234 5678", "IT", "+390212345678", "IT"),
        ("+18095550123", "US", "+18095550123", "DO"),
    ],
)
def test_the_default_region_and_the_country_code_decide_the_country(
    raw: str, region: str, e164: str, country: str
) -> None:
    found = number(raw, region)

    assert (found.e164, found.region) == (e164, country)


def example(kind: NumberKind, region: str | None) -> str:
    """Return the example number that libphonenumber itself documents."""
    name = getattr(phonenumbers.PhoneNumberType, kind.name)
    found = phonenumbers.example_number_for_type(region, name)
    return "" if found is None else phonenumbers.format_number(found, FORMAT)


@pytest.mark.parametrize("kind", CALLABLE)
def test_callable_kinds_are_accepted_and_named(kind: NumberKind) -> None:
    region = "US" if kind is NumberKind.FIXED_LINE_OR_MOBILE else "GB"

    found = number(example(kind, region))

    assert (found.kind, found.region) == (kind, region)


def test_a_number_of_no_country_has_the_region_of_the_world() -> None:
    assert number("+80012345678") == Number(
        "+80012345678", "001", NumberKind.TOLL_FREE, time_zones("+80012345678")
    )


@pytest.mark.parametrize("name", REFUSED_KINDS)
def test_other_kinds_are_refused_by_name(name: str) -> None:
    kind = NumberKind(name)
    found = problem(example(kind, None))

    assert found.code == ("premium_rate" if kind == "premium_rate" else "not_callable_type")
    assert f"is a {kind.value.replace('_', '-')} number" in found.message


# Each line: the code, the default region, and raw values between bars.
REFUSED = r"""
blank_number         US | '
scientific_notation  US | 1.23457E+11 | 1,23457e+11 | 12E10 | '1.2E+11
has_extension        US | +1 202 555 0123 ext. 5 | 202-555-0123x55 | (202) 555-0123 X 55
has_extension        US | +12025550123;ext=5 | +12025550123#5 | +12025550123,,5#
has_letters          US | 1-800-FLOWERS | 1800FLOWERS | 202 555 0123 (fax) | xxx-xxx-0123
has_letters          US | 12025550123e | 2O25550I23
not_a_number         US | N/A | unknown | - | + | ***-***-0123 | 1+2025550123 | 2025550123.5
not_a_number         DK | 31.05.1987 | 2025-12-25 | 12/31/1987
several_numbers      US | +12025550123 / +12025550124 | 2025550123, 2025550124
several_numbers      US | 2025550123 or 2025550124 | 2025550123 2025550124 | 202-555-0123/24
several_numbers      US | +12025550123+12025550124
emergency_number     US | 911 | 9 1 1 | +911 | +1911 | +44999 | 112 | 999
emergency_number     AU | 000 | 112
short_number         US | 411 | 12345
short_number         GB | 118118
too_short            US | 5550123 | 202555012 | 0 | 00 | +1202 | +447900 | +989601
too_long             US | 20255501234567 | +12025550123456789 | +4912345678901234567
too_long             GB | 0113 496 00189
invalid_country_code US | +999123456 | 00999123456 | +02025550123 | 0000000000
invalid_number       US | 5555550123 | 15555550123
premium_rate         US | 9005550123 | 00449012345678 | 449012345678
not_callable_type    AU | 1300 123 456
"""
REFUSED_CASES = [
    (raw.strip(), *reversed(line.split("|")[0].split()))
    for line in REFUSED.strip().splitlines()
    for raw in line.split("|")[1:]
]


@pytest.mark.parametrize(
    ("raw", "region", "code"),
    [
        *REFUSED_CASES,
        ("", "US", "blank_number"),
        (" \t\u00a0", "US", "blank_number"),
        ("\u200b\ufeff", "US", "blank_number"),
        ("2025550123\n2025550124", "US", "several_numbers"),
        ("1" * 251, "US", "not_a_number"),
    ],
)
def test_what_cannot_be_dialed_has_a_stable_code_and_a_sentence(
    raw: str, region: str, code: str
) -> None:
    found = problem(raw, region)

    assert found.code == code
    assert found.message.endswith(".")
    assert "{" not in found.message


@pytest.mark.parametrize(
    ("raw", "region"),
    [
        ("6581234567", "US"),  # with a plus this would ring Singapore
        ("5550123", "US"),
        ("0113496001899", "GB"),  # 011 is part of a British area code
        ("12345678909", "DE"),  # German numbers have up to 15 digits
    ],
)
def test_a_wrong_national_number_is_refused_rather_than_guessed_to_be_foreign(
    raw: str, region: str
) -> None:
    assert problem(raw, region).message.endswith("or write it with + and the country code.")


def test_excel_damage_is_named_with_the_value_and_the_remedy() -> None:
    assert problem("1.23457E+11").message == (
        "Excel turned this number into scientific notation (1.23457E+11); "
        "format the column as text and export again."
    )


@pytest.mark.parametrize(
    ("raw", "place"),
    [("202555012", "region US"), ("+44207", "country code +44"), ("00", "any country")],
)
def test_the_sentence_says_which_numbering_plan_was_tried(raw: str, place: str) -> None:
    assert f"is too short for {place};" in problem(raw).message


def test_a_long_raw_value_is_quoted_up_to_40_characters() -> None:
    quoted = problem("call me\n\n" + "maybe " * 20).message.split('"')[1]

    assert quoted == "call me maybe maybe maybe maybe maybe m…"
    assert len(quoted) == 40


@pytest.mark.parametrize("raw", ["?" * 40, "{raw}\ud800"])
def test_a_shorter_raw_value_is_quoted_as_far_as_it_can_be_stored(raw: str) -> None:
    assert problem(raw).message.startswith(f'"{raw.rstrip(chr(0xD800))}" is not a phone number')


@pytest.mark.parametrize(
    ("code", "known"), [("US", True), ("GB", True), ("us", False), ("", False)]
)
def test_regions_are_countries_in_capitals(code: str, known: bool) -> None:
    assert is_region(code) is known


@pytest.mark.parametrize("raw", ["+12025550123", "0012025550123", "+1 (202) 555-0123"])
def test_without_a_default_region_numbers_with_a_country_code_are_understood(raw: str) -> None:
    assert number(raw, "ZZ").e164 == US


def test_without_a_default_region_a_national_number_is_refused() -> None:
    assert problem("2025550123", "ZZ").code == "invalid_country_code"


@pytest.mark.parametrize("region", ["us", "", "XX", "001"])
def test_an_unknown_default_region_is_an_error_of_the_caller(region: str) -> None:
    with pytest.raises(ValueError, match="is not a country code"):
        parse(US, region=region)


@pytest.mark.parametrize(
    ("e164", "zones"),
    [
        (US, ("America/New_York",)),
        (GB, ("Europe/London",)),
        ("+80012345678", ()),
        ("+999123456", ()),
        ("not a number", ()),
        ("", ()),
    ],
)
def test_zones_come_from_the_number_and_are_empty_when_unknown(
    e164: str, zones: tuple[str, ...]
) -> None:
    assert time_zones(e164) == zones


def test_a_toll_free_number_may_be_in_any_zone_of_its_numbering_plan() -> None:
    zones = time_zones("+18005550123")

    assert {"America/New_York", "Pacific/Honolulu"} <= set(zones)


def test_python_knows_every_zone_that_a_number_may_have() -> None:
    names = {name for zones in TIMEZONE_DATA.values() for name in zones}

    assert names - {"Etc/Unknown"} <= zoneinfo.available_timezones()


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_example_number_of_every_country_survives_a_round_trip(region: str) -> None:
    for e164 in filter(None, (example(kind, region) for kind in NumberKind)):
        result = parse(e164, region="US")
        assert isinstance(result, NumberProblem) or result.e164 == e164


regions = st.sampled_from(["US", "GB", "DE", "IT", "AR", "MX", "BR", "AU", "JP", "RU", "CN", "AT"])
phone_like = st.text(alphabet="0123456789+ ()-./x,;\u00a0\u200be", max_size=24)
digits_like = st.from_regex(r"\A(\+|00|011)?[0-9]{4,16}\Z")


@given(raw=st.one_of(st.text(), phone_like, digits_like), region=regions)
def test_any_text_gives_a_number_that_reads_back_as_itself_or_a_sentence(
    raw: str, region: str
) -> None:
    result = parse(raw, region=region)

    if isinstance(result, Number):
        assert E164.fullmatch(result.e164)
        assert parse(result.e164, region=region) == result
        assert all(zone in zoneinfo.available_timezones() for zone in time_zones(result.e164))
    else:
        assert result.message
        assert "\n" not in result.message


@given(text=st.text())
def test_time_zones_of_any_text_is_a_tuple(text: str) -> None:
    assert isinstance(time_zones(text), tuple)


@pytest.mark.parametrize(
    ("number", "national"),
    [("+12025550123", "2025550123"), ("+442079460190", "2079460190"), ("", "")],
)
def test_the_national_number_leaves_the_country_code_out(number: str, national: str) -> None:
    assert national_number(number) == national
