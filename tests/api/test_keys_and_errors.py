"""Who gets in, how often, and what is said to those who do not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from batchcalls.access import api_keys
from batchcalls.models import ApiKey, Scope
from campaigns.models import Tool
from tests.api.conftest import MakeProgram, Program

pytestmark = pytest.mark.django_db

TOOLS = "/api/v1/tools"
PROBLEM = "application/problem+json"


def tool(n: int = 1) -> dict[str, str]:
    return {"name": f"Tool {n}", "reference": f"TL-{n}"}


class TestKeys:
    def test_only_a_digest_is_kept(self, program: Program) -> None:
        stored = str(ApiKey.objects.values())
        assert program.secret not in stored
        assert program.key.prefix == program.secret[: api_keys.SHOWN]

    @pytest.mark.parametrize("header", ["Bearer {}", "{}", "bearer {}", "  {} "])
    def test_a_key_is_taken_bare_or_as_a_bearer_token(self, program: Program, header: str) -> None:
        headers = {"Authorization": header.format(program.secret)}
        assert Client(headers=headers).get(TOOLS).status_code == 200

    @pytest.mark.parametrize("header", [None, "Bearer ", "bc_wrong", "Basic YTpi", "Bearer a b"])
    def test_without_a_key_nothing_opens(self, db: None, header: str | None) -> None:
        headers = {"Authorization": header} if header else {}
        answer = Client(headers=headers).get(TOOLS)
        assert answer.status_code == 401
        assert answer["Content-Type"] == PROBLEM
        assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_a_session_of_the_back_office_opens_nothing(self, admin_client: Client) -> None:
        assert admin_client.get(TOOLS).status_code == 401

    def test_a_revoked_key_opens_nothing(self, program: Program) -> None:
        assert api_keys.revoke(program.key)
        assert not api_keys.revoke(program.key)
        assert program.get(TOOLS).status_code == 401

    def test_a_key_expires(self, make_program: MakeProgram) -> None:
        program = make_program(expires_at=timezone.now() + timedelta(hours=1))
        assert program.get(TOOLS).status_code == 200
        with time_machine.travel(timezone.now() + timedelta(hours=2)):
            assert program.get(TOOLS).status_code == 401

    def test_the_key_of_somebody_who_left_opens_nothing(self, program: Program) -> None:
        program.key.owner.is_active = False
        program.key.owner.save()
        assert program.get(TOOLS).status_code == 401

    def test_a_key_does_what_its_scopes_say_and_no_more(self, make_program: MakeProgram) -> None:
        program = make_program(scopes=[Scope.CAMPAIGNS_READ])
        assert program.get(TOOLS).status_code == 200
        answer = program.post(TOOLS, tool())
        assert answer.status_code == 403
        assert answer.json()["detail"] == "This API key lacks the scope campaigns:write."

    def test_a_key_does_what_its_owner_may_and_no_more(self, make_program: MakeProgram) -> None:
        program = make_program("Viewers")
        assert program.get(TOOLS).status_code == 200
        answer = program.post(TOOLS, tool())
        assert answer.status_code == 403
        assert "campaigns.add_tool" in answer.json()["detail"]

    def test_the_last_use_is_noted(self, program: Program) -> None:
        program.get(TOOLS)
        program.key.refresh_from_db()
        assert program.key.last_used_at is not None


class TestRates:
    def test_a_key_is_told_what_is_left(self, program: Program, settings: Any) -> None:
        settings.API_REQUESTS_PER_MINUTE = 60
        with time_machine.travel(timezone.now(), tick=False):
            first, second = program.get(TOOLS), program.get(TOOLS)
        assert first["RateLimit-Policy"] == '"key";q=60;w=60'
        assert first["RateLimit"] == '"key";r=59;t=1'
        assert second["RateLimit"] == '"key";r=58;t=2'

    def test_too_many_are_refused_with_when_to_come_again(
        self, program: Program, settings: Any
    ) -> None:
        settings.API_REQUESTS_PER_MINUTE = 3
        now = timezone.now()
        with time_machine.travel(now, tick=False):
            answers = [program.get(TOOLS) for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert answers[3]["Retry-After"] == "20"
        assert answers[3]["Content-Type"] == PROBLEM
        with time_machine.travel(now + timedelta(seconds=20), tick=False):
            assert program.get(TOOLS).status_code == 200
            assert program.get(TOOLS).status_code == 429

    def test_keys_are_counted_apart(self, make_program: MakeProgram, settings: Any) -> None:
        settings.API_REQUESTS_PER_MINUTE = 1
        one, other = make_program(), make_program()
        assert [one.get(TOOLS).status_code, other.get(TOOLS).status_code] == [200, 200]


class TestErrors:
    def test_each_wrong_field_is_pointed_at(self, program: Program) -> None:
        answer = program.post(TOOLS, {"reference": "calendar"})
        assert answer.status_code == 400
        assert answer["Content-Type"] == PROBLEM
        body = answer.json()
        assert (body["status"], body["code"], body["title"]) == (400, "invalid", "Bad Request")
        assert {one["pointer"] for one in body["errors"]} == {"/name", "/reference"}

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("{", "The body is not JSON"),
            ('{"name": NaN}', "NaN is not a JSON number"),
            ('{"name": "a", "name": "b"}', "'name' appears twice"),
            ("[" * 30 + "]" * 30, "more than 20 levels deep"),
            ("[" * 100_000, "levels deep"),
            (b"\xff\xfe".decode("latin-1"), "The body is not"),
        ],
    )
    def test_a_body_that_is_no_json_says_why(self, program: Program, body: str, said: str) -> None:
        answer = program.post(TOOLS, body)
        assert answer.status_code == 400
        assert said in answer.json()["detail"]

    def test_a_long_body_is_refused(self, program: Program, settings: Any) -> None:
        settings.MAX_API_BYTES = 100
        answer = program.post(TOOLS, {**tool(), "description": "x" * 100})
        assert answer.status_code == 413
        assert not Tool.objects.exists()

    def test_other_types_are_not_read(self, program: Program) -> None:
        answer = program.client.post(TOOLS, "name=x", content_type="text/plain")
        assert (answer.status_code, answer["Content-Type"]) == (415, PROBLEM)

    def test_what_is_not_there_is_said(self, program: Program) -> None:
        assert program.get(f"{TOOLS}/999").json()["code"] == "not_found"

    @pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE"])
    def test_a_method_that_is_not_offered_is_said(self, program: Program, method: str) -> None:
        answer = program.send(method, f"{TOOLS}/1", {})
        assert (answer.status_code, answer["Content-Type"]) == (405, PROBLEM)


class TestRepeating:
    def test_the_same_request_does_its_work_once(self, program: Program) -> None:
        first = program.post(TOOLS, tool(), Idempotency_Key="a")
        again = program.post(TOOLS, tool(), Idempotency_Key="a")
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert again["Idempotency-Replayed"] == "true"
        assert Tool.objects.count() == 1

    def test_another_request_under_the_same_name_is_refused(self, program: Program) -> None:
        program.post(TOOLS, tool(1), Idempotency_Key="a")
        answer = program.post(TOOLS, tool(2), Idempotency_Key="a")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert Tool.objects.count() == 1

    def test_what_failed_can_be_put_right_under_the_same_name(self, program: Program) -> None:
        assert program.post(TOOLS, {"name": "x"}, Idempotency_Key="a").status_code == 400
        assert program.post(TOOLS, tool(), Idempotency_Key="a").status_code == 201

    def test_keys_do_not_share_names(self, make_program: MakeProgram) -> None:
        assert make_program().post(TOOLS, tool(1), Idempotency_Key="a").status_code == 201
        assert make_program().post(TOOLS, tool(2), Idempotency_Key="a").status_code == 201

    def test_a_name_is_free_again_after_a_day(self, program: Program) -> None:
        program.post(TOOLS, tool(1), Idempotency_Key="a")
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            assert program.post(TOOLS, tool(2), Idempotency_Key="a").status_code == 201

    @pytest.mark.parametrize("name", ["x" * 256, "né"])
    def test_a_name_that_cannot_be_kept_is_refused(self, program: Program, name: str) -> None:
        answer = program.post(TOOLS, tool(), Idempotency_Key=name)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


class TestPages:
    def test_pages_lead_to_one_another(self, program: Program) -> None:
        Tool.objects.bulk_create(Tool(**tool(n)) for n in range(5))
        names, address, pages = [], f"{TOOLS}?limit=2", 0
        while address:
            page = program.get(address).json()
            names += [one["name"] for one in page["results"]]
            before, address, pages = page["previous"], page["next"], pages + 1
        assert names == [f"Tool {n}" for n in (4, 3, 2, 1, 0)]
        assert pages == 3
        assert [one["name"] for one in program.get(before).json()["results"]] == [
            "Tool 2",
            "Tool 1",
        ]

    @pytest.mark.parametrize(
        "query", ["cursor=o.zzz", "cursor=x", "limit=0", "limit=201", "limit=two", "limit=²"]
    )
    def test_what_is_no_place_is_refused(self, program: Program, query: str) -> None:
        answer = program.get(f"{TOOLS}?{query}")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == f"/{query.split('=', maxsplit=1)[0]}"


class TestKept:
    def test_what_a_client_has_already_is_not_sent_again(self, program: Program) -> None:
        Tool.objects.create(**tool())
        first = program.get(TOOLS)
        again = program.client.get(TOOLS, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        Tool.objects.create(**tool(2))
        assert (
            program.client.get(TOOLS, headers={"If-None-Match": first["ETag"]}).status_code == 200
        )
        assert first["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("path", ["do-not-call/", "nowhere"])
def test_a_program_that_posts_to_an_unknown_address_is_told_so(path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(f"/api/v1/{path}", {})
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
