"""Batches are made by API: of recipients, of files, on trial, and once."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from batchcalls.intake import runner
from batchcalls.models import Batch, Scope, VoiceAccount
from campaigns.models import Campaign
from tests.api.bodies import BATCHES, HUMAN, LIST, OTHER, a_file, batch_of, body, form, pointers
from tests.api.conftest import MakeProgram, Program

pytestmark = pytest.mark.django_db


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

    def test_a_file_of_unclear_encoding_is_not_called_unseen(self, program: Program) -> None:
        def upload(**fields: Any) -> Any:
            content = f"phone_number,Name\n{HUMAN},Żaneta\n".encode("iso8859-2")
            file = SimpleUploadedFile("customers.csv", content)
            return program.upload(BATCHES, form(file=file, **fields))

        answer = upload(launch="true")
        assert (answer.status_code, answer.json()["code"]) == (400, "unclear_encoding")
        assert (
            "In mac-roman it says “Øaneta”, in cp1250 it says “Żaneta”." in answer.json()["detail"]
        )
        assert not Batch.objects.exists()
        draft = upload()
        assert draft.json()["lists"][0]["certainty"] == "unsure"
        for _ in ("a draft", "a ready batch"):
            launched = program.post(f"{BATCHES}/{draft.json()['id']}/launch", {})
            assert (launched.status_code, launched.json()["code"]) == (400, "unclear_encoding")
            program.post(f"{BATCHES}/{draft.json()['id']}/check", {})
            runner.run_batch(batch_of(draft).pk, seconds=30)
        rows = {
            "file": SimpleUploadedFile(
                "more.csv", f"phone_number,Name\n{OTHER},Żaneta\n".encode("iso8859-2")
            )
        }
        added = program.upload(f"{BATCHES}/{draft.json()['id']}/rows", rows)
        assert (added.status_code, added.json()["code"]) == (400, "unclear_encoding")
        chosen = upload(launch="true", encoding="iso8859-2")
        assert chosen.status_code == 201
        assert batch_of(chosen).first_list.samples[0][1] == "Żaneta"


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

    def test_when_nobody_can_be_called_the_batch_is_a_draft_that_takes_more_rows(
        self, program: Program
    ) -> None:
        rows = [{"phone_number": "123", "request_data": {"name": "x"}}]
        answer = program.post(BATCHES, body(recipients=rows, dry_run=True))
        told = answer.json()
        assert (told["status"], told["reason_code"]) == ("draft", "nobody_to_call")
        assert told["dry_run"]["rejected"]["count"] == 1
        rows = [{"phone_number": HUMAN, "request_data": {"name": "x"}}]
        assert program.post(f"{BATCHES}/{told['id']}/rows", {"recipients": rows}).status_code == 202
        runner.run_batch(batch_of(answer).pk, seconds=30)
        assert program.get(f"{BATCHES}/{told['id']}").json()["status"] == "ready"

    def test_a_file_without_rows_is_refused(self, program: Program) -> None:
        empty = form(file=SimpleUploadedFile("empty.csv", b"phone_number,name\n"))
        answer = program.upload(BATCHES, empty)
        assert (answer.status_code, answer.json()["code"]) == (400, "no_rows")
        assert not Batch.objects.exists()

    def test_an_opt_out_is_a_refusal_that_can_be_put_on_the_do_not_call_list(
        self, program: Program
    ) -> None:
        rows = [
            {"phone_number": HUMAN, "request_data": {"name": "x"}, "opt_out": True},
            {"phone_number": "+12025550191", "request_data": {"name": "x"}, "opt_out": False},
        ]
        told = program.post(BATCHES, body(recipients=rows, dry_run=True)).json()
        assert told["dry_run"]["report"]["skipped"] == {"opted_out": 1}
        answer = program.post(f"{BATCHES}/{told['id']}/suppress-refused")
        assert (answer.status_code, answer.json()) == (200, {"added": 1, "known": 0})
        again = program.post(f"{BATCHES}/{told['id']}/suppress-refused")
        assert again.json() == {"added": 0, "known": 1}
        assert program.get(f"/api/v1/do-not-call/{HUMAN}").status_code == 200

    def test_a_dry_run_launches_nobody(self, program: Program) -> None:
        answer = program.post(BATCHES, body(dry_run=True, launch=True))
        assert (answer.status_code, pointers(answer)) == (400, ["/launch"])


class TestRefusals:
    def test_a_number_that_none_can_hold_is_named(self, program: Program) -> None:
        text = json.dumps(body(cps=1)).replace('"cps": 1', '"cps": 1e400')
        answer = program.post(BATCHES, text)
        assert answer.status_code == 400
        assert "the number 1e400 is too large" in answer.json()["detail"]
        assert not Batch.objects.exists()

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
        answer = program.post(BATCHES, body(**fields))
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
