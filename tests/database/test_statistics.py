"""PostgreSQL's planner knows how full the tables are that calling fills within seconds."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.database import statistics
from batchcalls.database.bulk import insert_each
from batchcalls.intake import runner
from batchcalls.models import Batch
from campaigns.models import Suppression

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite's planner needs no statistics."
    ),
]

TABLE = "campaigns_suppression"


def add(count: int, *, first: int) -> None:
    rows = [
        (f"+1415{first + number:07}", "test", "manual", timezone.now()) for number in range(count)
    ]
    insert_each(Suppression, ("e164", "reason", "source", "created_at"), rows)


def renewed(*, whatever_size: bool = False) -> list[str]:
    """Return what `renew` renews once the server has counted the changes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
    return statistics.renew(Suppression, whatever_size=whatever_size)


def known_rows(table: str = TABLE) -> int:
    """Return how many rows the planner believes a table to have; -1 if it was never analyzed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table])
        return int(cursor.fetchone()[0])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few rows be many, counted by the server as soon as they are stored."""
    renew = statistics.renew

    def renew_now(*models: type[Model], whatever_size: bool = False) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")
        return renew(*models, whatever_size=whatever_size)

    monkeypatch.setattr(statistics, "CHANGED", 5)
    monkeypatch.setattr(statistics, "renew", renew_now)


@pytest.mark.usefixtures("small")
def test_the_planner_knows_the_rows_of_a_list_and_the_calls_of_a_worker(
    make_batch: Any, run: Any
) -> None:
    batch = make_batch(*(f"+1202555{number:04}" for number in range(100, 140)))
    lifecycle.submit(batch, launch=False)
    runner.run_batch(batch.pk, seconds=30)
    assert known_rows("batchcalls_recipient") == 40
    assert known_rows("batchcalls_callresult") <= 0
    lifecycle.launch(Batch.objects.get(pk=batch.pk))
    run(batch, launch=False)
    assert known_rows("batchcalls_callresult") > 0


def test_a_table_that_is_locked_is_passed_over() -> None:
    add(statistics.CHANGED + 100, first=0)
    parameters = connection.get_connection_params()
    names = {name: parameters[name] for name in ("host", "port", "user", "dbname")}
    with psycopg.connect(**names) as other:
        other.execute(f"LOCK TABLE {TABLE} IN SHARE UPDATE EXCLUSIVE MODE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
            renewed()
            cursor.execute("RESET lock_timeout")
    assert known_rows() <= 0


def test_a_table_is_analyzed_when_it_has_grown_much() -> None:
    add(statistics.CHANGED + 100, first=0)
    assert renewed() == [TABLE]
    assert known_rows() == statistics.CHANGED + 100
    add(statistics.CHANGED + 100, first=5_000)
    assert renewed() == [], "twice as many rows need no other plans"
    add(3 * statistics.CHANGED, first=10_000)
    assert renewed() == [TABLE]


def test_large_tables_are_left_to_autovacuum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MOST_ROWS", statistics.CHANGED)
    add(2 * statistics.CHANGED, first=0)
    assert renewed() == []
    assert renewed(whatever_size=True) == [TABLE]
