"""Batches by API: changed, followed, told to go on or to stop."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from batchcalls.batches import lifecycle
from batchcalls.intake import runner
from batchcalls.models import Batch, VoiceAccount
from batchcalls.states import BatchStatus
from tests.api.bodies import BATCHES, HUMAN, OTHER, a_file, batch_of, body, pointers
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


class TestChanging:
    def test_a_draft_is_changed_field_by_field(self, program: Program, make_batch: Any) -> None:
        batch = make_batch(HUMAN, call_settings={"voice": "June"})
        answer = program.patch(f"{BATCHES}/{batch.pk}", {"cps": 2, "name": "Other"})
        assert answer.status_code == 200, answer.json()
        batch.refresh_from_db()
        assert (batch.cps, batch.name, batch.call_settings) == (2, "Other", {"voice": "June"})

    def test_a_pathway_takes_the_place_of_the_prompt(
        self, program: Program, make_batch: Any
    ) -> None:
        batch = make_batch(HUMAN)
        program.patch(f"{BATCHES}/{batch.pk}", {"pathway_id": "pw-1"})
        batch.refresh_from_db()
        assert (batch.prompt, batch.pathway_id) == ("", "pw-1")

    def test_a_batch_that_was_launched_has_only_its_name_changed(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        batch = run(make_batch(HUMAN))
        assert program.patch(f"{BATCHES}/{batch.pk}", {"name": "Other"}).json()["name"] == "Other"
        answer = program.patch(f"{BATCHES}/{batch.pk}", {"cps": 2})
        assert (answer.status_code, answer.json()["current_status"]) == (409, "completed")

    @pytest.mark.usefixtures("example_hosts")
    def test_secrets_are_not_shown_and_stay(self, program: Program, make_batch: Any) -> None:
        secret = {"dynamic_data": [{"url": "https://example.com/x?key=1"}]}
        batch = make_batch(HUMAN, call_settings=secret)
        place = f"{BATCHES}/{batch.pk}"
        assert program.get(f"{place}/settings").json()["call_settings"] == {}
        program.patch(place, {"call_settings": {"voice": "June"}})
        batch.refresh_from_db()
        assert set(batch.call_settings) == {"voice", "dynamic_data"}
        program.patch(place, {"call_settings": {"voice": "June", "dynamic_data": None}})
        batch.refresh_from_db()
        assert set(batch.call_settings) == {"voice"}


class TestSteering:
    def test_a_batch_is_checked_launched_paused_resumed_and_canceled(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        batch = make_batch(HUMAN)
        place = f"{BATCHES}/{batch.pk}"
        assert program.post(f"{place}/check").json()["status"] == "initializing"
        runner.run_batch(batch.pk, seconds=30)
        seen = [
            program.post(f"{place}/{name}", sent).json()["status"]
            for name, sent in [
                ("launch", None),
                ("pause", None),
                ("resume", None),
                ("cancel", {"hang_up": True}),
            ]
        ]
        assert seen == ["dispatching", "paused", "dispatching", "canceled"]
        log = program.get(f"{place}/events").json()["results"]
        assert [one["to_status"] for one in log][-2:] == ["dispatching", "canceled"]
        assert log[-1]["actor"] == program.key.owner.username

    def test_a_draft_is_launched_in_one_step(self, program: Program, make_batch: Any) -> None:
        batch = make_batch(HUMAN)
        assert program.post(f"{BATCHES}/{batch.pk}/launch").json()["status"] == "initializing"
        batch.refresh_from_db()
        assert batch.launch_when_ready

    @pytest.mark.parametrize("name", ["pause", "resume", "retry"])
    def test_what_is_not_possible_now_says_what_the_status_is(
        self, program: Program, make_batch: Any, name: str
    ) -> None:
        batch = make_batch(HUMAN)
        sent = {"outcomes": ["failed"]} if name == "retry" else None
        answer = program.post(f"{BATCHES}/{batch.pk}/{name}", sent)
        assert (answer.status_code, answer.json()["current_status"]) == (409, "draft")
        assert answer.json()["code"] == "conflict"

    def test_whom_it_did_not_reach_a_batch_calls_again(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        batch = run(make_batch(HUMAN, "+12025550191"))
        answer = program.post(f"{BATCHES}/{batch.pk}/retry", {"outcomes": ["not_reached"]})
        assert answer.json()["retried"] == 1
        assert answer.json()["batch"]["status"] == "dispatching"

    def test_a_retry_that_is_sent_again_calls_nobody_once_more(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        batch = run(make_batch("+12025550191"))
        address, sent = f"{BATCHES}/{batch.pk}/retry", {"outcomes": ["not_reached"]}
        first = program.post(address, sent, Idempotency_Key="a")
        run(batch, launch=False)
        again = program.post(address, sent, Idempotency_Key="a")
        assert (first.status_code, again.status_code) == (200, 200)
        assert again["Idempotency-Replayed"] == "true"
        batch.refresh_from_db()
        assert batch.is_over
        assert batch.calls.count() == 2

    def test_a_clone_is_a_new_draft(self, program: Program, make_batch: Any) -> None:
        batch = make_batch(HUMAN)
        answer = program.post(f"{BATCHES}/{batch.pk}/clone", {"with_list": True})
        assert answer.status_code == 201
        copy = batch_of(answer)
        assert (copy.status, copy.lists.count()) == (BatchStatus.DRAFT, 1)
        assert answer["Location"].endswith(str(copy.pk))

    def test_a_clone_of_a_list_that_is_gone(self, program: Program, make_batch: Any) -> None:
        batch = make_batch(HUMAN)
        batch.first_list.file.delete(save=False)
        answer = program.post(f"{BATCHES}/{batch.pk}/clone", {"with_list": True})
        assert (answer.status_code, answer.json()["code"]) == (409, "file_missing")


class TestAdding:
    def test_rejected_rows_that_were_put_right_join_the_batch(
        self, program: Program, account: VoiceAccount, run: Callable[..., Batch]
    ) -> None:
        rows = [*body()["recipients"], {"phone_number": "12", "request_data": {"name": "Eve"}}]
        told = program.post(BATCHES, body(recipients=rows, launch=True)).json()
        batch = run(Batch.objects.get(pk=told["id"]), launch=False)
        assert batch.status == BatchStatus.COMPLETED_PARTIAL
        lines = b"".join(program.get(told["links"]["rejected"]).streaming_content).decode()
        fixed = lines.replace("\r\n12,", "\r\n+12025550192,")
        place = f"{BATCHES}/{batch.pk}/rows"
        assert program.upload(place, {"file": a_file(fixed)}).status_code == 202
        runner.run_batch(batch.pk, seconds=30)
        run(batch, launch=False)
        added = batch.recipients.get(e164="+12025550192")
        assert (added.status, added.request_data["name"]) == ("done", "Eve")
        again = program.upload(place, {"file": a_file(fixed)})
        assert (again.status_code, again.json()["code"]) == (409, "list_joined_before")

    def test_more_recipients_join_as_objects(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        batch = run(make_batch(HUMAN, "12"))
        more = [{"phone_number": OTHER, "request_data": {"business_name": "Shop 9"}}]
        place = f"{BATCHES}/{batch.pk}/rows"
        for _ in range(2):
            answer = program.post(place, {"recipients": more}, Idempotency_Key="more")
            assert answer.status_code == 202, answer.json()
        runner.run_batch(batch.pk, seconds=30)
        run(batch, launch=False)
        assert batch.recipients.get(e164=OTHER).status == "done"
        assert batch.lists.count() == 2

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"recipients": []}, "/recipients"),
            ({"recipients": [{"voicee": 1}]}, "/recipients/0/voicee"),
            ({"recipients": [{"phone_number": OTHER}]}, "/prompt"),
            ({"rows": []}, "/recipients"),
        ],
        ids=str,
    )
    def test_what_is_wrong_adds_nobody(
        self,
        program: Program,
        make_batch: Any,
        run: Callable[..., Batch],
        fields: dict[str, Any],
        expected: str,
    ) -> None:
        batch = run(make_batch(HUMAN, "12"))
        answer = program.post(f"{BATCHES}/{batch.pk}/rows", fields)
        assert (answer.status_code, pointers(answer)[0]) == (400, expected)
        assert batch.lists.count() == 1

    def test_a_draft_has_one_list(self, program: Program, make_batch: Any) -> None:
        more = {"recipients": [{"phone_number": OTHER, "request_data": {"business_name": "x"}}]}
        answer = program.post(f"{BATCHES}/{make_batch(HUMAN).pk}/rows", more)
        assert (answer.status_code, answer.json()["current_status"]) == (409, "draft")


class TestLooking:
    def test_the_list_is_narrowed_as_on_the_page(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        draft, over = make_batch(HUMAN, name="One"), run(make_batch(HUMAN, name="Two"))
        Batch.objects.filter(pk=make_batch(HUMAN, name="Test of One").pk).update(test_of=draft)

        def names(query: str) -> list[str]:
            return [one["name"] for one in program.get(f"{BATCHES}?{query}").json()["results"]]

        assert names("") == ["Two", "One"]
        assert names("status=finished") == ["Two"]
        assert names(f"q={draft.pk}") == ["One"]
        assert names("tests=true&q=One") == ["Test of One", "One"]
        assert over.row_count == 1

    @pytest.mark.parametrize("query", ["status=done", "campaign=x", "stat=draft", "older=x"])
    def test_what_is_not_understood_is_refused(self, program: Program, query: str) -> None:
        answer = program.get(f"{BATCHES}?{query}")
        name = query.split("=", maxsplit=1)[0]
        assert (answer.status_code, pointers(answer)) == (400, [f"/{name}"])

    def test_progress_in_figures(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        batch = run(make_batch(HUMAN, "x"))
        told = program.get(f"{BATCHES}/{batch.pk}/progress").json()
        assert (told["is_over"], told["totals"]["rows"]) == (True, 2)
        assert told["totals"]["finished"] == 2
        assert told["checking"] == {"rows": 2, "checked": 2, "waits_for": ""}
        assert set(told["costs"]) == {"USD"}

    def test_results_as_csv(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        batch = run(make_batch(HUMAN))
        answer = program.get(f"{BATCHES}/{batch.pk}/results", Accept="text/csv")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        [header, row] = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode()))
        assert header[:2] == ["phone_number", "business_name"]
        assert row[header.index("status")] == "done"
        missing = program.get(f"{BATCHES}/nope/results", Accept="text/csv")
        assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json")

    def test_recipients_by_page_and_filter(
        self, program: Program, make_batch: Any, run: Callable[..., Batch]
    ) -> None:
        batch = run(make_batch(HUMAN, "12", OTHER))
        place = f"{BATCHES}/{batch.pk}/recipients"
        page = program.get(f"{place}?limit=2").json()
        assert [one["row_number"] for one in page["results"]] == [2, 3]
        assert [one["row_number"] for one in program.get(page["next"]).json()["results"]] == [4]
        [skipped] = program.get(f"{place}?status=skipped").json()["results"]
        assert skipped["raw_number"] == "12"
        assert program.get(f"{place}/{skipped['id']}").json() == skipped

    def test_another_batchs_recipient_is_not_there(
        self, program: Program, run: Any, make_batch: Any
    ) -> None:
        one, other = run(make_batch(HUMAN)), run(make_batch(OTHER))
        theirs = other.recipients.get()
        assert program.get(f"{BATCHES}/{one.pk}/recipients/{theirs.pk}").status_code == 404
        assert program.get(f"{BATCHES}/{other.pk}/recipients/{theirs.pk}").status_code == 200

    @pytest.mark.parametrize(
        "path", ["batches/x", "batches/a/b/c", "batches/x/recipients", "batches/", "nothing", ""]
    )
    def test_what_is_not_there_is_said_as_a_problem(self, program: Program, path: str) -> None:
        answer = program.get(f"/api/v1/{path}")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")

    def test_a_batch_is_not_deleted(self, program: Program, make_batch: Any) -> None:
        batch = make_batch(HUMAN)
        lifecycle.cancel(batch)
        assert program.delete(f"{BATCHES}/{batch.pk}").status_code == 405
