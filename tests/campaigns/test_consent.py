"""A cell of a consent column."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.consent import Consent, read


@pytest.mark.parametrize(
    ("cell", "consent"),
    [
        ("yes", Consent.GIVEN),
        (" YES ", Consent.GIVEN),
        ("1", Consent.GIVEN),
        ("Opt-In", Consent.GIVEN),
        ("2026-01-31", Consent.GIVEN),
        ("2026-03-01T10:00:00Z", Consent.GIVEN),
        ("2026-03-02", Consent.UNCLEAR),  # to come
        ("no", Consent.REFUSED),
        ("FALSE", Consent.REFUSED),
        ("opted  out", Consent.REFUSED),
        ("", Consent.NOT_STATED),
        ("  ", Consent.NOT_STATED),
        ("maybe", Consent.UNCLEAR),
        ("31.01.2026", Consent.UNCLEAR),
        ("yes, but not on Mondays", Consent.UNCLEAR),
    ],
)
def test_what_a_cell_says(cell: str, consent: Consent) -> None:
    assert read(cell, today=date(2026, 3, 1)) == consent
