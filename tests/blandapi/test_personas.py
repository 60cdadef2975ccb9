"""Calls that a persona or an agent leads, without a prompt or pathway."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from batchcalls.calling import call_requests
from batchcalls.drafting import copying
from batchcalls.models import Batch, CallResult
from batchcalls.voice.base import CallRequest
from campaigns.models import Campaign
from tests.blandapi.conftest import BUSY, HUMAN, NOBODY, Carry, Program

PERSONA, AGENT = "d0b593d4-75de-45f3-92ab-919bafd0b3d1", "0e1b2c3d-4e5f-6789-abcd-ef0123456789"


def requests_of(batch: Batch) -> dict[str, CallRequest]:
    """Return what the provider receives for each number."""
    return {
        row.e164: call_requests.build(
            batch,
            row,
            CallResult(
                batch=batch,
                recipient=row,
                attempt=1,
                to_number=row.e164,
                claimed_at=timezone.now(),
            ),
        )
        for row in batch.recipients.all()
    }


@pytest.mark.parametrize("preset", [{"persona_id": PERSONA}, {"agent_id": AGENT}])
@pytest.mark.parametrize("shape", ["call", "global", "call_data"])
def test_a_persona_or_agent_leads_calls_alone_to_their_end(
    preset: dict[str, str], shape: str, program: Program, carry: Carry, admin_client: Client
) -> None:
    number = {"phone_number": HUMAN}
    path, body = {
        "call": ("/v1/calls", {**number, **preset}),
        "global": ("/v2/batches/create", {"global": preset, "call_objects": [number]}),
        "call_data": ("/v1/batches", {"label": "Roofs", "call_data": [{**number, **preset}]}),
    }[shape]

    batch = carry(program.post(path, body))

    assert (batch.prompt, batch.pathway_id, batch.status) == ("", "", "completed")
    # What all rows have in common, the batch has.
    assert (batch.call_settings, batch.recipients.get().call_settings) == (preset, {})
    asked = requests_of(batch)[HUMAN]
    assert (asked.prompt, asked.pathway_id, dict(asked.settings)) == ("", "", preset)
    call = CallResult.objects.get()
    assert call.transcript
    [(name, value)] = preset.items()
    assert program.get(f"/v1/calls/{call.call_id}").json()[name] == value
    led_by = f"{name.removesuffix('_id').capitalize()} {value}"
    for page in (f"batch/{batch.pk}/change/", f"callresult/{call.pk}/change/"):
        assert led_by in admin_client.get(f"/batchcalls/{page}").content.decode(), page
    if batch.single_call_id is None:
        assert batch.dry_run["prompts"][0]["text"] == led_by
        assert copying.clone(batch, with_list=True).call_settings == preset
        assert copying.place_test_call(batch, number=NOBODY).call_settings == preset


def test_each_row_keeps_what_leads_its_own_call(program: Program, carry: Carry) -> None:
    rows = [
        {"phone_number": HUMAN, "persona_id": PERSONA},
        {"phone_number": NOBODY, "task": "Say hello."},
        {"phone_number": BUSY, "pathway_id": "pw-1", "pathway_version": 2},
    ]

    batch = carry(program.post("/v2/batches/create", {"call_objects": rows}))

    asked = requests_of(batch)
    assert (asked[HUMAN].prompt, asked[HUMAN].settings) == ("", {"persona_id": PERSONA})
    assert (asked[NOBODY].prompt, asked[NOBODY].settings) == ("Say hello.", {})
    assert (asked[BUSY].pathway_id, asked[BUSY].pathway_version) == ("pw-1", "2")
    assert not batch.conversation.is_led


def test_an_agent_of_a_row_replaces_the_pathway_and_a_persona_is_added_to_a_prompt(
    program: Program, carry: Carry
) -> None:
    body: dict[str, Any] = {
        "global": {"task": "Say hello."},
        "call_objects": [
            {"phone_number": HUMAN, "persona_id": PERSONA},
            {"phone_number": NOBODY, "agent_id": AGENT},
        ],
    }
    asked = requests_of(carry(program.post("/v2/batches/create", body)))
    assert (asked[HUMAN].prompt, asked[HUMAN].settings) == ("Say hello.", {"persona_id": PERSONA})

    body["global"] = {"pathway_id": "pw-1", "persona_id": PERSONA}
    asked = requests_of(carry(program.post("/v2/batches/create", body)))
    assert (asked[NOBODY].pathway_id, asked[NOBODY].settings) == ("", {"agent_id": AGENT})
    assert (asked[HUMAN].pathway_id, asked[HUMAN].settings) == ("pw-1", {"persona_id": PERSONA})


def test_a_persona_that_is_a_campaign_here_is_that_campaign(program: Program) -> None:
    campaign = Campaign.objects.create(
        name="Roofing", prompt="Ask about the roof.", call_settings={"voice": "June"}
    )
    Campaign.objects.create(name=AGENT, call_settings={"persona_id": "of-the-provider"})
    for value in ("Roofing", str(campaign.pk)):
        answer = program.post("/v1/calls", {"phone_number": HUMAN, "persona_id": value})
        batch = Batch.objects.get(single_call_id=answer.json()["call_id"])
        assert (batch.campaign, batch.prompt) == (campaign, "Ask about the roof.")
        assert batch.call_settings == {"voice": "June"}
    answer = program.post("/v1/calls", {"phone_number": HUMAN, "agent_id": AGENT})
    batch = Batch.objects.get(single_call_id=answer.json()["call_id"])
    assert batch.call_settings == {"persona_id": "of-the-provider"}

    rows = [{"phone_number": HUMAN, "persona_id": "p-1"}]
    rows.append({"phone_number": NOBODY, "persona_id": "Roofing"})
    refused = program.post("/v1/batches", {"call_data": [*rows, rows[0]]})
    assert refused.status_code == 400
    assert refused.json()["message"].startswith("Entry #2: “Roofing” is a campaign of this site")


def test_who_may_use_no_campaigns_passes_the_persona_on(make_program: Any) -> None:
    Campaign.objects.create(name="Roofing", prompt="Ask about the roof.")
    program = make_program("Integrators")
    program.key.owner.groups.clear()
    for name in ("add_batch", "launch_batch", "set_conversation"):
        program.key.owner.user_permissions.add(Permission.objects.get(codename=name))
    answer = program.post("/v1/calls", {"phone_number": HUMAN, "persona_id": "Roofing"})
    assert answer.status_code == 200, answer.json()
    assert Batch.objects.get().call_settings == {"persona_id": "Roofing"}
