"""Rules that a program chooses for a batch whose campaign has none."""

from __future__ import annotations

import json
from datetime import time
from typing import Any

import pytest

from batchcalls.drafting.chosen_rules import ChosenRules
from batchcalls.models import Batch
from campaigns.models import CallingPolicy, CallingWindow, Campaign
from tests.api.bodies import BATCHES, batch_of, body, form, pointers
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

OWN = {
    "opens_at": "09:30",
    "closes_at": "00:00",
    "weekdays": [4, 0],
    "retries": [{"outcome": "no_answer", "max_retries": 2, "wait_seconds": 2700}],
}


@pytest.fixture
def policy() -> CallingPolicy:
    policy = CallingPolicy.objects.create(name="Office", attempts_7d=2)
    CallingWindow.objects.create(policy=policy, weekday=0, opens_at=time(9), closes_at=time(17))
    return policy


def test_a_batch_has_a_saved_policy_or_hours_and_retries_of_its_own(
    program: Program, policy: CallingPolicy
) -> None:
    saved = batch_of(program.post(BATCHES, body(rules={"policy": policy.pk})))
    assert saved.policy == policy.to_dict(saved.purpose)  # type: ignore[arg-type]
    own = batch_of(program.post(BATCHES, body(rules=OWN)))
    assert own.calling_hours.windows == (((570, 1440),), (), (), (), ((570, 1440),), (), ())
    [rule] = own.retry_policy.rules
    assert (rule.outcome, rule.all_waits) == ("no_answer", (2700, 2700))
    # A form has the object as text.
    uploaded = program.upload(BATCHES, form(prompt="Hello.", rules=json.dumps(OWN)))
    assert batch_of(uploaded).policy == own.policy


def test_rules_stay_until_a_change_names_them(program: Program, policy: CallingPolicy) -> None:
    batch = batch_of(program.post(BATCHES, body(rules=OWN)))
    place = f"{BATCHES}/{batch.pk}"
    seen = []
    for sent in ({"cps": 2}, {"rules": {"policy": policy.pk}}, {"cps": 3}, {"rules": None}):
        answer = program.patch(place, sent)
        assert answer.status_code == 200, answer.json()
        seen.append(program.get(f"{place}/settings").json()["policy"].get("name"))
    assert seen == ["Hours and retries of this batch", "Office", "Office", None]


def test_a_campaign_s_policy_takes_the_place_of_rules_that_were_chosen_before(
    program: Program, policy: CallingPolicy
) -> None:
    campaign = Campaign.objects.create(name="Spring", prompt="Call {{name}}.", policy=policy)
    batch = batch_of(program.post(BATCHES, body(rules=OWN)))
    answer = program.patch(f"{BATCHES}/{batch.pk}", {"campaign": campaign.pk})
    assert answer.status_code == 200, answer.json()
    batch.refresh_from_db()
    assert batch.policy["name"] == "Office"
    assert ChosenRules.of(batch) == ChosenRules()


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ({"opens_at": "09:00"}, "/rules/closes_at"),
        ({"opens_at": "19:00", "closes_at": "09:00"}, "/rules/closes_at"),
        ({"policy": "POLICY", "weekdays": [1]}, "/rules/policy"),
        ({"policy": 999_999}, "/rules/policy"),
        ({"weekdays": [7]}, "/rules/weekdays/0"),
        ({"retries": [{"outcome": "busy", "max_retries": 1}]}, "/rules/retries/0/wait_seconds"),
        (
            {"retries": [{"outcome": "busy", "max_retries": 1, "wait_seconds": 90}]},
            "/rules/retries/0/wait_seconds",
        ),
        (
            {"retries": 2 * [{"outcome": "busy", "max_retries": 1, "wait_seconds": 60}]},
            "/rules/retries",
        ),
        ({"hours": "9-17"}, "/rules/hours"),
        ("always", "/rules"),
        ({"weekdays": [1], "CAMPAIGN": True}, "/rules"),
    ],
)
def test_rules_that_cannot_hold_are_refused_at_their_place(
    program: Program, policy: CallingPolicy, rules: Any, place: str
) -> None:
    request = body()
    if isinstance(rules, dict):
        rules = {name: policy.pk if one == "POLICY" else one for name, one in rules.items()}
        if rules.pop("CAMPAIGN", False):
            campaign = Campaign.objects.create(name="Spring", prompt="Hi.", policy=policy)
            request["campaign"] = campaign.pk
    answer = program.post(BATCHES, {**request, "rules": rules})
    assert (answer.status_code, pointers(answer)) == (400, [place])
    assert not Batch.objects.exists()
