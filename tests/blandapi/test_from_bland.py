"""The page for those who change over from Bland AI says what holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from batchcalls.blandapi import parameters
from batchcalls.blandapi.docs import views
from tests.blandapi.conftest import BATCH_V1, CALL, Program

GUIDE = views.GUIDE.read_text("utf-8")
CODE = "".join(path.read_text("utf-8") for path in sorted(Path(views.GUIDE).parent.glob("*.py")))


def test_it_is_a_page_without_links_to_files() -> None:
    page = Client().get("/api/docs/from-bland/").content.decode()
    assert page.count("<table>") == GUIDE.count("\n|---")
    assert "<h2>Refused requests</h2>" in page
    links = re.findall(r'href="([^"]+)"', page)
    assert [link for link in links if not re.match(r"/|https://", link)] == []
    assert {"/api/docs/", "/api/docs/bland/"} <= set(links)


def test_both_documents_and_the_pages_follow_the_setting(settings: Any) -> None:
    settings.API_DOCS = "off"
    urls = ("/api/schema/bland/", "/api/docs/bland/", "/api/docs/from-bland/")
    assert [Client().get(url).status_code for url in urls] == [404, 404, 404]


def test_the_document_names_the_site_that_serves_it() -> None:
    told = Client().get("/api/schema/bland/").json()
    assert [server["url"] for server in told["servers"]] == ["http://testserver"]
    assert told["paths"].keys() > {"/v1/calls", "/v2/batches/{batch_id}"}


def test_it_names_every_former_value_and_what_replaces_it() -> None:
    warnings = GUIDE.partition("## Warnings")[2].partition("## ")[0]
    for former in parameters.FORMER_VALUES.values():
        for old, new in former.items():
            assert f"`{old}`" in warnings
            assert f"`{new}`" in warnings


def test_every_code_that_it_names_is_one_of_the_code() -> None:
    section = GUIDE.partition("## Refused requests")[2].partition("## ")[0]
    named = set(re.findall(r"`([A-Z_]{6,})`", section))
    assert len(named) > 10
    assert {code for code in named if code not in CODE} == {"CALL_NOT_FOUND", "BATCH_NOT_FOUND"}


@pytest.mark.django_db
@pytest.mark.one_database
def test_requests_are_refused_as_it_says(program: Program) -> None:
    def refused(method: str, path: str, body: Any = None, **headers: str) -> str:
        answer = program.send(method, path, body, **headers)
        return f"{answer.status_code} `{answer.json()['errors'][0]['error']}`"

    program.post("/api/v1/do-not-call", {"phone_number": "+12025550177"})
    told = [
        refused("POST", "/v1/calls", {**CALL, "phone_number": "12"}),
        refused("POST", "/v1/batches", {**BATCH_V1, "call_data": [{"name": "Ada"}]}),
        refused("POST", "/v1/calls", {**CALL, "phone_number": "+12025550177"}),
        refused("POST", "/v1/calls", "[]"),
        refused("GET", "/v1/calls/5c1f"),
        refused("GET", "/v1/batches/5c1f"),
        refused("GET", "/v1/nothing"),
        refused("GET", "/v1/calls", Authorization="Bearer bc_wrong"),
    ]
    section = GUIDE.partition("## Refused requests")[2]
    assert [one for one in told if one.split()[1] not in section] == []
    assert told[0] in section
    assert told[1:4] == ["400 `SOURCE_INVALID`", "400 `DNC_ERROR`", "400 `INVALID_JSON`"]
    assert told[4:] == [
        *("404 `CALL_NOT_FOUND`", "404 `BATCH_NOT_FOUND`", "404 `NOT_FOUND`"),
        "401 `AUTH_FAILURE`",
    ]
