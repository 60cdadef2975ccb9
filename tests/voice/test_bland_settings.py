"""Every call setting is sent to Bland or is not, and somebody decided which."""

from __future__ import annotations

from typing import Any

import pytest

from batchcalls.voice.bland.payload import send_call
from batchcalls.voice.handled_here import HANDLED_HERE
from campaigns.call_settings import REGISTRY
from tests.voice.bland_account import request_to

#: Setting -> a value of it, sent as it is.
SENT: dict[str, Any] = {
    "persona_id": "persona-1",
    "agent_id": "5c1f9f0e-9d3a-4f0e-8d1c-0a4b3c2d1e0f",
    "voice": "June",
    "first_sentence": "Hello Emily!",
    "language": "babel-en",
    "wait_for_greeting": False,
    "pronunciation_guide": [{"word": "GmbH", "pronunciation": "gay em bay ha"}],
    "background_track": None,  # null is a value: the noise of a phone line
    "noise_cancellation": False,
    "model": "turbo",
    "temperature": 0,
    "interruption_threshold": 500,
    "interruptibility": 0,
    "keywords": ["Blandie:3"],
    "ignore_button_press": True,
    "guard_rails": [{"type": "tcpa:ai_disclosure"}],
    "dialing_strategy": {"type": "local"},
    "max_duration": 12,
    "transfer_phone_number": "+12025550111",
    "transfer_list": {"sales": "+12025550112"},
    "precall_dtmf_sequence": "1w2#",
    "record": True,
    "stream_post_transfer_transcript": True,
    "tools": ["TL-1", "KB-2"],
    "dynamic_data": [{"url": "https://crm.example.com/", "method": "GET"}],
    "voicemail": {"action": "leave_message", "message": "Please call us, Emily."},
    "summary_prompt": "In one sentence.",
    "dispositions": ["BOOKED", "NOT_BOOKED"],
    "citation_schema_ids": ["schema-1"],
    "post_call_evals": {"workbench_setup_id": "wb-1"},
    "webhook_events": ["call"],
    "timezone": "Europe/Vienna",
    # No longer documented, and still taken.
    "start_node_id": "node-1",
    "voice_preset_id": "preset-1",
    "voice_settings": {"speed": 1.1},
    "reduce_latency": True,
    "language_detection_period": 20,
    "language_detection_options": ["en", "es"],
    "campaign_id": "spring",
    "ivr_mode": True,
    "answered_by_enabled": True,
    "amd": True,
    "analysis_schema": {"booked": "boolean"},
    "analysis_prompt": "Was it booked?",
    "analysis_preset": "5c1f9f0e-9d3a-4f0e-8d1c-0a4b3c2d1e0f",
}
#: Decided for this very call, and taken from the request's own fields.
FROM_THE_REQUEST = {
    "phone_number": "its number, read and validated",
    "from": "the caller ID that was chosen for it",
    "task": "its rendered prompt",
    "pathway_id": "its pathway, which a prompt of the row may replace",
    "pathway_version": "the version of that pathway",
    "request_data": "its variables",
    "metadata": "its metadata, and our id",
}
#: Sent under another name.
RENAMED = {"custom_tools": "beside the IDs of tools"}
#: Kept from the provider.
NOT_SENT = {
    "start_time": "we dial at that time ourselves",
    "retry": "a call that the provider repeats would be no attempt of ours",
    "dispatch_hours": "our gate keeps them",
    "webhook": "we report the call there ourselves, and need the provider's own report",
}


def test_somebody_decided_about_every_setting() -> None:
    decided = [*SENT, *FROM_THE_REQUEST, *RENAMED, *NOT_SENT]
    undecided, unknown = REGISTRY.keys() - set(decided), set(decided) - REGISTRY.keys()
    assert not undecided, f"Add {undecided} to SENT, or to NOT_SENT with the reason."
    assert not unknown, f"No setting is called {unknown}."
    assert len(decided) == len(REGISTRY), "A setting is in two places."


@pytest.mark.parametrize("name", SENT)
def test_a_setting_is_sent_as_it_is(name: str) -> None:
    body = send_call(request_to(settings={name: SENT[name]}), webhook_url="")
    assert name in body
    assert body[name] == SENT[name]


def test_tools_that_are_defined_in_full_are_sent_beside_the_ids_of_others() -> None:
    tool = {"name": "Book", "url": "https://crm.example.com/", "headers": {"Authorization": "x"}}
    body = send_call(
        request_to(settings={"tools": ["TL-1"], "custom_tools": [tool]}), webhook_url=""
    )
    assert body["tools"] == ["TL-1", tool]
    assert "custom_tools" not in body


@pytest.mark.parametrize("name", NOT_SENT)
def test_a_setting_that_we_see_to_ourselves_is_not_sent(name: str) -> None:
    assert name not in send_call(request_to(settings={name: "anything"}), webhook_url="")


def test_each_setting_that_is_kept_back_has_a_reason() -> None:
    assert set(HANDLED_HERE) == set(NOT_SENT)
    assert all(reason.endswith(".") for reason in HANDLED_HERE.values())


@pytest.mark.parametrize("name", FROM_THE_REQUEST)
def test_what_was_decided_for_the_call_wins_over_a_setting_of_that_name(name: str) -> None:
    request = request_to()
    usual = send_call(request, webhook_url="")
    same = request_to(settings={name: "other"}, correlation_id=request.correlation_id)
    assert send_call(same, webhook_url="") == usual


def test_what_is_no_setting_is_not_sent() -> None:
    body = send_call(request_to(settings={"encrypted_key": "x"}), webhook_url="")
    assert "encrypted_key" not in body


def test_the_caller_id_of_the_batch_is_used_when_none_was_chosen() -> None:
    request = request_to(from_number="", settings={"from": "+12025550133"})
    assert send_call(request, webhook_url="")["from"] == "+12025550133"


def test_a_persona_needs_neither_prompt_nor_pathway() -> None:
    body = send_call(request_to(prompt="", settings={"persona_id": "p"}), webhook_url="")
    assert body["persona_id"] == "p"
    assert not {"task", "pathway_id"} & set(body)
