"""A single call has a list without a file. Whatever is done to lists is done to it too."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from batchcalls.drafting import copying
from batchcalls.keeping import retention, stored_files
from batchcalls.keeping.writings import Writings
from batchcalls.models import Batch, ListPart
from batchcalls.reporting.exports.original_rows import OriginalRows
from tests.blandapi.conftest import CALL, HUMAN, Program

VARIABLES = {"request_data": {"name": "Ada, “the first”"}, "metadata": {"crm": "7"}}
ROW = [HUMAN, "Ada, “the first”", "7"]


@pytest.fixture
def single(program: Program) -> Batch:
    answer = program.post("/v1/calls", {**CALL, **VARIABLES})
    return Batch.objects.get(single_call_id=answer.json()["call_id"])


def test_a_call_is_accepted_with_few_queries_and_no_file(
    program: Program, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    program.post("/v1/calls", CALL)
    with django_assert_max_num_queries(32):
        answer = program.post("/v1/calls", CALL)

    batch = Batch.objects.get(single_call_id=answer.json()["call_id"])
    assert (batch.status, batch.row_count) == ("dispatching", 1)
    stored = batch.lists.get()
    assert (stored.status, stored.file.name) == ("imported", "")
    assert not ListPart.objects.exists()


def test_its_row_is_exported_and_cloned_like_one_from_a_file(single: Batch) -> None:
    assert [(number, cells) for number, cells, _ in OriginalRows(single)] == [(2, ROW)]

    copy = copying.clone(single, with_list=True, actor=single.created_by)
    assert copy.status == "draft"
    assert copy.lists.get().samples == [ROW]


def test_its_row_is_erased_with_its_number(single: Batch) -> None:
    writings = Writings(HUMAN)
    found = stored_files.find(writings)
    assert [row.number for _, row in found.rows] == [2]

    stored_files.take_out(found, writings)
    assert single.lists.get().samples == [["", "", ""]]
    assert not stored_files.find(writings).rows


def test_its_row_is_purged_with_uploads(single: Batch) -> None:
    retention.delete_files(list(single.lists.all()))

    assert not list(OriginalRows(single))
    with pytest.raises(FileNotFoundError):
        single.lists.get().open_file()
