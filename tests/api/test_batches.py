"""Batches by API: made, followed, told to go on or to stop."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from batchcalls import lifecycle
from batchcalls.importing import runner
from batchcalls.models import Batch, Scope, VoiceAccount
from batchcalls.states import BatchStatus
from campaigns.models import Campaign
from tests.api.conftest import MakeProgram, Program

pytestmark = pytest.mark.django_db

BATCHES = "/api/v1/batches"
HUMAN, OTHER = "+12025550190", "+12025550191"
LIST = "Phone;Name;City\n+12025550190;Ada;London\nnone;Bob;Paris\n"


def body(**fields: Any) -> dict[str, Any]:
    """Return a request for a batch of two."""
    return {
        "name": "October",
        "prompt": "Call {{name}}.",
        "recipients": [
            {"phone_number": HUMAN, "request_data": {"name": "Ada"}},
            {"phone_number": OTHER, "request_data": {"name": "Bob"}, "metadata": {"crm": "5"}},
        ],
        **fields,
    }


def a_file(text: str = LIST) -> SimpleUploadedFile:
    return SimpleUploadedFile("customers.csv", text.encode(), content_type="text/csv")


def form(**fields: Any) -> dict[str, Any]:
    return {"name": "October", "prompt": "Call {{Name}}.", "file": a_file(), **fields}


def pointers(answer: Any) -> list[str]:
    return [one["pointer"] for one in answer.json()["errors"]]


def batch_of(answer: Any) -> Batch:
    return Batch.objects.get(pk=answer.json()["id"])


class TestMaking:
    def test_recipients_become_a_draft(self, program: Program) -> None:
        answer = program.post(BATCHES, body())
        assert answer.status_code == 201, answer.json()
        told = answer.json()
        assert (told["name"], told["status"]) == ("October", "draft")
        assert answer["Location"] == told["links"]["self"]
        assert program.get(answer["Location"]).json()["id"] == told["id"]
        batch = batch_of(answer)
        assert batch.created_by == program.key.owner
        assert batch.account == VoiceAccount.objects.built_in()

    def test_recipients_are_called_at_once_when_that_is_asked_for(
        self, program: Program, run: Callable[..., Batch], account: VoiceAccount
    ) -> None:
        answer = program.post(BATCHES, body(launch=True))
        assert answer.json()["status"] == "initializing"
        run(batch_of(answer), launch=False)
        told = program.get(f"{BATCHES}/{answer.json()['id']}").json()
        assert (told["status"], told["totals"]["called"], told["row_count"]) == ("completed", 2, 2)

    def test_a_campaign_says_what_is_said(self, program: Program, db: None) -> None:
        campaign = Campaign.objects.create(
            name="Reminder", prompt="Hi {{name}}", call_settings={"voice": "June"}
        )
        fields = body(campaign=campaign.pk, call_settings={"max_duration": 5})
        del fields["prompt"]
        told = program.post(BATCHES, fields).json()
        settings = program.get(told["links"]["settings"]).json()
        assert settings["prompt"] == "Hi {{name}}"
        assert settings["call_settings"] == {"voice": "June", "max_duration": 5}

    def test_a_pathway_in_place_of_a_prompt(self, program: Program) -> None:
        answer = program.post(BATCHES, body(prompt="", pathway_id="pw-1", pathway_version="2"))
        assert answer.status_code == 201
        assert (batch_of(answer).pathway_id, batch_of(answer).pathway_version) == ("pw-1", "2")

    def test_a_file_with_a_mapping(self, program: Program) -> None:
        mapping = json.dumps({"Phone": "phone_number", "#3": "metadata.town"})
        answer = program.upload(
            BATCHES,
            form(
                mapping=mapping,
                call_settings='{"voice": "June"}',
                region="GB",
                delimiter="semicolon",
                dry_run="true",
            ),
        )
        assert answer.status_code == 201, answer.json()
        batch = batch_of(answer)
        assert (batch.region, batch.call_settings) == ("GB", {"voice": "June"})
        [first, _] = batch.recipients.order_by("row_number")
        assert (first.request_data, first.metadata) == ({"Name": "Ada"}, {"town": "London"})

    def test_a_workbook(self, program: Program) -> None:
        book, out = Workbook(), io.BytesIO()
        book.active.append(["phone_number", "Name"])
        book.active.append([HUMAN, "Ada"])
        book.save(out)
        file = SimpleUploadedFile("customers.xlsx", out.getvalue())
        answer = program.upload(BATCHES, form(file=file, map_all="true", dry_run="true"))
        assert answer.status_code == 201, answer.json()
        assert answer.json()["dry_run"]["report"]["rows"] == 1


class TestDryRun:
    def test_a_short_list_is_reported_on_at_once(
        self, program: Program, account: VoiceAccount
    ) -> None:
        rows = [*body()["recipients"], {"phone_number": "123"}, {"phone_number": HUMAN}]
        answer = program.post(BATCHES, body(recipients=rows, dry_run=True))
        assert answer.status_code == 201
        told = answer.json()
        assert (told["status"], told["dry_run"]["is_done"]) == ("ready", True)
        assert told["dry_run"]["report"]["now"] == 2
        rejected = told["dry_run"]["rejected"]
        assert rejected["count"] == 2
        first = rejected["errors"][0]
        assert (first["pointer"], first["row"], first["raw_number"]) == ("/recipients/2", 4, "123")
        lines = b"".join(program.get(rejected["url"]).streaming_content).decode().splitlines()
        assert lines[0] == "phone_number,request_data.name,metadata.crm,rejected_reason"
        assert len(lines) == 3
        assert not batch_of(answer).calls.exists()

    def test_only_the_first_hundred_rejected_rows_stand_in_the_answer(
        self, program: Program
    ) -> None:
        rows = [*body()["recipients"], *({"phone_number": "123"} for _ in range(150))]
        rejected = program.post(BATCHES, body(recipients=rows, dry_run=True)).json()["dry_run"][
            "rejected"
        ]
        assert (rejected["count"], len(rejected["errors"])) == (150, 100)

    def test_a_long_list_is_checked_in_the_background(
        self, program: Program, run: Callable[..., Batch], account: VoiceAccount
    ) -> None:
        rows = [{"phone_number": HUMAN, "request_data": {"name": "Ada"}}] * 1_001
        answer = program.post(BATCHES, body(recipients=rows, dry_run=True))
        assert answer.status_code == 202
        told = answer.json()
        assert told["dry_run"]["is_done"] is False
        place = told["links"]["dry_run"]
        assert program.get(place).json() == told["dry_run"]
        runner.run_batch(batch_of(answer).pk, seconds=30)
        told = program.get(place).json()
        assert (told["status"], told["is_done"], told["report"]["rows"]) == ("ready", True, 1_001)

    def test_when_nobody_can_be_called_the_batch_says_so(self, program: Program) -> None:
        rows = [{"phone_number": "123", "request_data": {"name": "x"}}]
        told = program.post(BATCHES, body(recipients=rows, dry_run=True)).json()
        assert (told["status"], told["reason_code"]) == ("failed", "nobody_to_call")
        assert told["dry_run"]["rejected"]["count"] == 1

    def test_a_dry_run_launches_nobody(self, program: Program) -> None:
        answer = program.post(BATCHES, body(dry_run=True, launch=True))
        assert (answer.status_code, pointers(answer)) == (400, ["/launch"])


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"recipients": []}, ["/recipients"]),
            ({"recipients": "all"}, ["/recipients"]),
            ({"recipients": [{"phone_number": HUMAN}, 5]}, ["/recipients/1"]),
            ({"recipients": [{"phone_number": HUMAN, "voicee": "x"}]}, ["/recipients/0/voicee"]),
            (
                {"recipients": [{"phone_number": HUMAN, "metadata": {"": 1}}]},
                ["/recipients/0/metadata"],
            ),
            ({"prompt": ""}, ["/prompt"]),
            ({"prompt": "Hi {{first}}"}, ["/prompt"]),
            ({"prompt": "Hi {{"}, ["/prompt"]),
            ({"pathway_id": "pw-1"}, ["/pathway_id"]),
            ({"account": 99999}, ["/account"]),
            ({"campaign": "x"}, ["/campaign"]),
            ({"region": "ZZ"}, ["/region"]),
            ({"duplicates": "never"}, ["/duplicates"]),
            ({"start_at": "soon"}, ["/start_at"]),
            ({"cps": 0}, ["/cps"]),
            ({"cps": 1e400}, ["/cps"]),
            ({"concurrency": 0}, ["/concurrency"]),
            (
                {"call_settings": {"voicee": 1, "max_duration": "x"}},
                ["/call_settings/voicee", "/call_settings/max_duration"],
            ),
            ({"call_settings": {"task": "x"}}, ["/call_settings/task"]),
            ({"call_settings": []}, ["/call_settings"]),
            ({"lunch": True, "cps": 0}, ["/cps", "/lunch"]),
        ],
        ids=str,
    )
    def test_what_is_wrong_is_pointed_at_and_nothing_is_stored(
        self, program: Program, fields: dict[str, Any], expected: list[str]
    ) -> None:
        text = json.dumps(body(**fields)).replace("Infinity", "1e400")
        answer = program.post(BATCHES, text)
        assert answer.status_code == 400, answer.json()
        assert pointers(answer) == expected
        assert not Batch.objects.exists()

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"file": a_file("a,b\n1,2\n")}, "/mapping"),
            ({"file": a_file("")}, "/file"),
            ({"file": SimpleUploadedFile("x.csv", b"%PDF-1.7 ...")}, "/file"),
            ({"mapping": "["}, "/mapping"),
            ({"mapping": '{"Tel": "phone_number"}'}, "/mapping/Tel"),
            ({"mapping": '{"Name": "voicee"}'}, "/mapping/Name"),
            ({"mapping": '{"Name": 5}'}, "/mapping/Name"),
            ({"mapping": '{"Name": "metadata.a=b"}'}, "/mapping/Name"),
            ({"encoding": "latin-9000"}, "/file"),
            ({"prompt": "Hi {{Nam}}"}, "/prompt"),
            ({"recipients": "[]"}, "/recipients"),
        ],
        ids=str,
    )
    def test_a_file_that_cannot_be_used_says_why(
        self, program: Program, fields: dict[str, Any], expected: str
    ) -> None:
        answer = program.upload(BATCHES, form(**fields))
        assert answer.status_code == 400, answer.json()
        assert pointers(answer) == [expected], answer.json()
        assert not Batch.objects.exists()

    def test_a_hundred_errors_are_named_and_the_rest_counted(self, program: Program) -> None:
        answer = program.post(BATCHES, body(recipients=[5] * 250))
        assert answer.status_code == 400
        assert (len(pointers(answer)), answer.json()["more_errors"]) == (100, 150)

    def test_a_file_that_is_too_large(self, program: Program, settings: Any) -> None:
        settings.MAX_FILE_BYTES = 10
        answer = program.upload(BATCHES, form())
        assert (answer.status_code, pointers(answer)) == (413, ["/file"])

    def test_a_form_with_a_field_that_is_too_long(self, program: Program, settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
        answer = program.upload(BATCHES, form(prompt="x" * 200))
        assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")

    def test_who_may_not_launch_makes_no_batch_that_is(self, make_program: MakeProgram) -> None:
        program = make_program(scopes=[Scope.BATCHES_WRITE, Scope.BATCHES_READ])
        assert program.post(BATCHES, body(launch=True)).status_code == 403
        assert not Batch.objects.exists()
        assert program.post(BATCHES, body()).status_code == 201


class TestRepeating:
    def test_the_same_request_makes_one_batch(self, program: Program) -> None:
        answers = [program.post(BATCHES, body(), Idempotency_Key="a") for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert [one["Location"] for one in answers] == [answers[0]["Location"]] * 2
        assert Batch.objects.count() == 1

    def test_another_list_under_the_same_name_is_refused(self, program: Program) -> None:
        headers = {"Idempotency-Key": "a"}
        assert program.upload(BATCHES, form(map_all=True), **headers).status_code == 201
        again = program.upload(BATCHES, form(map_all=True), **headers)
        assert (again.status_code, Batch.objects.count()) == (201, 1)
        other = form(map_all=True, file=a_file(LIST + "+12025550192;Eve;Rome\n"))
        assert program.upload(BATCHES, other, **headers).status_code == 422


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
        batch = run(make_batch(HUMAN, "+12025550105"))
        totals = program.get(f"{BATCHES}/{batch.pk}").json()["totals"]
        ended = "not_reached" if totals["not_reached"] else "voicemail"
        answer = program.post(f"{BATCHES}/{batch.pk}/retry", {"outcomes": ["not_reached"]})
        if ended == "not_reached":
            assert answer.json()["retried"] == totals["not_reached"]
            assert answer.json()["batch"]["status"] == "dispatching"
        else:
            assert answer.status_code == 409

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
        assert told["checking"] == {"rows": 2, "checked": 2}
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
