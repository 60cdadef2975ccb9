"""Batches in every form in which programs send them, at every address that takes them."""

from __future__ import annotations

from typing import Any

import pytest

from batchcalls.intake import runner
from batchcalls.models import Batch, CallResult, IdempotentRequest, WebhookDelivery
from tests.blandapi.conftest import BATCH_V1, BATCH_V2, BUSY, HUMAN, NOBODY, Carry, Program

ADDRESSES = ("/v1/batches", "/v2/batches/create", "/v2/batches", "/v1/batches/create")
IN_CALLS = {"calls": [{"phone_number": HUMAN, "task": "Tell Ada about the order."}]}


def sent(program: Program, body: dict[str, Any], **changes: Any) -> Batch:
    """Send a batch and return it."""
    answer = program.post("/v1/batches", {**body, **changes})
    assert answer.status_code == 200, answer.json()
    return Batch.objects.get(pk=answer.json()["batch_id"])


def refused(program: Program, body: dict[str, Any]) -> list[str]:
    """Send a batch that is refused; return the sentences."""
    answer = program.post("/v2/batches/create", body)
    assert answer.status_code == 400, answer.json()
    assert answer.json()["status"] == "error"
    assert answer.json()["data"] is None
    assert not Batch.objects.exists()
    return [one["message"] for one in answer.json()["errors"]]


def rows_of(batch: Batch, carry: Carry, answer: Any) -> list[Any]:
    carry(answer)
    return list(batch.recipients.order_by("row_number"))


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("body", [BATCH_V1, BATCH_V2, IN_CALLS], ids=["v1", "v2", "calls"])
def test_every_form_is_taken_at_every_address(
    address: str, body: dict[str, Any], program: Program, carry: Carry
) -> None:
    answer = program.post(address, body)

    told = answer.json()
    assert told["status"] == told["message"] == "success"
    assert told["data"] == {"batch_id": told["batch_id"]}
    assert told["errors"] is None
    batch = carry(answer)
    assert batch.status == "completed"
    assert batch.name == body.get("label", body.get("description", "Untitled Batch"))
    calls = CallResult.objects.order_by("pk")
    assert [call.to_number for call in calls][:2] == [HUMAN, NOBODY][: calls.count()]
    if body is not IN_CALLS:
        assert [call.recipient.request_data for call in calls] == [{"name": "Ada"}, {"name": "Bob"}]


def test_members_of_the_first_generations_calls_are_variables_unless_they_are_parameters(
    program: Program, carry: Carry
) -> None:
    answer = program.post(
        "/v1/batches",
        {
            "base_prompt": "The {{model}} of {{request_data.city}} costs {{price}}.",
            "call_data": [
                {
                    "phone_number": "1234567890",
                    "model": "base",
                    "price": 17.5,
                    "request_data": {"city": "Rome"},
                    "metadata": {"id": 5},
                    "voice": "June",
                    "language": "no such one",
                    "max_duration": 3,
                },
                {"phone_number": HUMAN, "model": "turbo", "city": "Oslo", "price": "1"},
            ],
        },
    )

    carry(answer)
    first, second = Batch.objects.get().recipients.order_by("row_number")
    # 123 is no area code: one row that cannot be called keeps no other from being called.
    assert (first.status, first.reason_code) == ("skipped", "invalid_number")
    assert first.request_data == {
        "model": "base",
        "price": "17.5",
        "city": "Rome",
        "language": "no such one",
    }
    assert first.metadata == {"id": "5"}
    assert second.request_data == {"model": "turbo", "city": "Oslo", "price": "1", "language": ""}
    assert second.outcome == "reached"


def test_calls_of_the_second_generation_override_what_holds_for_all(
    program: Program, carry: Carry
) -> None:
    answer = program.post(
        "/v2/batches/create",
        {
            "global": {
                "task": "Tell {{name}} about {{shop}}.",
                "voice": "June",
                "request_data": {"shop": "Bloom", "name": "there"},
                "metadata": {"list": "spring"},
                "retry": {"wait": 60},
            },
            "call_objects": [
                {"phone_number": HUMAN, "request_data": {"name": "Ada"}, "voice": "Nat"},
                {"phone_number": NOBODY, "task": "Say goodbye.", "metadata": {"list": "x"}},
                {"phone_number": BUSY, "name": "Cid", "sparkle": 1, "b_cid": "x"},
            ],
            "max_concurrent": 2,
        },
    )

    batch = carry(answer)
    first, second, third = batch.recipients.order_by("row_number")
    assert batch.concurrency == 2
    assert first.request_data == {"shop": "Bloom", "name": "Ada"}
    assert first.call_settings == {"voice": "Nat"}
    assert second.call_settings == {"task": "Say goodbye."}
    assert second.metadata == {"list": "x"}
    assert third.request_data["name"] == "Cid"
    assert first.metadata == third.metadata == {"list": "spring"}
    warnings = " ".join(answer.json()["warnings"])
    assert "sparkle was ignored" in warnings
    assert "b_cid was ignored" in warnings
    assert "Simulator (no real calls) ignores " in warnings


def test_calls_may_each_bring_their_own_prompt_with_its_own_variables(
    program: Program, carry: Carry
) -> None:
    answer = program.post(
        "/v1/batches",
        {
            "calls": [
                {"phone_number": HUMAN, "task": "Hi {{a}}.", "request_data": {"a": "1"}},
                {"phone_number": NOBODY, "task": "Bye {{b}}.", "request_data": {"b": "2"}},
                {"phone_number": BUSY, "pathway_id": "graph"},
            ]
        },
    )

    batch = carry(answer)
    assert batch.prompt == "Hi {{a}}."
    assert set(batch.recipients.values_list("outcome", flat=True)) == {"reached", "not_reached"}


@pytest.mark.parametrize(
    ("call", "shared", "start"),
    [
        ({"start_time": "2030-07-01 09:00:00"}, {}, "2030-07-01T09:00:00+00:00"),
        (
            {"start_time": "2030-07-01 09:00:00", "timezone": "Asia/Tokyo"},
            {"timezone": "Europe/London"},
            "2030-07-01T00:00:00+00:00",
        ),
        (
            {"start_time": "2030-07-01 09:00:00"},
            {"timezone": "Europe/London"},
            "2030-07-01T08:00:00+00:00",
        ),
    ],
)
def test_a_start_time_without_offset_is_in_the_time_zone_of_the_request_or_in_utc(
    call: dict[str, Any], shared: dict[str, Any], start: str, program: Program, carry: Carry
) -> None:
    body = {
        "global": {"task": "Hello.", **shared},
        "call_objects": [{"phone_number": HUMAN, **call}],
    }
    batch = sent(program, body)
    runner.run_batch(batch.pk, seconds=30)
    assert batch.recipients.get().start_at.isoformat() == start


def test_what_generated_clients_send_beside_a_batch_does_not_matter(program: Program) -> None:
    batch = sent(
        program,
        BATCH_V1,
        phone_number="29382721828",
        task="is not said",
        temperature=None,
        tools=None,
        interruption_threshold=None,
        batch_id="mine",
    )

    assert batch.prompt == BATCH_V1["base_prompt"]
    assert batch.call_settings == {}


def test_in_test_mode_only_the_first_is_called_and_more_is_told(
    program: Program, carry: Carry
) -> None:
    answer = program.post("/v1/batches", {**BATCH_V1, "test_mode": True})

    carry(answer)
    assert list(CallResult.objects.values_list("to_number", flat=True)) == [HUMAN]
    told = answer.json()["test_mode"]
    assert (told["calls_given"], told["calls_sent"]) == (2, 1)
    assert told["call"] == {
        "phone_number": HUMAN,
        "request_data": {"name": "Ada"},
        "metadata": {},
    }


def test_what_may_be_secret_is_neither_echoed_nor_kept_to_be_repeated(program: Program) -> None:
    dynamic = [
        {"url": "https://example.com", "headers": [{"key": "Authorization", "value": "hush"}]}
    ]
    row = {"phone_number": HUMAN, "name": "Ada", "dynamic_data": dynamic}
    body = {**BATCH_V1, "call_data": [row], "test_mode": True}
    answer = program.post("/v1/batches", body, Idempotency_Key="a")
    assert answer.status_code == 200
    assert "hush" not in answer.content.decode()
    assert not IdempotentRequest.objects.filter(body__contains="hush").exists()


@pytest.mark.usefixtures("example_hosts")
def test_news_of_the_batch_goes_where_it_was_asked_for(program: Program, carry: Carry) -> None:
    status, over = "https://example.com/status", "https://example.com/over"
    report = "https://example.com/call"
    body = {**BATCH_V1, "status_webhook": status, "batch_webhook": over, "webhook": report}

    batch = carry(program.post("/v1/batches", body))

    assert (batch.status_webhook, batch.batch_webhook) == (status, over)
    told = list(WebhookDelivery.objects.values_list("url", "event_type"))
    assert told.count((report, "call.finished")) == 2
    assert told.count((over, "batch.status")) == 1
    assert told.count((status, "batch.status")) > 1


def test_a_number_that_stands_twice_is_called_once_and_that_is_told(
    program: Program, carry: Carry
) -> None:
    entry = BATCH_V1["call_data"][0]
    answer = program.post("/v1/batches", {**BATCH_V1, "call_data": [entry, entry]})

    batch = carry(answer)
    assert CallResult.objects.count() == 1
    details = program.get(f"/v1/batches/{batch.pk}")
    assert b"Entry #2" in details.getvalue()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "Missing required parameter: call_data (or call_objects)."),
        ({"call_data": []}, "Missing required parameter: call_data (or call_objects)."),
        ({"base_prompt": "Hi.", "call_data": {"a": 1}}, "call_data must be an array of objects."),
        ({"base_prompt": "Hi.", "call_data": [HUMAN]}, "Entry #1 is not an object."),
        (
            {"base_prompt": "Hi.", "call_data": [{"phone_number": HUMAN}, {"name": "x"}]},
            "Entry #2 did not have a phone number.",
        ),
        (
            {"call_data": [{"phone_number": HUMAN}]},
            "Missing required parameter: base_prompt (or pathway_id, persona_id, or agent_id).",
        ),
        (
            {"call_objects": [{"phone_number": HUMAN, "task": "x"}, {"phone_number": NOBODY}]},
            "Entry #2 has no task (or pathway_id, persona_id, or agent_id).",
        ),
        ({**BATCH_V1, "call_objects": [{}]}, "Send call_data or call_objects, not both."),
        (
            {**BATCH_V2, "global": {"task": "x", "phone_number": HUMAN}},
            "global must not contain phone_number: each call has its own.",
        ),
        ({**BATCH_V2, "global": "x"}, "global must be an object."),
        ({**BATCH_V2, "max_concurrent": 0}, "max_concurrent must be a whole number, 1 at least."),
        ({**BATCH_V1, "test_mode": "perhaps"}, "test_mode must be true or false."),
        ({**BATCH_V1, "label": ["x"]}, "label must be a string."),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(
    body: dict[str, Any], sentence: str, program: Program
) -> None:
    assert refused(program, body) == [sentence]


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({"max_duration": "long"}, "max_duration"),
        ({"status_webhook": "http://example.com"}, "status_webhook: "),
        ({"base_prompt": "Hi {{nobody_has_this}}."}, "{{nobody_has_this}}"),
        ({"base_prompt": "Hi {{name"}, "prompt, line 1"),
    ],
)
def test_what_cannot_be_used_is_named(
    changes: dict[str, Any], begins: str, program: Program
) -> None:
    [sentence] = refused(program, {**BATCH_V1, **changes})

    assert begins in sentence
