"""The health endpoints for load balancers and monitors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from batchcalls import health, tasks
from batchcalls.batches import lifecycle
from batchcalls.calling import chunks
from batchcalls.intake import runner
from batchcalls.models import Recipient, WorkerHeartbeat
from batchcalls.reporting import worker_state

pytestmark = pytest.mark.django_db


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["checks"]


@pytest.fixture
def worker() -> None:
    tasks.sweep()


def test_a_process_that_answers_is_healthy(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.parametrize("probe", ["/healthz", "/readyz"])
def test_a_load_balancer_may_name_a_host_by_its_address(client: Client, probe: str) -> None:
    assert client.get(probe, headers={"Host": "10.20.30.40:8000"}).status_code in {200, 503}
    assert client.get("/login/", headers={"Host": "10.20.30.40:8000"}).status_code == 400


def test_probes_get_an_answer_without_https(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/hooks/voice/1/").status_code == 301


@pytest.mark.usefixtures("worker")
def test_a_working_installation_is_ready(client: Client) -> None:
    status, checks = ready(client)
    assert status == 200
    assert {name for name, check in checks.items() if check["ok"]} == {
        "database",
        "migrations",
        "worker",
        "clocks",
        "oldest_due",
        "emergency_stop",
        "backup",
        "storage",
    }


def test_without_a_worker_it_is_not_ready(client: Client) -> None:
    status, checks = ready(client)
    assert status == 503
    assert "qcluster" in checks["worker"]["detail"]


@pytest.mark.usefixtures("worker")
def test_a_worker_that_fell_silent_is_missed(client: Client) -> None:
    WorkerHeartbeat.objects.update(at=timezone.now() - worker_state.HEARTBEAT_LIMIT)
    status, checks = ready(client)
    assert (status, checks["worker"]["ok"]) == (503, False)
    assert checks["worker"]["seconds_ago"] >= 180
    tasks.sweep()
    assert ready(client)[0] == 200


@pytest.mark.usefixtures("worker")
def test_recipients_that_are_due_while_nobody_is_called_are_noticed(
    client: Client, make_batch: Any, account: Any
) -> None:
    batch = make_batch("+12025550190")
    lifecycle.submit(batch, launch=True)
    runner.run_batch(batch.pk, seconds=5)
    chunks.queue_due(account, now=timezone.now())
    late = timezone.now() - timedelta(minutes=11)
    Recipient.objects.update(due_at=late)
    status, checks = ready(client)
    assert (status, checks["oldest_due"]["ok"]) == (503, False)
    assert checks["oldest_due"]["seconds"] >= 660

    lifecycle.pause(batch)
    assert ready(client)[0] == 200


@pytest.mark.usefixtures("worker")
def test_a_worker_whose_clock_is_off_is_noticed(client: Client) -> None:
    WorkerHeartbeat.objects.update(clock_ahead_seconds=4)
    assert ready(client)[0] == 200
    WorkerHeartbeat.objects.update(clock_ahead_seconds=300)
    status, checks = ready(client)
    assert (status, checks["clocks"]["ok"]) == (503, False)
    assert "is 300 s ahead of the database's; it does not call." in checks["clocks"]["detail"]

    gone = timezone.now() - worker_state.HEARTBEAT_LIMIT
    WorkerHeartbeat.objects.create(host="other", at=timezone.now())
    WorkerHeartbeat.objects.filter(clock_ahead_seconds=300).update(at=gone)
    assert ready(client)[0] == 200


@pytest.mark.usefixtures("worker")
def test_a_clock_that_differs_from_a_provider_s_is_noticed(client: Client, account: Any) -> None:
    type(account).objects.update(clock_ahead_seconds=-900)
    status, checks = ready(client)
    assert status == 503
    assert "Our clock is 900 s behind the provider's." in checks["clocks"]["detail"]
    type(account).objects.update(enabled=False)
    assert ready(client)[0] == 200


@pytest.mark.usefixtures("worker")
def test_missing_migrations_are_noticed(client: Client) -> None:
    health._is_migrated.cache_clear()
    last = MigrationRecorder(connection).migration_qs.filter(app="batchcalls").latest("name")
    last.delete()
    status, checks = ready(client)
    assert status == 503
    assert "migrate" in checks["migrations"]["detail"]
    call_command("migrate", "batchcalls", last.name, fake=True, verbosity=0)
    assert ready(client)[0] == 200


def test_the_answer_names_nobody(client: Client, make_batch: Any) -> None:
    batch = make_batch("+12025550190")
    tasks.sweep()
    body = client.get("/readyz").content.decode()
    host = WorkerHeartbeat.objects.get().host
    assert not any(secret in body for secret in (host, str(batch.pk), "+1202"))
