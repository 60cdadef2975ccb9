"""Zones of numbers, ZIP codes and states, against an independent table and known places."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
import zipcodes

from campaigns.e164 import time_zones
from campaigns.places.postcodes import zones_of_zip
from campaigns.places.states import zones_of_state

#: Places without area codes of their own here: military post offices, and states in association.
NOT_JUDGED = frozenset({"AA", "AE", "AP", "FM", "MH", "PW"})
#: One ZIP code's zone is a place instead.
MISTAKES = frozenset({"Napakiak"})


@cache
def clocks(zone: str) -> tuple[timedelta | None, ...]:
    days = (datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(365))
    return tuple(day.astimezone(ZoneInfo(zone)).utcoffset() for day in days)


def same_clocks(zones: Any) -> set[Any]:
    return {clocks(zone) for zone in zones}


@pytest.fixture(scope="module")
def zip_table() -> list[dict[str, Any]]:
    return [
        row
        for row in zipcodes.list_all()
        if row["timezone"] and row["state"] not in NOT_JUDGED and row["timezone"] not in MISTAKES
    ]


def is_american(area_code: str) -> bool:
    return any(
        phonenumbers.region_code_for_number(phonenumbers.parse(f"+1{area_code}{rest}"))
        in {"US", "PR", "VI", "GU", "AS", "MP"}
        for rest in ("2345678", "6543210")
    )


def test_no_area_code_leaves_out_a_zone_that_two_percent_of_its_zip_codes_have(
    zip_table: list[dict[str, Any]],
) -> None:
    shares: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in zip_table:
        for area_code in row["area_codes"]:
            shares[area_code][row["timezone"]] += 1
    left_out = {}
    judged = [area_code for area_code in shares if is_american(area_code)]
    for area_code in judged:
        for exchange in range(205, 1000, 87):  # the library may know some better than others
            known = same_clocks(time_zones(f"+1{area_code}{exchange}4567"))
            if not known:  # no valid number
                continue
            missing: Counter[Any] = Counter()
            for zone, rows in shares[area_code].items():
                if clocks(zone) not in known:
                    missing[clocks(zone)] += rows
            if any(rows > 0.02 * shares[area_code].total() for rows in missing.values()):
                left_out[area_code] = dict(shares[area_code])
    assert left_out == {}
    assert len(judged) > 300


def test_every_zip_code_has_the_zone_of_the_table_and_hardly_one_has_two(
    zip_table: list[dict[str, Any]],
) -> None:
    found = {row["zip_code"]: zones_of_zip(row["zip_code"]) for row in zip_table}
    wrong = {
        row["zip_code"]: (row["timezone"], found[row["zip_code"]])
        for row in zip_table
        if clocks(row["timezone"]) not in same_clocks(found[row["zip_code"]])
    }
    assert wrong == {}
    assert len(found) > 41_000
    assert sum(len(zones) > 1 for zones in found.values()) < 50


def test_every_state_has_the_zones_of_its_zip_codes(zip_table: list[dict[str, Any]]) -> None:
    rows: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in zip_table:
        rows[row["state"]][row["timezone"]] += 1
    for state, zones in rows.items():
        known = same_clocks(zones_of_state(state, countries=("US", "CA")))
        assert known >= same_clocks(zones), state


#: Number, a place where it may ring, and the zones: all that the number may be in.
PLACES = [
    ("+16892345678", "Orlando", {"America/New_York"}),
    ("+13642345678", "Bowling Green", {"America/Chicago", "America/New_York"}),
    ("+14482345678", "Pensacola", {"America/Chicago", "America/New_York"}),
    ("+18124367800", "Evansville", {"America/Chicago", "America/New_York"}),
    ("+12505550123", "Cranbrook", {"America/Edmonton", "America/Vancouver"}),
    ("+18675550123", "Iqaluit", {"America/Toronto", "America/Whitehorse"}),
    ("+13065550123", "Lloydminster", {"America/Regina", "America/Edmonton"}),
    ("+526141234567", "Chihuahua", {"America/Chihuahua"}),
    ("+529981234567", "Cancún", {"America/Cancun"}),
    ("+5593991234567", "Santarém", {"America/Santarem"}),
    ("+5597991234567", "Tabatinga", {"America/Manaus", "America/Eirunepe"}),
    ("+56322100123", "Easter Island", {"America/Santiago", "Pacific/Easter"}),
    ("+56961234567", "a Chilean mobile", {"America/Punta_Arenas", "Pacific/Easter"}),
    ("+593991234567", "a Galápagos mobile", {"America/Guayaquil", "Pacific/Galapagos"}),
    ("+541123456789", "Buenos Aires", {"America/Argentina/Buenos_Aires"}),
    ("+573211234567", "Bogotá", {"America/Bogota"}),
    ("+447400123456", "a British mobile", {"Europe/London"}),
    ("+491701234567", "a German mobile", {"Europe/Berlin"}),
    ("+33612345678", "a French mobile", {"Europe/Paris"}),
    ("+34612345678", "a Spanish mobile", {"Europe/Madrid", "Atlantic/Canary"}),
    ("+351912345678", "a Portuguese mobile", {"Europe/Lisbon", "Atlantic/Azores"}),
    ("+390612345678", "Rome", {"Europe/Rome"}),
    ("+48501234567", "a Polish mobile", {"Europe/Warsaw"}),
    ("+74012345678", "Kaliningrad", {"Europe/Kaliningrad"}),
    ("+79161234567", "a Russian mobile", {"Europe/Kaliningrad", "Asia/Kamchatka"}),
    ("+77011234567", "a Kazakh mobile", {"Asia/Almaty"}),
    ("+97688123456", "a Mongolian mobile", {"Asia/Ulaanbaatar", "Asia/Hovd"}),
    ("+919812345678", "an Indian mobile", {"Asia/Kolkata"}),
    ("+8613812345678", "a Chinese mobile", {"Asia/Shanghai"}),
    ("+819012345678", "a Japanese mobile", {"Asia/Tokyo"}),
    ("+6282345678901", "an Indonesian mobile", {"Asia/Jakarta", "Asia/Jayapura"}),
    ("+61412345678", "an Australian mobile", {"Australia/Sydney", "Australia/Perth"}),
    ("+61889123456", "Darwin", {"Australia/Darwin"}),
    ("+64211234567", "a New Zealand mobile", {"Pacific/Auckland", "Pacific/Chatham"}),
    ("+67570123456", "Bougainville", {"Pacific/Port_Moresby", "Pacific/Bougainville"}),
    ("+243812345678", "a Congolese mobile", {"Africa/Kinshasa", "Africa/Lubumbashi"}),
    ("+27821234567", "a South African mobile", {"Africa/Johannesburg"}),
    ("+2348031234567", "a Nigerian mobile", {"Africa/Lagos"}),
]


@pytest.mark.parametrize(("number", "place", "zones"), PLACES, ids=[one[1] for one in PLACES])
def test_a_number_may_be_in_every_zone_where_it_may_ring(
    number: str, place: str, zones: set[str]
) -> None:
    assert same_clocks(time_zones(number)) >= same_clocks(zones)


@pytest.mark.parametrize(
    ("text", "zones"),
    [
        ("10001", ("America/New_York",)),
        (" 90210-1234 ", ("America/Los_Angeles",)),
        ("902101234", ("America/Los_Angeles",)),
        ("2139", ("America/New_York",)),  # Excel turned 02139 into a number
        ("501", ("America/New_York",)),
        ("2139.0", ("America/New_York",)),
        ("47708", ("America/Chicago",)),  # Evansville
        ("47501", ("America/New_York",)),  # Washington, Indiana, in the same area code
        ("36867", ("America/Chicago", "America/New_York")),  # Phenix City keeps Georgia's time
        ("09012", ()),  # a military post office
        ("00000", ()),
        ("K1A 0B1", ()),
        ("", ()),
    ],
)
def test_a_zip_code_is_read_as_people_and_spreadsheets_write_it(
    text: str, zones: tuple[str, ...]
) -> None:
    assert zones_of_zip(text) == zones


@pytest.mark.parametrize(
    ("text", "countries", "first"),
    [
        ("NY", ("US", "CA"), "America/New_York"),
        ("new york", ("US", "CA"), "America/New_York"),
        ("US-CA", ("US", "CA"), "America/Los_Angeles"),
        ("Québec", ("US", "CA"), "America/Toronto"),
        ("WA", ("US", "CA"), "America/Los_Angeles"),
        ("WA", ("AU",), "Australia/Perth"),
        ("Bayern", ("DE",), None),
        ("active", ("US", "CA"), None),
    ],
)
def test_a_state_is_read_by_its_code_or_name_in_the_numbers_country(
    text: str, countries: tuple[str, ...], first: str | None
) -> None:
    assert next(iter(zones_of_state(text, countries=countries)), None) == first
