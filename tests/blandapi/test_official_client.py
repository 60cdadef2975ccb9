"""The official Python client, its address and key changed, against a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from bland import BatchCallData
from bland.client import AsyncBlandAI, BlandAI
from bland.commons.errors import UnauthorizedError
from bland.core.api_error import ApiError

from tests.blandapi.serving import Server, server
from tests.databases import NewDatabase
from tests.installation import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.one_database]

PEOPLE = [
    BatchCallData(phone_number="2025550190", business="Bloom", service="tea", date="May 1"),
    BatchCallData(phone_number="+1 (202) 555-0191", business="Oak", service="oil", date="May 2"),
]
#: What every call of the client must send.
ALWAYS: dict[str, Any] = {"temperature": 0.5, "tools": None, "interruption_threshold": 500}
LATER = "2099-01-01 12:00:00 -05:00"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("served") / "one", new_database) as running:
        yield running


@pytest.fixture(scope="module")
def client(served: Server) -> Iterator[BlandAI]:
    with httpx.Client(timeout=60) as connections:
        yield BlandAI(base_url=served.url, api_key=served.key, httpx_client=connections)


Ask = Callable[[Callable[[AsyncBlandAI], Awaitable[Any]]], Any]


@pytest.fixture(scope="module")
def ask(served: Server) -> Ask:
    """Ask something by the asynchronous client."""

    def run(question: Callable[[AsyncBlandAI], Awaitable[Any]]) -> Any:
        async def answer() -> Any:
            async with httpx.AsyncClient(timeout=60) as connections:
                return await question(
                    AsyncBlandAI(base_url=served.url, api_key=served.key, httpx_client=connections)
                )

        return asyncio.run(answer())

    return run


def batch(**changes: Any) -> dict[str, Any]:
    """Return what the client needs to send a batch."""
    return {
        "base_prompt": "Ask {{business}} about {{service}} on {{date}}.",
        "call_data": PEOPLE,
        "phone_number": "29382721828",
        "task": "is not said",
        "label": "Renewals",
        "model": "enhanced",
        **ALWAYS,
        **changes,
    }


def call(**changes: Any) -> dict[str, Any]:
    """Return what the client needs to send a call."""
    number, task = "202-555-0190", "Say hello to {{name}}."
    return {
        "phone_number": number,
        "task": task,
        "request_data": {"name": "Ada"},
        **ALWAYS,
        **changes,
    }


def test_a_batch_is_sent_listed_followed_to_its_end_and_told_of(client: BlandAI) -> None:
    sent = client.batches.send(**batch(campaign_id="spring"))

    assert sent.message == "success"
    wait_for(
        lambda: client.batches.details(sent.batch_id).analysis.in_progress_calls == 0,
        seconds=60,
        what="the batch is over",
    )
    details = client.batches.details(sent.batch_id)
    assert details.batch_params.label == "Renewals"
    assert [(one.to, one.completed, one.answered_by) for one in details.call_data] == [
        ("+12025550190", True, "human"),
        ("+12025550191", True, "no-answer"),
    ]
    assert details.analysis.total_calls == details.analysis.completed_calls == 2
    assert details.analysis.queue_statuses.complete == 2
    [listed] = [one for one in client.batches.list().batches if one.batch_id == sent.batch_id]
    assert (listed.label, listed.campaign_id) == ("Renewals", "spring")


def test_a_batch_is_stopped(client: BlandAI) -> None:
    sent = client.batches.send(**batch(start_time=LATER))

    stopped = client.batches.stop(sent.batch_id)

    assert (stopped.status, stopped.num_calls, stopped.batch_id) == ("success", 2, sent.batch_id)
    details = client.batches.details(sent.batch_id, include_transcripts=False)
    assert details.call_data == []
    with pytest.raises(ApiError) as refused:
        client.batches.stop(sent.batch_id)
    assert refused.value.status_code == 409


def test_a_call_is_sent_followed_to_its_end_and_listed(client: BlandAI) -> None:
    sent = client.call(**call(voice_id=1, voicemail_action="hangup"))

    assert sent.status == "success"
    wait_for(lambda: client.calls.details(sent.call_id).completed, seconds=60, what="it ended")
    details = client.calls.details(sent.call_id)
    assert (details.to, details.answered_by) == ("+12025550190", "human")
    assert details.request_data == {"name": "Ada"}
    assert details.transcripts[0].c_id == sent.call_id
    assert details.concatenated_transcript.startswith("assistant: ")
    listed = client.calls.list(to_number="+12025550190", limit=5, ascending=False)
    assert listed.calls[0].call_id == sent.call_id


def test_a_call_that_waits_is_told_of_listed_and_stopped(client: BlandAI) -> None:
    sent = client.call(**call(start_time=LATER))

    waiting = client.calls.details(sent.call_id)
    assert (waiting.completed, waiting.queue_status) == (False, "queued")
    assert client.calls.list(limit=1).calls[0].call_id == sent.call_id
    stopped = client.calls.stop(sent.call_id)
    assert (stopped.status, stopped.message) == ("success", "Call ended successfully.")
    assert client.calls.details(sent.call_id).completed
    with pytest.raises(ApiError) as refused:
        client.calls.stop(sent.call_id)
    assert refused.value.body["message"] == "SID not found for the given c_id."


def test_voices_are_listed(client: BlandAI) -> None:
    assert "June" in {voice.name for voice in client.voices.list().voices}


def test_errors_are_understood(served: Server, client: BlandAI) -> None:
    with httpx.Client() as connections, pytest.raises(UnauthorizedError) as refused:
        BlandAI(base_url=served.url, api_key="sk-wrong", httpx_client=connections).batches.list()
    assert refused.value.body.message == "Unauthorized"
    with pytest.raises(ApiError) as invalid:
        client.call(**call(phone_number="12"))
    assert invalid.value.status_code == 400
    assert "too short" in invalid.value.body["errors"][0]["message"]


def test_the_asynchronous_client_sends_and_stops_batches(ask: Ask) -> None:
    async def talk(client: AsyncBlandAI) -> tuple[Any, ...]:
        sent = await client.batches.send(**batch(start_time=LATER))
        listed = await client.batches.list()
        details = await client.batches.details(sent.batch_id)
        stopped = await client.batches.stop(sent.batch_id)
        return sent, listed, details, stopped

    sent, listed, details, stopped = ask(talk)
    assert sent.batch_id in {one.batch_id for one in listed.batches}
    assert details.batch_params.id == sent.batch_id
    assert stopped.status == "success"


def test_the_asynchronous_client_sends_and_stops_calls(ask: Ask) -> None:
    async def talk(client: AsyncBlandAI) -> tuple[Any, ...]:
        sent = await client.call(**call(start_time=LATER))
        listed = await client.calls.list(limit=1)
        details = await client.calls.details(sent.call_id)
        stopped = await client.calls.stop(sent.call_id)
        return sent, listed, details, stopped

    sent, listed, details, stopped = ask(talk)
    assert listed.calls[0].call_id == sent.call_id
    assert details.queue_status == "queued"
    assert stopped.status == "success"
