"""Searching calls by parts of numbers and by the beginning of an id."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, connection

from batchcalls import checks
from batchcalls.database import trigrams
from batchcalls.models import CallResult, Recipient, querysets
from batchcalls.reporting.filters.recipients import RecipientFilter
from tests.admin.call_rows import make_calls


@pytest.mark.django_db
def test_digits_are_found_within_numbers_and_ids_by_their_beginning(make_batch: Any) -> None:
    batch, other = make_batch("+12025550190"), make_batch("+12025550190")
    [call] = make_calls(batch, 1)
    [second] = make_calls(other, 1)
    CallResult.objects.filter(pk=call.pk).update(to_number="+12025550147", provider_call_id="p-1")
    CallResult.objects.filter(pk=second.pk).update(to_number="+12125559999")

    def found(text: str, **options: Any) -> set[int]:
        rows = CallResult.objects.search(text, **options)
        return set(rows.values_list("pk", flat=True))

    for text in ("555014", "147", "+1202555", "p-1", str(call.call_id)[:10], str(batch.pk)[:9]):
        assert found(text) == {call.pk}, text
    assert found("555") == {call.pk, second.pk}
    assert found("555 9999") == {second.pk}
    assert found("p-") == found("0000000") == set()
    assert found("5550147", parts_of_numbers=False) == set()
    assert found("+12025550147", parts_of_numbers=False) == {call.pk}


@pytest.mark.django_db
@pytest.mark.parametrize("most", [0, querysets.MOST_NUMBERS])
def test_recipients_are_found_by_digits_of_numbers_that_cannot_be_called_too(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    # Rare digits are looked up in an index first, common ones are not.
    monkeypatch.setattr(querysets, "MOST_NUMBERS", most)
    make_batch("+12025550147")
    batch = make_batch("+12025550190")
    usable = {"e164": "+12025550147", "raw_number": "(202) 555-0147"}
    Recipient.objects.create(batch=batch, row_number=90, **usable)
    Recipient.objects.create(
        batch=batch, row_number=91, raw_number="5550147 ext", status="skipped", reason_code="x"
    )
    for text, rows in {"5550147": [90, 91], "555-0147": [90], "ext": [91]}.items():
        shown = RecipientFilter({"q": text}, queryset=Recipient.objects.filter(batch=batch)).qs
        assert sorted(shown.values_list("row_number", flat=True)) == rows, text


@pytest.mark.one_database
def test_a_database_that_refuses_the_extension_is_migrated_without_the_index() -> None:
    ran = []

    class Cursor:
        def __enter__(self) -> Cursor:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def execute(self, sql: str) -> None:
            ran.append(sql)
            raise DatabaseError("permission denied to create extension")

    other = SimpleNamespace(vendor="postgresql", cursor=Cursor)
    trigrams.create(None, SimpleNamespace(connection=other))  # type: ignore[arg-type]
    assert ran == ["CREATE EXTENSION IF NOT EXISTS pg_trgm"]


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no trigrams.")
def test_parts_of_numbers_are_found_by_the_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
    plan = CallResult.objects.order_by().with_digits("5550147").explain()
    assert trigrams.NAME in plan


@pytest.mark.django_db
@pytest.mark.database
def test_a_check_names_the_index_that_is_missing_and_how_to_create_it() -> None:
    assert checks.check_number_search(None, databases=["default"]) == []
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER INDEX {trigrams.NAME} RENAME TO elsewhere")
    [warning] = checks.check_number_search(None, databases=["default"])
    assert warning.id == "batchcalls.W007"
    assert f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {trigrams.NAME}" in str(warning.hint)
    assert checks.check_number_search(None) == []
