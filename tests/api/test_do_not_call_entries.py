"""Opt-outs from elsewhere: scope, source, evidence, expiry, and calls by their id."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from batchcalls.database import clock
from campaigns.models import Campaign, Suppression
from tests.admin.call_rows import make_calls
from tests.api.bodies import pointers
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

LIST = "/api/v1/do-not-call"
NUMBER = "+12025550133"


def test_an_opt_out_keeps_scope_source_evidence_and_expiry(program: Program) -> None:
    campaign = Campaign.objects.create(name="Spring", prompt="Hi.")
    ends = clock.now().replace(microsecond=0) + timedelta(days=30)
    body = {
        "phone_number": NUMBER,
        "campaign": campaign.pk,
        "reason": "Asked by text.",
        "source": "sms",
        "evidence": "https://sms.example.com/7",
        "expires_at": ends.isoformat(),
    }
    assert program.post(LIST, body).json() == {"added": 1, "known": 0, "numbers": [NUMBER]}
    assert program.post(LIST, body).json()["known"] == 1
    told = program.get(f"{LIST}/{NUMBER}").json()
    assert (told["campaign"], told["source"]) == (campaign.pk, "sms")
    assert told["evidence"] == "https://sms.example.com/7"
    assert Suppression.objects.get().expires_at == ends


def test_a_lasting_opt_out_is_added_beside_a_temporary_one(program: Program) -> None:
    soon = (clock.now() + timedelta(hours=1)).isoformat()
    program.post(LIST, {"phone_number": NUMBER, "expires_at": soon})
    assert program.post(LIST, {"phone_number": NUMBER}).json()["added"] == 1
    bans = Suppression.objects.bans_among([NUMBER], now=clock.now() + timedelta(days=1))
    assert bans.on(NUMBER, None)
    assert program.get(f"{LIST}/{NUMBER}").json()["expires_at"] is None


def test_an_opt_out_names_a_call_instead_of_a_number(program: Program, make_batch: Any) -> None:
    [call] = make_calls(make_batch("+12025550190"), 1)
    answer = program.post(LIST, {"call": str(call.call_id), "source": "form"})
    assert answer.json() == {"added": 1, "known": 0, "numbers": [call.to_number]}
    entry = Suppression.objects.get()
    assert (entry.call_id, entry.source) == (call.call_id, "form")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "x"}, "/phone_number"),
        ({"call": "00000000-0000-4000-8000-000000000000"}, "/call"),
        ({"phone_number": NUMBER, "source": "manual"}, "/source"),
        ({"phone_number": NUMBER, "campaign": 999}, "/campaign"),
        ({"phone_number": NUMBER, "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"phone_number": NUMBER, "evidence": "x" * 501}, "/evidence"),
    ],
    ids=str,
)
def test_what_would_have_no_effect_is_refused(
    program: Program, body: dict[str, Any], pointer: str
) -> None:
    answer = program.post(LIST, body)
    assert answer.status_code == 400
    assert pointers(answer) == [pointer]
    assert not Suppression.objects.exists()


def test_a_removal_takes_all_entries_in_force_and_keeps_expired_ones(program: Program) -> None:
    campaign = Campaign.objects.create(name="Spring", prompt="Hi.")
    past = clock.now() - timedelta(days=1)
    Suppression.objects.create(e164=NUMBER)
    Suppression.objects.create(e164=NUMBER, campaign=campaign)
    Suppression.objects.create(e164=NUMBER, expires_at=past)
    assert program.delete(f"{LIST}/{NUMBER}").status_code == 204
    assert Suppression.objects.get().expires_at == past
    assert program.get(f"{LIST}/{NUMBER}").status_code == 200
    assert program.delete(f"{LIST}/{NUMBER}").status_code == 404


def test_a_held_number_is_shown_and_not_removed(program: Program) -> None:
    Suppression.objects.create(e164=NUMBER, is_hold=True)
    assert program.get(f"{LIST}/{NUMBER}").json()["under_review"] is True
    answer = program.delete(f"{LIST}/{NUMBER}")
    assert (answer.status_code, answer.json()["code"]) == (409, "under_review")
    assert Suppression.objects.exists()
