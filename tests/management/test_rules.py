"""The command that says what the rules hold for a number."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("rules", *arguments, stdout=out)
    except SystemExit as ended:
        return out.getvalue(), int(str(ended.code))
    return out.getvalue(), 0


def test_it_names_the_places_the_rules_and_the_consent_needed() -> None:
    text, status = run("+13052345678", "--at", "2026-12-06T10:00-05:00")
    assert status == 0
    assert text.startswith("+13052345678, in Florida, Marketing\n")
    assert "Rule packs: us 2026-11-27: United States 08:00–21:00; Florida 08:00–20:00" in text
    assert "Frequency caps: 0 of 3 calls in 24 hours (us 2026-11-27: Florida" in text
    assert "requires express written consent." in text
    assert text.endswith("Allowed.\n")


def test_a_number_that_may_not_be_called_exits_with_3_and_the_next_opening() -> None:
    text, status = run("+13052345678", "--at", "2026-12-06T20:30-05:00")
    assert status == 3
    assert text.endswith("The rules allow it from 2026-12-07 13:00 UTC.\n")


def test_purpose_postcode_and_state_matter() -> None:
    at = ["--at", "2026-12-06T20:30-05:00"]
    assert run("+14042345678", *at)[1] == 0
    assert run("+14042345678", *at, "--postcode", "33101")[1] == 3
    assert run("+14042345678", *at, "--state", "FL")[1] == 3
    assert run("+13052345678", *at, "--purpose", "informational")[1] == 0


def test_a_number_of_a_kind_that_accounts_must_name_says_so() -> None:
    text, status = run("+881612345678", "--at", "2026-12-06T10:00-05:00")
    assert status == 3
    assert "Satellite" in text or "satellite" in text
    assert text.endswith("There is no time at which the rules allow it.\n")


@pytest.mark.parametrize("arguments", [("12",), ("+13052345678", "--at", "noon")])
def test_what_cannot_be_read_is_an_error(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
