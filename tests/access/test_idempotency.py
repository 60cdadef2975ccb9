"""Names of requests are kept for a day, and deleted by the sweep after it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batchcalls import tasks
from batchcalls.access import api_keys, idempotency
from batchcalls.models import ApiKey, IdempotentRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> ApiKey:
    return api_keys.create(User.objects.create_user("dana"), name="CRM", scopes=["calls:read"])[0]


def store(key: ApiKey, name: str, *, age: timedelta) -> None:
    IdempotentRequest.objects.create(api_key=key, name=name, created_at=timezone.now() - age)


def names() -> set[str]:
    return set(IdempotentRequest.objects.values_list("name", flat=True))


def test_the_sweep_deletes_requests_older_than_a_day_and_keeps_the_others(key: ApiKey) -> None:
    store(key, "90 days", age=timedelta(days=90))
    store(key, "just over a day", age=timedelta(hours=24, seconds=1))
    store(key, "almost a day", age=timedelta(hours=23, minutes=59))
    tasks.sweep()
    assert names() == {"almost a day"}


def test_one_run_deletes_the_oldest_in_short_statements_and_leaves_the_rest(
    key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "FORGOTTEN_AT_ONCE", 2)
    monkeypatch.setattr(idempotency, "FORGOTTEN_PER_RUN", 4)
    for days in range(2, 8):
        store(key, f"{days} days", age=timedelta(days=days))
    assert idempotency.forget() == 4
    assert names() == {"2 days", "3 days"}
    assert idempotency.forget() == 2
    assert idempotency.forget() == 0


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL scans tables that are this short."
)
def test_expired_requests_are_found_by_an_index(key: ApiKey) -> None:
    store(key, "old", age=timedelta(days=2))
    with CaptureQueriesContext(connection) as queries:
        idempotency.forget()
    for query in queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            steps: list[Any] = [step for *_, step in cursor.fetchall()]
        assert steps
        assert not [step for step in steps if not step.startswith("SEARCH")], query["sql"]
