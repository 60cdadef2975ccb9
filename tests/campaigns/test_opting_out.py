"""Outcomes opt out whatever they are called."""

from __future__ import annotations

import pytest

from campaigns.opting_out import MOST_OUTCOMES, opts_out, outcomes_in


@pytest.mark.parametrize(
    "outcome",
    [
        *("DO_NOT_CONTACT", "do_not_call", "Do Not Contact", "do-not-call", "DoNotCall", "dnc"),
        *("D.N.C.", "Opted out", "opt-out", "Unsubscribe", "Don’t call", "remove from list"),
        *("DNC requested", "Added to DNC", "do_not_call_request", "Remove me", "STOP"),
    ],
)
def test_an_outcome_opts_out_however_it_is_written(outcome: str) -> None:
    assert opts_out(outcome)


@pytest.mark.parametrize("outcome", ["", "NOT_INTERESTED", "CALL_BACK", "_", "Contact", "Do"])
def test_other_outcomes_do_not_opt_out(outcome: str) -> None:
    assert not opts_out(outcome)
    assert not opts_out(outcome, ["Lost for good"])


def test_a_campaign_chooses_further_outcomes() -> None:
    chosen = outcomes_in("Lost for good\nWRONG_NUMBER, lost-for-good\n")
    assert chosen == ["Lost for good", "WRONG_NUMBER"]
    assert opts_out("LOST_FOR_GOOD", chosen)
    assert opts_out("wrong number", chosen)
    assert not opts_out("INTERESTED", chosen)
    assert opts_out("Kein Anruf!", ["KEIN_ANRUF"])


@pytest.mark.parametrize("text", ["--", "x" * 101, "\n".join(map(str, range(MOST_OUTCOMES + 1)))])
def test_what_is_no_list_of_outcomes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outcome"):
        outcomes_in(text)
