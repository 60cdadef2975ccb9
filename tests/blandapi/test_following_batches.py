"""Batches are listed, told of, logged, stopped and asked about, for clients of each generation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batchcalls.batches import lifecycle
from batchcalls.blandapi import batch_calls
from batchcalls.intake import runner
from batchcalls.models import Batch, CallResult
from campaigns.models import Campaign
from tests.blandapi.conftest import BATCH_V1, BATCH_V2, CALL, HUMAN, NOBODY, Carry, Program

LATER = {"start_time": "2099-01-01 12:00:00"}
BUCKETS = ["0-5", "5-10", "10-15", "15-20", "20-30", "30-45", "45-60", "60-90", "90-120", "120+"]


def got(program: Program, path: str) -> Any:
    answer = program.get(path)
    content = answer.getvalue() if answer.streaming else answer.content
    assert answer.status_code == 200, content
    return json.loads(content)


@pytest.fixture
def batch(program: Program, carry: Carry) -> Batch:
    """A batch that is over: one reached, one not, one with a number that is none."""
    calls = [*BATCH_V1["call_data"], {"phone_number": "12", "name": "Cid"}]
    return carry(program.post("/v1/batches", {**BATCH_V1, "call_data": calls, "record": True}))


def test_the_first_generation_is_told_of_batch_calls_and_figures(
    program: Program, batch: Batch
) -> None:
    told = got(program, f"/v1/batches/{batch.pk}")

    assert told["status"] == "completed"
    assert told["batch_params"]["id"] == str(batch.pk)
    assert told["batch_params"]["call_params"]["record"] is True
    assert [one["to"] for one in told["call_data"]] == [HUMAN, NOBODY]
    assert all(one["transcripts"] for one in told["call_data"][:1])
    figures = told["analysis"]
    assert (figures["total_calls"], figures["completed_calls"]) == (3, 3)
    assert figures["in_progress_calls"] == 0
    assert list(figures["call_lengths"]["summary"]) == BUCKETS
    assert sum(figures["call_lengths"]["summary"].values()) == 2
    assert len(figures["call_ids"]) == len(figures["call_lengths"]["all"]) == 2
    [error] = figures["error_messages"]
    assert error.startswith("Entry #3: ")
    average = figures["call_lengths"]["average"]
    assert figures["call_lengths"]["average_nonzero"] == pytest.approx(2 * average, abs=0.001)


def test_parts_can_be_left_out(program: Program, batch: Batch) -> None:
    path = f"/v1/batches/{batch.pk}"

    assert got(program, f"{path}?include_calls=false")["call_data"] == []
    assert got(program, f"{path}?include_analysis=false")["analysis"] == {}
    bare = got(program, f"{path}?include_transcripts=false")["call_data"][0]
    assert "transcripts" not in bare
    assert bare["summary"]


def test_nothing_that_known_clients_cannot_take_as_null_is_null(
    program: Program, batch: Batch
) -> None:
    [listed] = got(program, "/v1/batches")["batches"]

    for name in ("batch_id", "campaign_id", "created_at", "label", "base_prompt", "endpoint_code"):
        assert isinstance(listed[name], str)
    for name, value in listed["call_params"].items():
        assert value is not None, name
    assert isinstance(listed["call_params"]["voice_id"], int)
    assert isinstance(listed["call_params"]["reduce_latency"], bool)


def test_lists_hold_what_was_sent_newest_first_and_no_single_calls(
    program: Program, make_batch: Any
) -> None:
    program.post("/v1/calls", {**CALL, **LATER})
    make_batch(HUMAN)  # a draft
    campaign = Campaign.objects.create(name="spring", prompt="x")
    ids = [
        program.post("/v1/batches", {**BATCH_V1, **LATER, **more}).json()["batch_id"]
        for more in ({}, {"campaign_id": "mine"}, {"campaign_id": campaign.name})
    ]

    def v1(query: str = "") -> list[str]:
        return [one["batch_id"] for one in got(program, f"/v1/batches?{query}")["batches"]]

    assert v1() == ids[::-1]
    assert v1("ascending=true&from=1&to=2") == ids[1:2]
    assert v1("limit=1") == ids[2:]
    assert v1("campaign_id=mine") == ids[1:2]
    assert v1("campaign_id=spring") == ids[2:]
    told = got(program, "/v2/batches/list?take=1&skip=1")
    assert told["errors"] is None
    assert [one["id"] for one in told["data"]] == ids[1:2]
    assert program.get("/v2/batches/list?take=0").status_code == 400
    assert program.get("/v1/batches?limit=x").status_code == 400


@pytest.mark.usefixtures("example_hosts")
def test_the_second_generation_is_told_of_the_order_and_how_it_stands(
    program: Program, carry: Carry
) -> None:
    secret = [{"url": "https://example.com", "headers": [{"key": "auth", "value": "hush"}]}]
    shared = {"task": "Hi {{name}}.", "voice": "June", "dynamic_data": secret}
    body = {**BATCH_V2, "global": shared, **LATER}
    batch_id = program.post("/v2/batches/create", body).json()["batch_id"]

    told = got(program, f"/v2/batches/{batch_id}")["data"]

    order = json.loads(told["base_prompt"])
    assert (order["task"], order["voice"]) == ("Hi {{name}}.", "June")
    assert order["start_time"].startswith("2099-01-01T12:00:00")
    assert "hush" not in json.dumps(told)
    assert (told["description"], told["calls_total"], told["calls_failed"]) == ("Orders", 2, 0)
    lifecycle.cancel(Batch.objects.get(), hang_up=False)
    told = got(program, f"/v2/batches/{batch_id}")["data"]
    assert (told["status"], told["calls_total"], told["calls_failed"]) == ("canceled", 2, 2)


def test_the_log_tells_what_happened_and_who_was_not_called(program: Program, batch: Batch) -> None:
    path = f"/v2/batches/{batch.pk}/logs"

    newest_first = got(program, path)["data"]

    oldest_first = got(program, f"{path}?direction=asc")["data"]
    assert newest_first == oldest_first[::-1]
    kinds = [one["event_type"] for one in oldest_first]
    assert kinds[-1] == "complete"
    changes = [one["payload"].get("state_change") for one in oldest_first]
    assert changes[:4] == ["draft", "initializing", "validating", "dispatching"]
    # Behind the check of the list stand the rows that it skipped.
    assert kinds.index("error") == 4
    [skipped] = [one["payload"] for one in oldest_first if one["event_type"] == "error"]
    assert (skipped["entry"], skipped["phone_number"]) == (3, "12")
    assert skipped["message"]
    end = oldest_first[-1]["payload"]
    assert (end["calls_total"], end["calls_successful"], end["calls_failed"]) == (3, 2, 1)
    for size in (1, 2, 3):
        pages = [
            one
            for skip in range(0, len(oldest_first) + size, size)
            for one in got(program, f"{path}?direction=asc&take={size}&skip={skip}")["data"]
        ]
        assert pages == oldest_first
    assert program.get(f"{path}?direction=up").status_code == 400


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_a_batch_is_stopped_before_anybody_is_called(generation: str, program: Program) -> None:
    batch_id = program.post("/v1/batches", {**BATCH_V1, **LATER}).json()["batch_id"]

    stopped = program.post(f"/{generation}/batches/{batch_id}/stop")

    assert stopped.json() == {
        "status": "success",
        "message": "Successfully stopped batch",
        "num_calls": 2,
        "batch_id": batch_id,
        "data": None,
        "errors": None,
    }
    again = program.post(f"/{generation}/batches/{batch_id}/stop")
    assert (again.status_code, again.json()["num_calls"]) == (409, 0)
    assert again.json()["errors"][0]["error"] == "BATCH_OVER"
    assert not CallResult.objects.exists()
    assert got(program, f"/v1/batches/{batch_id}")["status"] == "completed"


def test_a_batch_is_asked_about_and_only_what_is_known_is_answered(
    program: Program, batch: Batch
) -> None:
    questions = [["Who answered the call?", "string"], ["Will it rain?", "boolean"]]
    body = {"goal": "x", "questions": questions}

    told = program.post(f"/v1/batches/{batch.pk}/analyze", body).json()

    reached, missed = CallResult.objects.order_by("pk")
    assert told["answers"] == {
        str(reached.call_id): ["human", None],
        str(missed.call_id): ["no-answer", None],
    }
    assert told["credits_used"] == 0
    first = got(program, f"/v1/batches/{batch.pk}/analysis")["analysis"][0]
    known = dict(
        zip([question for question, _ in first["questions"]], first["answers"], strict=True)
    )
    assert first["call_id"] == str(reached.call_id)
    assert known["summary"] == reached.summary
    assert {name: known[name] for name in reached.extracted} == reached.extracted
    assert None not in first["answers"]


def test_a_batch_of_which_nobody_can_be_called_has_failed(program: Program) -> None:
    body = {**BATCH_V1, "call_data": [{"phone_number": "12", "name": "Cid"}]}
    program.post("/v1/batches", body)
    batch = Batch.objects.get()
    runner.run_batch(batch.pk, seconds=30)
    assert Batch.objects.get().awaits_correction
    assert got(program, f"/v1/batches/{batch.pk}")["status"] == "completed"
    assert got(program, f"/v2/batches/{batch.pk}")["data"]["status"] == "failed"
    log = got(program, f"/v2/batches/{batch.pk}/logs")["data"]
    [end] = [entry["payload"] for entry in log if entry["event_type"] == "complete"]
    assert (end["status"], end["calls_total"]) == ("failed", 1)


def test_the_calls_of_a_large_batch_are_told_page_by_page(
    program: Program, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_calls, "MOST_CALLS", 1)
    path = f"/v1/batches/{batch.pk}"

    first = got(program, path)

    assert (first["total_count"], first["count"], first["next_from"]) == (2, 1, 1)
    assert first["warnings"] == ["These are 1 of 2 calls. Ask for the next ones with ?from=1."]
    # The figures are those of all calls.
    assert first["analysis"]["total_calls"] == len(first["analysis"]["call_ids"]) + 1
    last = got(program, f"{path}?from=1&limit=50&include_transcripts=false")
    assert (last["total_count"], last["count"], last["next_from"]) == (2, 1, None)
    assert "warnings" not in last
    told = [one["call_id"] for one in (*first["call_data"], *last["call_data"])]
    assert told == first["analysis"]["call_ids"]
    assert got(program, f"{path}?from=7")["call_data"] == []
    assert got(program, f"{path}?from=7")["next_from"] is None

    analyses = got(program, f"{path}/analysis?from=1")
    assert [one["call_id"] for one in analyses["analysis"]] == told[1:]
    asked = {"goal": "x", "questions": [["Who answered?", "string"]]}
    answered = program.post(f"{path}/analyze?from=1", asked).json()
    assert (list(answered["answers"]), answered["next_from"]) == (told[1:], None)
