"""Calls by API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batchcalls.api.calls import LONG, MEMBERS
from batchcalls.batches import lifecycle
from batchcalls.calling import ticks
from batchcalls.intake import runner
from batchcalls.models import Batch, CallResult
from batchcalls.states import CallStatus
from tests.api.conftest import MakeProgram, Program

pytestmark = pytest.mark.django_db

CALLS = "/api/v1/calls"
HUMAN, OTHER = "+12025550190", "+12025550191"


@pytest.fixture
def over(make_batch: Any, run: Callable[..., Batch]) -> Batch:
    """A batch of two calls that were made."""
    return run(make_batch(HUMAN, OTHER, text=""))


def found(program: Program, query: str) -> list[dict[str, Any]]:
    answer = program.get(f"{CALLS}?{query}")
    assert answer.status_code == 200, answer.json()
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def test_a_list_leaves_out_what_is_long(program: Program, over: Batch) -> None:
    [newest, _] = found(program, "")
    assert set(newest) == set(MEMBERS) - set(LONG)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found(program, "")
    [read] = [one["sql"] for one in queries if "call_id" in one["sql"]]
    assert "transcript" not in read
    assert "dry_run" not in read


def test_only_the_members_that_are_named_come(program: Program, over: Batch) -> None:
    calls = found(program, "fields=id,to,transcript")
    assert all(set(one) == {"id", "to", "transcript"} for one in calls)
    [human] = [one for one in calls if one["to"] == HUMAN]
    assert human["transcript"][0].keys() >= {"speaker", "text"}


def test_a_member_that_there_is_not_is_refused(program: Program, over: Batch) -> None:
    answer = program.get(f"{CALLS}?fields=id,color")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/fields"
    assert "color" in answer.json()["errors"][0]["detail"]


def test_one_call_comes_with_everything(program: Program, over: Batch) -> None:
    call = CallResult.objects.filter(to_number=HUMAN).get()
    told = program.get(f"{CALLS}/{call.call_id}").json()
    assert set(told) == set(MEMBERS)
    assert told["request_data"] == {"business_name": "Shop 0"}
    assert "Shop 0" in told["said"]["prompt"]
    assert (told["row"], told["batch"], told["from"]) == (2, str(over.pk), call.from_number)
    assert told["checks"]
    short = program.get(f"{CALLS}/{call.call_id}?fields=id").json()
    assert short == {"id": str(call.call_id)}


def test_calls_are_narrowed_as_in_call_logs(
    program: Program, over: Batch, make_batch: Any, run: Callable[..., Batch]
) -> None:
    other = run(make_batch("+12025550192"))
    assert len(found(program, f"batch={over.pk}")) == 2
    assert [one["to"] for one in found(program, "number=0192")] == ["+12025550192"]
    assert len(found(program, "min_duration=100000")) == 0
    assert len(found(program, f"from={timezone.localdate()}")) == 3
    assert len(found(program, "status=live")) == 0
    assert len(found(program, f"q={other.pk}")) == 1


def test_pages_keep_filter_and_members(program: Program, over: Batch) -> None:
    page = program.get(f"{CALLS}?batch={over.pk}&fields=to&limit=1&from=2020-01-01").json()
    second = program.get(page["next"]).json()
    assert [*page["results"], *second["results"]] == [{"to": OTHER}, {"to": HUMAN}]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query",
    [
        "batch=x",
        "status=done",
        "number=x",
        "from=yesterday",
        "min_duration=-1",
        "batch__id__exact=x",
        "columns=to",
        "disposition=a%00b",
    ],
)
def test_what_is_not_understood_is_refused(program: Program, over: Batch, query: str) -> None:
    answer = program.get(f"{CALLS}?{query}")
    assert answer.status_code == 400, answer.json()
    assert answer.json()["errors"][0]["pointer"] == f"/{query.split('=', maxsplit=1)[0]}"


def test_a_live_call_is_stopped(program: Program, make_batch: Any, account: Any) -> None:
    account.options = {"speed": 1}
    account.save()
    batch = make_batch(HUMAN)
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    ticks.tick_account(account.pk, seconds=0)
    call = CallResult.objects.get()
    answer = program.post(f"{CALLS}/{call.call_id}/stop")
    assert (answer.status_code, answer.json()["id"]) == (202, str(call.call_id))
    ticks.tick_account(account.pk, seconds=0)
    call.refresh_from_db()
    assert call.status == CallStatus.CANCELED
    answer = program.post(f"{CALLS}/{call.call_id}/stop")
    assert (answer.status_code, answer.json()["current_status"]) == (409, "canceled")


def test_who_may_not_cancel_stops_no_call(make_program: MakeProgram, over: Batch) -> None:
    call = CallResult.objects.all()[0]
    answer = make_program("Analysts").post(f"{CALLS}/{call.call_id}/stop")
    assert answer.status_code == 403
    assert "batchcalls.cancel_batch" in answer.json()["detail"]


def test_a_recording_comes_from_our_own_address(program: Program, over: Batch) -> None:
    call = CallResult.objects.filter(to_number=HUMAN).get()
    CallResult.objects.filter(pk=call.pk).update(recording_url="http://127.0.0.1/secret.mp3")
    told = program.get(f"{CALLS}/{call.call_id}").json()
    assert told["recording"].endswith(f"{CALLS}/{call.call_id}/recording")
    answer = program.get(told["recording"], Accept="audio/mpeg")
    assert (answer.status_code, answer.json()["code"]) == (502, "no_recording")
    assert "private network" in answer.json()["detail"]


def test_a_call_without_recording_has_none(program: Program, over: Batch) -> None:
    CallResult.objects.update(recording_url="")
    call = CallResult.objects.all()[0]
    assert program.get(f"{CALLS}/{call.call_id}").json()["recording"] is None
    assert program.get(f"{CALLS}/{call.call_id}/recording").status_code == 404
