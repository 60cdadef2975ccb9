"""Under whose law a recipient may be, against an independent table and known places."""

from __future__ import annotations

from collections import Counter, defaultdict

import phonenumbers
import pytest
import zipcodes

from campaigns.places import jurisdictions

ARMED_FORCES = {"AA", "AE", "AP"}


def find(e164: str, **cells: str) -> tuple[str, ...]:
    region = phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or ""
    return jurisdictions.find(e164=e164, region=region, **cells)


def test_no_area_code_leaves_out_a_state_that_has_two_percent_of_its_zip_codes() -> None:
    shares: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in zipcodes.list_all():
        for area_code in row["area_codes"]:
            if row["state"] not in ARMED_FORCES:
                shares[area_code][row["state"]] += 1
    left_out, judged = {}, 0
    for area_code, states in shares.items():
        places = find(f"+1{area_code}2345678")
        if not places or not places[0].startswith("US"):  # Canadian
            continue
        judged += 1
        limit = 0.02 * states.total()
        if missing := {s for s, n in states.items() if n > limit} - {p[3:] for p in places}:
            left_out[area_code] = missing
    assert left_out == {}
    assert judged > 300


def test_every_zip_code_has_its_state_and_few_have_two() -> None:
    rows = [row for row in zipcodes.list_all() if row["state"] not in ARMED_FORCES]
    found = {row["zip_code"]: find("+13052345678", postcode=row["zip_code"]) for row in rows}
    wrong = {row["zip_code"] for row in rows if f"US-{row['state']}" not in found[row["zip_code"]]}
    assert wrong == set()
    # The state of the number is added.
    assert sum(len(set(places) - {"US-FL"}) > 1 for places in found.values()) < 400


@pytest.mark.parametrize(
    ("number", "cells", "places"),
    [
        ("+13052345678", {}, ("US-FL",)),
        ("+13052345678", {"postcode": "33101"}, ("US-FL",)),
        ("+13052345678", {"postcode": "10001"}, ("US-NY", "US-FL")),
        ("+13052345678", {"state": "Georgia"}, ("US-GA", "US-FL")),
        ("+13052345678", {"state": "nowhere"}, ("US-FL",)),
        ("+14232345678", {"state": "TN"}, ("US-TN",)),
        ("+17872345678", {}, ("US-PR",)),
        ("+18002345678", {}, ("US",)),
        ("+18002345678", {"state": "TX"}, ("US-TX",)),
        ("+14162345678", {}, ("CA",)),
        ("+14162345678", {"state": "ON"}, ("CA-ON",)),
        ("+14162345678", {"postcode": "10001"}, ("US-NY", "CA")),
        ("+442079460123", {"state": "TX"}, ("GB",)),
        ("+61291234567", {"state": "Victoria"}, ("AU-VIC",)),
        ("+80012345678", {}, ()),
        # French law holds overseas, and Australian law on the islands; Jersey makes its own.
        ("+590690001234", {}, ("FR-GP",)),
        ("+262692123456", {}, ("FR-RE",)),
        ("+61891621234", {}, ("AU-CC",)),
        ("+687751234", {}, ("NC",)),
        ("+447797712345", {}, ("JE",)),
    ],
)
def test_the_first_source_decides_and_one_that_contradicts_it_is_added(
    number: str, cells: dict[str, str], places: tuple[str, ...]
) -> None:
    assert find(number, **cells) == places


@pytest.mark.parametrize(
    ("rule_place", "place", "holds"),
    [
        ("US", "US-FL", True),
        ("US-FL", "US-FL", True),
        ("US-FL", "US-GA", False),
        ("US-FL", "US", True),  # the state is not known
        ("US", "CA", False),
        ("CA", "CA-ON", True),
    ],
)
def test_rules_of_a_country_hold_in_its_states_and_all_states_where_none_is_known(
    rule_place: str, place: str, holds: bool
) -> None:
    assert jurisdictions.holds_in(rule_place, place) is holds
