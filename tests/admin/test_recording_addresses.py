"""Whoever has the provider's address of a recording can play it without signing in."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from batchcalls.access import roles
from batchcalls.models import CallResult, Export, ExportKind
from batchcalls.models.call_fields import Place, names_in
from batchcalls.reporting.exports import jobs
from tests.admin.call_rows import person

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
ADDRESS = "https://recordings.example.com/secret.mp3"
EXPORTING = ("view_callresult", "export_callresult")


@pytest.fixture
def call(make_batch: Any, run: Any) -> CallResult:
    run(make_batch("+12025550190"))
    CallResult.objects.update(recording_url=ADDRESS)
    return CallResult.objects.get()


@pytest.mark.parametrize("may", [False, True])
def test_the_call_log_has_it_only_for_those_who_may(call: CallResult, may: bool) -> None:
    user, client = person(*EXPORTING, *["export_recording"] * may)

    answer = client.get("/batchcalls/callresult/export.csv")
    [header, row] = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode()))

    every = names_in(Place.EXPORT)
    assert header == (every if may else [one for one in every if one != "recording_url"])
    assert (ADDRESS in row) is may
    export = Export(kind=ExportKind.CALL_LOG, created_by=user)
    assert list(jobs.table_of(export).header) == header


def test_a_workbook_that_nobody_asked_for_lacks_it(call: CallResult) -> None:
    assert "recording_url" not in jobs.table_of(Export(kind=ExportKind.CALL_LOG)).header


@pytest.mark.parametrize("may", [False, True])
def test_the_page_of_a_call_has_it_only_for_those_who_may(call: CallResult, may: bool) -> None:
    _, client = person("view_callresult", *["export_recording"] * may)

    page = client.get(f"/batchcalls/callresult/{call.pk}/change/").content.decode()

    assert (ADDRESS in page) is may
    assert f"/batchcalls/callresult/{call.pk}/recording/" in page


def test_managers_may_and_analysts_may_not() -> None:
    assert "batchcalls.export_recording" in roles.ROLES["Managers"]
    assert "batchcalls.export_recording" not in roles.ROLES["Analysts"]
