"""``POST /v1/calls``: what is taken, how it is understood, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from batchcalls.batches import halts
from batchcalls.models import Batch, CallResult, EmergencyStop, VoiceAccount
from campaigns.models import CallingPolicy, Campaign, Suppression
from tests.blandapi.conftest import CALL, HUMAN, Carry, Program


def sent(program: Program, **changes: Any) -> Batch:
    """Send a call and return its batch."""
    answer = program.post("/v1/calls", {**CALL, **changes})
    assert answer.status_code == 200, answer.json()
    return Batch.objects.get(single_call_id=answer.json()["call_id"])


def refused(program: Program, **changes: Any) -> list[str]:
    """Send a call that is refused; return the sentences."""
    body = {name: value for name, value in {**CALL, **changes}.items() if value != "absent"}
    answer = program.post("/v1/calls", body)
    assert answer.status_code == 400, answer.json()
    assert answer.json()["status"] == "error"
    assert not Batch.objects.exists()
    return [one["message"] for one in answer.json()["errors"]]


def test_a_call_is_a_batch_of_one_under_the_id_that_was_told(
    program: Program, carry: Carry
) -> None:
    answer = program.post("/v1/calls", CALL)

    told = answer.json()
    assert (told["status"], told["message"]) == ("success", "Call successfully queued.")
    assert told["batch_id"] is None
    batch = carry(answer)
    [call] = CallResult.objects.all()
    assert (str(call.call_id), call.batch, call.to_number) == (told["call_id"], batch, HUMAN)
    assert batch.created_by == program.key.owner
    assert batch.name == f"Call to {HUMAN}"


@pytest.mark.parametrize("ending", ["95", "96", "99"])
def test_the_id_that_was_told_stays_whatever_happens_to_the_first_try(
    ending: str, program: Program, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Throttled twice; the answer lost; the answer lost and no call there, so placed again."""
    monkeypatch.setattr("batchcalls.calling.recording.FIRST_LOOKUP_SECONDS", 0.0)
    answer = program.post("/v1/calls", {**CALL, "phone_number": f"+120255501{ending}"})

    assert carry(answer).status == "completed"
    told = answer.json()["call_id"]
    call = program.get(f"/v1/calls/{told}").json()
    assert (call["call_id"], call["status"], call["variables"]["call_id"]) == (
        *(told, "completed", told),
    )
    assert [one["call_id"] for one in program.get("/v1/calls").json()["calls"]] == [told]


@pytest.mark.parametrize(
    "number",
    [
        *("2025550190", "+1 (202) 555-0190", "+1 202 555 0190", "202-555-0190", "(202) 555-0190"),
        *("12025550190", "+12025550190", 2025550190, " +12025550190 "),
    ],
)
def test_numbers_are_taken_as_clients_write_them(number: Any, program: Program) -> None:
    batch = sent(program, phone_number=number)

    [row] = batch.recipients.all()
    assert row.e164 == HUMAN


def test_bare_numbers_are_american_wherever_the_installation_is(
    program: Program, settings: Any
) -> None:
    settings.DEFAULT_REGION = "GB"

    [row] = sent(program, phone_number="2025550190").recipients.all()
    assert row.e164 == HUMAN


@pytest.mark.parametrize("number", ["12", "call me", "+1 202 555 0190 x3", "911"])
def test_a_number_that_cannot_be_called_is_refused_at_once(number: str, program: Program) -> None:
    [sentence] = refused(program, phone_number=number)

    assert sentence.startswith("Invalid phone number: ")


@pytest.mark.parametrize(
    ("given", "zone", "meant"),
    [
        ("2099-01-01 12:00:00 -05:00", None, datetime(2099, 1, 1, 17, tzinfo=UTC)),
        ("2099-01-01 12:00:00-05:00", None, datetime(2099, 1, 1, 17, tzinfo=UTC)),
        ("2099-01-01 1:00:00-05:00", None, datetime(2099, 1, 1, 6, tzinfo=UTC)),
        ("2099-03-15T09:00:00-05:00", None, datetime(2099, 3, 15, 14, tzinfo=UTC)),
        ("2099-01-01 12:00:00", None, datetime(2099, 1, 1, 12, tzinfo=UTC)),
        ("2099-01-01 12:00:00", "America/New_York", datetime(2099, 1, 1, 17, tzinfo=UTC)),
    ],
)
def test_start_times_are_read_as_they_are_documented(
    given: str, zone: str | None, meant: datetime, program: Program
) -> None:
    assert sent(program, start_time=given, timezone=zone).start_at == meant


def test_a_start_time_in_the_past_means_now(program: Program, carry: Carry) -> None:
    answer = program.post("/v1/calls", {**CALL, "start_time": "2021-01-01 12:00:00 -05:00"})

    assert carry(answer).status == "completed"


def test_whatever_is_wrong_is_named_at_once(program: Program) -> None:
    assert refused(program, phone_number="absent", task="absent") == [
        "Missing required parameter: phone_number.",
        "Missing required parameter: task (or pathway_id, persona_id, or agent_id).",
    ]
    found = refused(program, max_duration="long", webhook="ftp://x", start_time="soon")
    assert [one.split()[0] for one in found] == ["max_duration", "webhook", "start_time"]


def test_a_variable_without_a_value_is_refused(program: Program) -> None:
    [sentence] = refused(program, task="Hello {{name}}", request_data={"nam": "x"})
    assert "name" in sentence
    [sentence] = refused(program, task="Hello {{name}}", request_data={"name": ""})
    assert "{{name}}" in sentence


def test_variables_metadata_and_settings_reach_the_call(program: Program, carry: Carry) -> None:
    answer = program.post(
        "/v1/calls",
        {
            **CALL,
            "request_data": {"name": "Ada", "age": 36},
            "metadata": {"order": "A-17", "tags": ["x"]},
            "voice_id": 7,
            "max_duration": "5",
            "voicemail_message": "Call us.",
            "available_tags": ["YES", "NO"],
            "block_interruptions": True,
            "from": "+12025550101",
        },
    )

    batch = carry(answer)
    details = program.get(f"/v1/calls/{answer.json()['call_id']}").json()
    assert details["request_data"] == {"name": "Ada", "age": "36"}
    assert details["metadata"] == {"order": "A-17", "tags": '["x"]'}
    assert details["from"] == "+12025550101"
    assert batch.call_settings == {
        "voice": "7",
        "max_duration": 5,
        "voicemail": {"action": "leave_message", "message": "Call us."},
        "dispositions": ["YES", "NO"],
        "interruptibility": 0,
        "from": "+12025550101",
    }


def test_what_is_not_known_or_is_no_more_is_ignored_and_said(program: Program) -> None:
    answer = program.post(
        "/v1/calls",
        {
            **CALL,
            "sparkle": True,
            "model": "enhanced",
            "language": "eng",
            "pathway_version": 3,
            "tools": None,
            "encrypted_key": "secret-of-the-client",
        },
    )

    warnings = " ".join(answer.json()["warnings"])
    for said in (
        "sparkle was ignored",
        "model enhanced is no longer supported; base",
        "language eng",
        "ring",
    ):
        assert said in warnings
    assert "pathway_version was ignored" in warnings
    assert "Simulator (no real calls) ignores language, model." in warnings
    assert "secret-of-the-client" not in answer.content.decode()
    [batch] = Batch.objects.all()
    assert batch.call_settings == {"model": "base", "language": "en"}


def test_a_pathway_goes_before_a_prompt(program: Program) -> None:
    batch = sent(program, pathway_id="graph-1", pathway_version=2)

    assert (batch.prompt, batch.pathway_id, batch.pathway_version) == ("", "graph-1", "2")


def test_a_number_on_the_do_not_call_list_is_refused_in_its_own_words(program: Program) -> None:
    Suppression.objects.create(e164=HUMAN)

    answer = program.post("/v1/calls", CALL)

    assert answer.status_code == 400
    assert answer.json()["status"] == "DNC Error"
    assert answer.json()["message"].startswith("Number found in DNC list")
    assert answer.json()["errors"][0]["error"] == "DNC_ERROR"
    assert not Batch.objects.exists()


def test_while_all_calling_is_stopped_a_call_is_kept_and_that_is_said(
    program: Program, carry: Carry
) -> None:
    stop = halts.engage(program.key.owner, "Wrong prompt.")

    answer = program.post("/v1/calls", CALL)

    assert "All calling is stopped" in " ".join(answer.json()["warnings"])
    waiting = program.get(f"/v1/calls/{answer.json()['call_id']}").json()
    assert (waiting["completed"], waiting["queue_status"]) == (False, "queued")
    halts.lift(program.key.owner, EmergencyStop.objects.get(pk=stop.pk))
    assert carry(answer).status == "completed"


def test_a_campaign_of_ours_lends_its_settings_and_its_rules(program: Program) -> None:
    policy = CallingPolicy.objects.create(name="Never")
    campaign = Campaign.objects.create(
        name="spring", prompt="Hi.", policy=policy, call_settings={"voice": "June"}
    )

    ours = sent(program, campaign_id="spring", voice="Nat")
    other = sent(program, campaign_id="somebody's own", phone_number="+12025550193")

    assert (ours.campaign, ours.call_settings["voice"]) == (campaign, "Nat")
    assert ours.policy != {}
    assert (other.campaign, other.call_settings["campaign_id"]) == (None, "somebody's own")


def test_calls_go_out_by_the_account_that_is_named_for_them(
    program: Program, settings: Any, account: VoiceAccount
) -> None:
    assert sent(program).account == account
    second = VoiceAccount.objects.create(name="second")
    assert sent(program).account == account
    settings.BLAND_API_ACCOUNT = "second"
    assert sent(program).account == second
    settings.BLAND_API_ACCOUNT = ""
    VoiceAccount.objects.exclude(pk=second.pk).update(enabled=False)
    assert sent(program).account == second
    settings.BLAND_API_ACCOUNT = "third"
    answer = program.post("/v1/calls", CALL)
    assert (answer.status_code, answer.json()["errors"][0]["error"]) == (503, "NO_VOICE_ACCOUNT")
