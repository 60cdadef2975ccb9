"""PostgreSQL's planner knows how full the tables are that calling fills within seconds."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from batchcalls.database import statistics
from batchcalls.database.bulk import insert_each
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


def known_rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [TABLE])
        return int(cursor.fetchone()[0])


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
