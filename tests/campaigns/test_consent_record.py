"""What the cells of a row about consent record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from campaigns.consent_demands import ConsentKind, Demand, Evidence
from campaigns.consent_record import ConsentCells

TODAY = date(2026, 11, 28)


def recorded(order: str = "", **cells: Any) -> dict[str, str]:
    return ConsentCells(**cells).record(order=order, today=TODAY).to_dict()


@pytest.mark.parametrize(
    ("cell", "kind", "given_on"),
    [
        ("yes", "given", None),
        ("TRUE", "given", None),
        ("[x]", "given", None),
        ("yes (verbal)", "express", None),
        ("Express", "express", None),
        ("PEWC", "express_written", None),
        ("Prior Express Written Consent", "express_written", None),
        ("e-signed", "express_written", None),
        ("written 2024-04-03", "express_written", "2024-04-03"),
        ("Verbal consent given by phone on 2024-01-02", "express", "2024-01-02"),
        ("12/2023", "given", "2023-12-01"),
        ("Dec 2023", "given", "2023-12-01"),
        ("31.01.2026", "given", "2026-01-31"),
        ("opt-in 01/31/2024 10:15 AM", "given", "2024-01-31"),
        ("2026-03-01T10:00:00Z", "given", "2026-03-01"),
        ("1700000000000", "given", "2023-11-14"),
        ("Jan 5, 2024 3:04 PM EST", "given", "2024-01-05"),
        # Nothing is stated.
        ("", None, None),
        ("[ ]", None, None),
        ("N/A", None, None),
        ("unwritten", None, None),
        ("not written", None, None),
        ("on the phone", None, None),
    ],
)
def test_what_a_consent_cell_records(cell: str, kind: str | None, given_on: str | None) -> None:
    found = recorded(consent=cell)
    assert (found.get("kind"), found.get("given_on")) == (kind, given_on)
    assert "unclear" not in found


def test_a_date_that_fits_two_orders_is_read_in_the_order_of_the_list() -> None:
    assert "several ways" in recorded(consent="written 3/4/2024")["unclear"]
    assert recorded("mdy", consent="written 3/4/2024")["given_on"] == "2024-03-04"
    assert recorded("dmy", dated="3/4/2024")["given_on"] == "2024-04-03"


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("2027-01-01", "in the future"),
        ("45292", "a spreadsheet turned into a number"),
        ("last spring", "cannot be read"),
        ("2024-13-45", "cannot be read"),
    ],
)
def test_a_date_that_nobody_can_have_meant_is_unclear(cell: str, why: str) -> None:
    found = recorded(consent="yes", dated=cell)
    assert why in found["unclear"]
    assert "given_on" not in found


@pytest.mark.parametrize("cell", ["0000-00-00", "0000-00-00 00:00:00", "0", "NULL", "none"])
def test_a_date_that_a_database_left_out_is_none(cell: str) -> None:
    assert recorded(consent="yes", dated=cell) == {"kind": "given"}
    assert not ConsentCells(consent="yes", dated=cell).refusing(today=TODAY)


@pytest.mark.parametrize(
    ("cells", "no"),
    [
        ({"consent": "no", "dated": "2024-01-01"}, "no"),
        ({"consent": "FALSE", "kind": "express written"}, "FALSE"),
        ({"consent": "☐", "dated": "2024-01-01"}, "☐"),
        ({"consent": "no 3/4/2024"}, "no 3/4/2024"),
        ({"consent": "yes", "dated": "revoked 2025-01-01"}, "revoked 2025-01-01"),
        ({"consent": "yes", "kind": "withdrawn"}, "withdrawn"),
        ({"kind": "none", "dated": "2024-01-01"}, ""),
        ({"consent": "yes", "source": "no-reply@example.com"}, ""),
    ],
)
def test_a_no_holds_whatever_stands_beside_it(cells: dict[str, str], no: str) -> None:
    assert ConsentCells(**cells).refusing(today=TODAY) == no


def test_a_date_stands_for_consent_unless_a_consent_cell_is_left_blank() -> None:
    assert recorded(dated="2024-01-01") == {"kind": "given", "given_on": "2024-01-01"}
    assert recorded(consent="", dated="2024-01-01") == {"given_on": "2024-01-01"}
    assert recorded(consent="", kind="written")["kind"] == "express_written"
    assert recorded(source="Web form", evidence=["https://cert.example"]) == {
        "source": "Web form",
        "evidence": "https://cert.example",
    }


def test_of_two_kinds_the_lower_counts_and_an_unknown_one_adds_nothing() -> None:
    assert recorded(consent="verbal", kind="written")["kind"] == "express"
    assert recorded(consent="yes", kind="implied") == {"kind": "given"}
    # Nobody agreed by being a customer.
    found = recorded(kind="existing customer", dated="2024-01-01")
    assert "kind" not in found
    assert "is not a kind of consent" in found["unclear"]


def test_evidence_is_kept_as_it_is() -> None:
    long = "=HYPERLINK(" + "https://cert.trustedform.com/" + "a" * 2_000
    assert recorded(consent="yes", evidence=[long, "N/A", "B"])["evidence"] == f"{long} B"


@pytest.mark.parametrize(
    ("demand", "evidence", "code"),
    [
        ({}, {}, "no_consent"),
        ({}, {"kind": ConsentKind.GIVEN}, ""),
        ({}, {"kind": ConsentKind.GIVEN, "unclear": "it is odd."}, "consent_unclear"),
        ({"at_least": ConsentKind.EXPRESS}, {"kind": ConsentKind.GIVEN}, "consent_not_express"),
        ({"at_least": ConsentKind.EXPRESS}, {"kind": ConsentKind.EXPRESS_WRITTEN}, ""),
        (
            {"at_least": ConsentKind.EXPRESS_WRITTEN},
            {"kind": ConsentKind.EXPRESS},
            "consent_not_written",
        ),
        ({"longest": timedelta(days=365)}, {"kind": ConsentKind.GIVEN}, "consent_undated"),
        (
            {"longest": timedelta(days=365)},
            {"kind": ConsentKind.GIVEN, "given_on": date(2025, 11, 28)},
            "",
        ),
        (
            {"longest": timedelta(days=365)},
            {"kind": ConsentKind.GIVEN, "given_on": date(2025, 11, 27)},
            "consent_too_old",
        ),
    ],
)
def test_what_a_record_lacks_for_a_demand(
    demand: dict[str, Any], evidence: dict[str, Any], code: str
) -> None:
    lack = Demand(said_by="The law", **demand).lack(Evidence(**evidence), today=TODAY)
    assert (lack.code if lack else "") == code
    assert lack is None or lack.message.startswith("The law requires ")


def test_a_record_is_stored_and_read_again() -> None:
    full = Evidence(
        kind=ConsentKind.EXPRESS,
        given_on=date(2026, 1, 31),
        source="Web form",
        evidence="https://cert.example",
        unclear="it is odd.",
    )
    assert Evidence.from_dict(full.to_dict()) == full
    assert Evidence().to_dict() == {}
    assert str(full) == "express consent of 2026-01-31, Web form"


NULL_DATES = [
    *("0000-00-00", "0001-01-01T00:00:00", "1753-01-01", "1/1/1900", "01.01.1970 00:00"),
    *("1900-01-01 00:00:00.000", "1970-01-01T00:00:00Z", "1/1/1753 12:00:00 AM"),
]


@pytest.mark.parametrize("dated", NULL_DATES)
def test_the_date_that_a_database_writes_for_none_is_no_consent(dated: str) -> None:
    assert recorded(dated=dated) == {}
    assert recorded(consent="yes", dated=dated) == {"kind": "given"}


@pytest.mark.parametrize("cell", ["1900-01-01", "0001-01-01"])
def test_it_is_unclear_as_the_only_thing_that_a_consent_cell_says(cell: str) -> None:
    assert "what databases write for no date" in recorded(consent=cell)["unclear"]
    assert Demand(said_by="P").lack(
        ConsentCells(consent=cell).record(order="", today=TODAY), today=TODAY
    )
