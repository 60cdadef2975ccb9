"""Rule packs, and what the rules say about a number."""

from __future__ import annotations

from typing import Any

import pytest

from batchcalls.batches import rule_switches
from campaigns.rules import packs
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

FLORIDA = "%2B13052345678"


def check(program: Program, query: str) -> Any:
    return program.get(f"/api/v1/rules/check?{query}")


def test_every_pack_and_entry_is_listed_with_its_switch(program: Program) -> None:
    rule_switches.switch_off("us/florida", reason="We are exempt.")
    found = program.get("/api/v1/rules").json()["packs"]
    assert {pack["code"]: pack["version"] for pack in found} == packs.versions()
    states = {
        f"{pack['code']}/{entry['id']}": entry["switched_off"]
        for pack in found
        for entry in pack["entries"]
    }
    assert [key for key, is_off in states.items() if is_off] == ["us/florida"]
    assert len(states) == sum(len(pack.entries) for pack in packs.packs().values())


def test_a_number_is_checked(program: Program) -> None:
    found = check(program, f"number={FLORIDA}&at=2026-12-07T01:30:00Z").json()
    assert (found["phone_number"], found["purpose"], found["places"]) == (
        "+13052345678",
        "marketing",
        ["US-FL"],
    )
    assert found["time_zones"] == ["America/New_York"]
    assert (found["allowed"], found["opens_at"]) == (False, "2026-12-07T13:00:00.000Z")
    assert found["rules"][-1]["rule"] == "rule_packs"
    assert "express written consent" in found["consent"][0]


def test_purpose_and_postcode_matter(program: Program) -> None:
    informational = f"number={FLORIDA}&at=2026-12-07T01:30:00Z&purpose=informational"
    assert check(program, informational).json()["allowed"] is True
    moved = check(program, f"number={FLORIDA}&at=2026-12-07T01:30:00Z&postcode=10001").json()
    assert moved["places"] == ["US-NY", "US-FL"]


@pytest.mark.parametrize(
    ("query", "member"),
    [
        ("", "number"),
        ("number=12", "number"),
        (f"number={FLORIDA}&at=noon", "at"),
        (f"number={FLORIDA}&at=0001-01-01T00:00:00Z", "at"),
        (f"number={FLORIDA}&purpose=debt", "purpose"),
        (f"number={FLORIDA}&zip=1", "zip"),
    ],
)
def test_what_cannot_be_checked_names_the_parameter(
    program: Program, query: str, member: str
) -> None:
    answer = check(program, query)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{member}"]
