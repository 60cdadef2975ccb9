"""Zones of numbers, judged by the oracle's own tables: all area codes, and thirty countries."""

from __future__ import annotations

import pytest

from campaigns.e164 import Number, parse, time_zones
from tests.hours_oracle import CANADA, COUNTRIES, clocks, most, shares

#: Exchanges of which the phone library may know more than of the area code.
EXCHANGES = range(200, 1000, 19)
#: Area codes that are younger than the ZIP table, and the state whose time they keep.
YOUNG = {
    **dict.fromkeys(["235", "975"], "MO"),
    **dict.fromkeys(["274", "353"], "WI"),
    **dict.fromkeys(["369", "738"], "CA"),
    **{"324": "GA", "645": "GA", "728": "GA"},  # the east of Florida
    **{"327": "AR", "329": "NY", "686": "VA", "730": "IL", "748": "CO", "821": "SC"},
}


def left_out(number: str, zones: list[str] | tuple[str, ...]) -> set[str]:
    known = set(map(clocks, time_zones(number)))
    return {zone for zone in zones if clocks(zone) not in known}


def test_no_exchange_of_an_area_code_leaves_out_a_zone_of_its_zip_codes() -> None:
    judged = {code: most(counts) for code, counts in shares("area_code").items()}
    wrong = {
        (code, exchange): missing
        for code, zones in judged.items()
        if code not in CANADA
        for exchange in EXCHANGES
        # Islands have numbers in a few exchanges only.
        if time_zones(number := f"+1{code}{exchange}4567") and (missing := left_out(number, zones))
    }
    assert wrong == {}
    assert len(judged.keys() - CANADA.keys()) > 340


def test_young_area_codes_have_the_time_of_their_states() -> None:
    wrong = {
        code: missing
        for code, state in YOUNG.items()
        if (missing := left_out(f"+1{code}2345678", most(shares("state")[state])))
    }
    assert wrong == {}


@pytest.mark.parametrize("code", CANADA)
def test_canadian_area_codes_have_all_their_zones(code: str) -> None:
    assert left_out(f"+1{code}2345678", CANADA[code]) == set()


@pytest.mark.parametrize(
    ("prefix", "more", "zones"), COUNTRIES, ids=[f"{one[0]}" for one in COUNTRIES]
)
def test_numbers_of_other_countries_have_all_zones_where_their_owners_live(
    prefix: str, more: int, zones: list[str]
) -> None:
    for digits in ("2345678", "7654321", "5050505"):
        assert left_out(prefix + digits[:more], zones) == set()


#: Numbers that the phone library places in another country, on an island, or in one zone of two.
MISPLACED = [
    ("+211977123456", "Juba", ["Africa/Juba"]),
    ("+212650123456", "Casablanca", ["Africa/Casablanca"]),
    ("+213551234567", "Algiers", ["Africa/Algiers"]),
    ("+218912345678", "Tripoli", ["Africa/Tripoli"]),
    ("+50581234567", "Managua", ["America/Managua"]),
    ("+970599123456", "Hebron", ["Asia/Hebron", "Asia/Gaza"]),
    ("+5581987654321", "Recife", ["America/Recife", "America/Noronha"]),
    ("+558134567890", "Recife, a landline", ["America/Recife"]),
    ("+528681234567", "Matamoros", ["America/Matamoros"]),
    ("+528621234567", "Nava", ["America/Matamoros"]),
    ("+526571234567", "Ciudad Juárez", ["America/Ciudad_Juarez"]),
    ("+526631234567", "Tijuana", ["America/Tijuana"]),
    ("+529971234567", "the border of Yucatán", ["America/Cancun", "America/Merida"]),
    ("+61740501234", "Cairns", ["Australia/Brisbane"]),
    ("+61755123456", "Gold Coast", ["Australia/Brisbane", "Australia/Sydney"]),
    ("+61851205123", "Broken Hill", ["Australia/Broken_Hill"]),
    ("+611800123456", "an Australian freephone", ["Australia/Darwin", "Australia/Perth"]),
    ("+78452123456", "Saratov", ["Europe/Saratov"]),
    ("+74112123456", "Yakutia", ["Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan"]),
    ("+78001234567", "a Russian freephone", ["Europe/Kaliningrad", "Asia/Kamchatka"]),
    ("+6913501234", "Micronesia", ["Pacific/Chuuk", "Pacific/Pohnpei"]),
    ("+68989123456", "a Polynesian mobile", ["Pacific/Tahiti", "Pacific/Marquesas"]),
    ("+56800123456", "a Chilean freephone", ["America/Santiago", "Pacific/Easter"]),
]


@pytest.mark.parametrize(("number", "place", "zones"), MISPLACED, ids=[one[1] for one in MISPLACED])
def test_the_librarys_mistakes_are_corrected(number: str, place: str, zones: list[str]) -> None:
    assert left_out(number, zones) == set(), place


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+18765551234", "America/Jamaica"),
        ("+18762101234", "America/Jamaica"),
        ("+12423591234", "America/Nassau"),
        ("+14413701234", "Atlantic/Bermuda"),
        ("+18682911234", "America/Port_of_Spain"),
        ("+16847331234", "Pacific/Pago_Pago"),
        ("+18092345678", "America/Santo_Domingo"),
    ],
)
def test_a_mobile_of_an_island_with_its_own_area_code_is_there(number: str, zone: str) -> None:
    assert {clocks(one) for one in time_zones(number)} == {clocks(zone)}
    found = parse(number, region="ZZ")
    assert isinstance(found, Number)
    assert {clocks(one) for one in found.time_zones} == {clocks(zone)}


def test_a_kazakh_number_is_not_in_russia() -> None:
    assert {clocks(zone) for zone in time_zones("+77011234567")} == {clocks("Asia/Almaty")}
