"""Campaigns, policies, the do-not-call list, accounts, and who asks."""

from __future__ import annotations

import hashlib
import json
from datetime import date, time
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.admin.models import LogEntry

from batchcalls.database import clock
from batchcalls.models import Scope, VoiceAccount
from campaigns.models import (
    BlackoutDate,
    CallingPolicy,
    CallingWindow,
    Campaign,
    Pathway,
    PolicyRetryRule,
    Suppression,
    Tool,
)
from tests.api.conftest import MakeProgram, Program

pytestmark = pytest.mark.django_db

CAMPAIGNS, LIST = "/api/v1/campaigns", "/api/v1/do-not-call"
NUMBER, OTHER = "+12025550133", "+12025550134"


def campaign(**fields: Any) -> dict[str, Any]:
    return {"name": "Reminder", "prompt": "Call {{name}}.", **fields}


def pointers(answer: Any) -> list[str]:
    return [one["pointer"] for one in answer.json()["errors"]]


class TestCampaigns:
    def test_a_campaign_is_made_changed_and_deleted(self, program: Program) -> None:
        tool = Tool.objects.create(name="Calendar", reference="TL-1")
        policy = CallingPolicy.objects.create(name="Office hours")
        answer = program.post(
            CAMPAIGNS,
            campaign(tools=[tool.pk], policy=policy.pk, call_settings={"voice": "June"}),
        )
        assert answer.status_code == 201, answer.json()
        place = answer["Location"]
        assert program.get(place).json() == answer.json()
        told = program.patch(place, {"call_settings": {"max_duration": "5"}}).json()
        assert told["call_settings"] == {"voice": "June", "max_duration": 5}
        assert (told["tools"], told["prompt"]) == ([tool.pk], "Call {{name}}.")
        stored = Campaign.objects.get()
        assert stored.created_by == program.key.owner
        assert program.delete(place).status_code == 204
        assert not Campaign.objects.exists()

    def test_a_pathway_takes_the_place_of_a_prompt(self, program: Program) -> None:
        pathway = Pathway.objects.create(name="Survey", pathway_id="pw-1")
        place = program.post(CAMPAIGNS, campaign())["Location"]
        answer = program.patch(place, {"pathway": pathway.pk})
        assert answer.status_code == 400
        assert "a prompt or a pathway" in answer.json()["detail"]
        assert program.patch(place, {"pathway": pathway.pk, "prompt": ""}).status_code == 200
        answer = program.delete(f"/api/v1/pathways/{pathway.pk}")
        assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
        assert "campaign" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"prompt": "", "pathway": None}, [""]),
            ({"prompt": "Hi {{"}, ["/prompt"]),
            ({"name": ""}, ["/name"]),
            ({"purpose": "fun"}, ["/purpose"]),
            ({"policy": 9}, ["/policy"]),
            ({"tools": [9]}, ["/tools"]),
            ({"voice": "June"}, ["/voice"]),
            (
                {"call_settings": {"voicee": "June", "max_duration": "long"}},
                ["/call_settings/voicee", "/call_settings/max_duration"],
            ),
        ],
        ids=str,
    )
    def test_what_is_wrong_is_pointed_at(
        self, program: Program, fields: dict[str, Any], expected: list[str]
    ) -> None:
        answer = program.post(CAMPAIGNS, campaign(**fields))
        assert answer.status_code == 400
        assert pointers(answer) == expected
        assert not Campaign.objects.exists()

    def test_a_name_is_given_once(self, program: Program) -> None:
        program.post(CAMPAIGNS, campaign())
        assert pointers(program.post(CAMPAIGNS, campaign())) == ["/name"]

    def test_policies_are_read_with_their_rules(self, program: Program) -> None:
        policy = CallingPolicy.objects.create(name="Office hours")
        CallingWindow.objects.create(policy=policy, weekday=0, opens_at=time(9), closes_at=time(17))
        BlackoutDate.objects.create(policy=policy, date=date(2026, 12, 25), reason="Christmas")
        PolicyRetryRule.objects.create(
            policy=policy, outcome="busy", max_retries=2, wait_seconds=600
        )
        [told] = program.get("/api/v1/policies").json()["results"]
        assert told["calling_windows"] == [
            {"weekday": 0, "opens_at": "09:00:00", "closes_at": "17:00:00"}
        ]
        assert told["blackout_dates"] == [{"date": "2026-12-25", "reason": "Christmas"}]
        assert told["retry_rules"] == [
            {"outcome": "busy", "max_retries": 2, "wait_seconds": 600, "waits": []}
        ]
        assert told["calling_hours_restricted"] is True
        assert program.get(f"/api/v1/policies/{policy.pk}").json() == told


class TestDoNotCall:
    def test_a_hash_is_added_read_and_removed(self, program: Program) -> None:
        digest = hashlib.sha256(NUMBER.encode()).hexdigest()
        answer = program.post(LIST, {"phone_number": digest.upper(), "reason": "Broker."})
        assert answer.json() == {"added": 1, "known": 0, "numbers": [f"sha256:{digest}"]}
        assert Suppression.objects.bans_among([NUMBER], now=clock.now()).on(NUMBER, None)
        assert program.get(f"{LIST}/{digest}").json()["phone_number"] == f"sha256:{digest}"
        assert program.delete(f"{LIST}/sha256:{digest}").status_code == 204

    def test_one_number_is_added_however_it_is_written(self, program: Program) -> None:
        answer = program.post(LIST, {"phone_number": "(202) 555-0133", "reason": "Asked."})
        assert answer.status_code == 200, answer.json()
        assert answer.json() == {"added": 1, "known": 0, "numbers": [NUMBER]}
        entry = Suppression.objects.get()
        assert (entry.e164, entry.reason, entry.source) == (NUMBER, "Asked.", "api")
        assert entry.created_by == program.key.owner

    def test_many_are_added_and_those_that_are_known_stay(self, program: Program) -> None:
        Suppression.objects.create(e164=NUMBER, reason="First.")
        sent = [
            {"phone_number": NUMBER, "reason": "Second."},
            {"phone_number": OTHER},
            {"phone_number": OTHER, "reason": "Twice."},
        ]
        told = program.post(LIST, sent).json()
        assert told == {"added": 1, "known": 1, "numbers": [NUMBER, OTHER, OTHER]}
        assert dict(Suppression.objects.values_list("e164", "reason")) == {
            NUMBER: "First.",
            OTHER: "",
        }
        assert program.post(LIST, sent).json()["added"] == 0

    @pytest.mark.parametrize(
        ("sent", "expected"),
        [
            ([{"phone_number": NUMBER}, {"phone_number": "12"}], ["/1/phone_number"]),
            ([{"phone_number": NUMBER, "why": "x"}], ["/0/why"]),
            ({}, ["/phone_number"]),
            ("x", [""]),
            ([5], ["/0"]),
        ],
        ids=str,
    )
    def test_what_is_no_number_keeps_all_back(
        self, program: Program, sent: Any, expected: list[str]
    ) -> None:
        answer = program.post(LIST, json.dumps(sent))
        assert answer.status_code == 400
        assert pointers(answer) == expected
        assert not Suppression.objects.exists()

    def test_a_number_is_looked_up_and_taken_off(self, program: Program) -> None:
        Suppression.objects.create(e164=NUMBER, reason="Asked.")
        for written in (NUMBER, "12025550133", "(202) 555-0133", "%2B12025550133"):
            told = program.get(f"{LIST}/{quote(written, safe='%')}").json()
            assert told["phone_number"] == NUMBER
        assert program.get(f"{LIST}/{OTHER}").status_code == 404
        assert program.get(f"{LIST}/nobody").status_code == 404
        assert program.delete(f"{LIST}/{NUMBER}").status_code == 204
        assert not Suppression.objects.exists()
        entry = LogEntry.objects.get()
        assert entry.user == program.key.owner
        assert "Asked." in entry.change_message
        assert program.delete(f"{LIST}/{NUMBER}").status_code == 404

    def test_nobody_is_nobody(self, program: Program) -> None:
        assert program.post(LIST, []).json() == {"added": 0, "known": 0, "numbers": []}

    def test_the_list_is_narrowed(self, program: Program) -> None:
        Suppression.objects.create(e164=NUMBER, reason="Asked.")
        Suppression.objects.create(e164=OTHER, source="call")

        def numbers(query: str) -> list[str]:
            rows = program.get(f"{LIST}?{query}").json()["results"]
            return [one["phone_number"] for one in rows]

        assert numbers("") == [OTHER, NUMBER]
        assert numbers("number=0134") == [OTHER]
        assert numbers("reason=ask") == [NUMBER]
        assert numbers("source=call") == [OTHER]


class TestAccounts:
    def test_accounts_are_read_without_options(self, program: Program) -> None:
        account = VoiceAccount.objects.built_in()
        [told] = program.get("/api/v1/accounts").json()["results"]
        assert (told["name"], told["live_calls"], told["dials_people"]) == ("simulator", 0, False)
        assert "options" not in told
        assert program.get(f"/api/v1/accounts/{account.pk}").json() == told
        assert program.post("/api/v1/accounts", {}).status_code == 405


class TestMe:
    def test_any_key_learns_who_it_is(self, make_program: MakeProgram, settings: Any) -> None:
        settings.API_REQUESTS_PER_MINUTE = 77
        program = make_program("Viewers", scopes=[Scope.ACCOUNTS_READ])
        told = program.get("/api/v1/me").json()
        assert told["scopes"] == ["accounts:read"]
        assert told["owner"] == program.key.owner.username
        assert told["limits"]["requests_per_minute"] == 77


def test_integrators_do_by_api_what_it_offers(make_program: MakeProgram) -> None:
    program = make_program("Integrators")
    pathway = program.post("/api/v1/pathways", {"name": "Survey", "pathway_id": "pw-1"})
    made = [
        pathway,
        program.post("/api/v1/tools", {"name": "Calendar", "reference": "TL-1"}),
        program.post(CAMPAIGNS, campaign()),
        program.post(LIST, {"phone_number": NUMBER}),
    ]
    assert [one.status_code for one in made] == [201, 201, 201, 200]
    for path in ("accounts", "policies", "calls", "batches", "do-not-call"):
        assert program.get(f"/api/v1/{path}").status_code == 200
    assert program.delete(f"{LIST}/{NUMBER}").status_code == 204
