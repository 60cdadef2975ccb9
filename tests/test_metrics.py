"""The metrics for Prometheus, read with its own parsers and compared with the rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as open_parser

from batchcalls.batches import spending
from batchcalls.models import (
    Batch,
    CallEvent,
    CallResult,
    DailySpending,
    EmergencyStop,
    VoiceAccount,
    WebhookDelivery,
    WebhookEndpoint,
    WorkerHeartbeat,
)
from batchcalls.states import BATCH_TERMINAL, CallStatus, RecipientStatus

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-the-monitoring"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
ROOT = Path(django_settings.BASE_DIR)

#: Tables with a row for each account, endpoint, host, or day, or with few old rows.
SMALL_TABLES = {
    "batchcalls_voiceaccount",
    "batchcalls_webhookendpoint",
    "batchcalls_workerheartbeat",
    "batchcalls_dailyspending",
    "django_q_task",
}

Figures = dict[tuple[str, ...], float]


@pytest.fixture(autouse=True)
def token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def scrape(client: Client) -> Figures:
    answer = client.get("/metrics", headers=AUTHORIZED)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("text/plain; version=")
    families = text_parser.text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def calls(launched: Callable[..., Batch]) -> list[CallResult]:
    """Three calls of today: queued, unknown, and completed; and one of the day before."""
    batch = launched(*(f"+1202555019{digit}" for digit in range(4)))
    now = timezone.now()
    statuses = (CallStatus.QUEUED, CallStatus.UNKNOWN, CallStatus.COMPLETED, CallStatus.COMPLETED)
    return [
        CallResult.objects.create(
            batch=batch,
            recipient=recipient,
            account=batch.account,
            attempt=1,
            to_number=recipient.e164,
            status=status,
            claimed_at=now - timedelta(days=2) if place == 3 else now,
            ended_at=now if status == CallStatus.COMPLETED else None,
        )
        for place, (recipient, status) in enumerate(
            zip(batch.recipients.order_by("pk"), statuses, strict=True)
        )
    ]


@pytest.mark.parametrize(
    ("configured", "headers", "status"),
    [
        ("", AUTHORIZED, 404),
        ("", {"Authorization": "Bearer "}, 404),
        (TOKEN, {}, 401),
        (TOKEN, {"Authorization": f"Bearer {TOKEN}x"}, 401),
        (TOKEN, {"Authorization": f"Basic {TOKEN}"}, 401),
        (TOKEN, {"Authorization": "Bearer ü"}, 401),
    ],
)
@pytest.mark.one_database
def test_without_the_token_nothing_is_told(
    admin_client: Client, settings: Any, configured: str, headers: dict[str, str], status: int
) -> None:
    settings.METRICS_TOKEN = configured
    with CaptureQueriesContext(connection) as queries:
        answer = admin_client.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert b"batchcalls_" not in answer.content
    assert not queries
    assert ("WWW-Authenticate" in answer) is (status == 401)


def test_calls_are_counted_by_account_and_status(
    client: Client, calls: list[CallResult], account: VoiceAccount
) -> None:
    found = scrape(client)
    name = account.name
    assert found["batchcalls_calls_started_total", name] == 3
    assert found["batchcalls_calls_ended_total", name, "completed"] == 1
    assert found["batchcalls_calls_ended_total", name, "busy"] == 0
    assert found["batchcalls_calls_live", name, "queued"] == 1
    assert found["batchcalls_calls_live", name, "ringing"] == 0
    assert found["batchcalls_calls_unconfirmed", name] == 1


def test_a_call_that_turns_up_after_all_lowers_no_counter(
    client: Client, calls: list[CallResult], account: VoiceAccount
) -> None:
    CallResult.objects.filter(pk=calls[1].pk).update(
        status=CallStatus.NOT_PLACED, ended_at=timezone.now()
    )
    before = scrape(client)
    CallResult.objects.filter(pk=calls[1].pk).update(status=CallStatus.COMPLETED)
    after = scrape(client)
    counters = [key for key in before if key[0].endswith("_total")]
    assert counters
    assert all(before[key] <= after[key] for key in counters)
    assert after["batchcalls_calls_started_total", account.name] == 3


def test_waiting_work_is_told_with_its_age(
    client: Client, calls: list[CallResult], account: VoiceAccount
) -> None:
    now = timezone.now()
    calls[0].batch.recipients.update(
        status=RecipientStatus.QUEUED, due_at=now - timedelta(minutes=5)
    )
    CallEvent.objects.create(
        account=account,
        event_key="1",
        status=CallStatus.RINGING,
        occurred_at=now,
        received_at=now,
        apply_at=now - timedelta(minutes=4),
    )
    resting = WebhookEndpoint.objects.create(
        url="https://example.com/a", resting_until=now + timedelta(hours=1), failing_since=now
    )
    for place, (endpoint, minutes) in enumerate([(None, 3), (resting, 30)]):
        WebhookDelivery.objects.create(
            event_id=str(place),
            endpoint=endpoint,
            body="{}",
            next_attempt_at=now - timedelta(minutes=minutes),
            give_up_at=now,
        )
    found = scrape(client)
    assert found["batchcalls_queue_age_seconds",] == pytest.approx(300, abs=60)
    assert found["batchcalls_provider_events_waiting",] == 1
    assert found["batchcalls_provider_event_lag_seconds",] == pytest.approx(240, abs=60)
    assert found["batchcalls_webhook_deliveries_waiting",] == 2
    assert found["batchcalls_webhook_delivery_lag_seconds",] == pytest.approx(180, abs=60)
    assert found["batchcalls_webhook_endpoints_failing",] == 1


def test_workers_clocks_stops_and_money_are_told(
    client: Client, calls: list[CallResult], account: VoiceAccount
) -> None:
    now = timezone.now()
    for host, ahead, minutes in (("a", 0.5, 0), ("b", -7.0, 1), ("gone", 900, 9)):
        WorkerHeartbeat.objects.create(
            host=host, at=now - timedelta(minutes=minutes), clock_ahead_seconds=ahead
        )
    EmergencyStop.objects.create(reason="Wrong list")
    VoiceAccount.objects.filter(pk=account.pk).update(
        clock_ahead_seconds=-90, daily_budget=20, held_until=now + timedelta(hours=1)
    )
    DailySpending.objects.create(
        account=account, day=spending.day_of(now), spent=Decimal("12.34500")
    )
    found = scrape(client)
    assert found["batchcalls_worker_hosts",] == 2
    assert found["batchcalls_worker_clock_offset_seconds",] == 7
    assert found["batchcalls_account_clock_offset_seconds", account.name] == -90
    assert found["batchcalls_account_held", account.name] == 1
    assert found["batchcalls_emergency_stop",] == 1
    assert found["batchcalls_spending_today", account.name, "USD"] == 12.345
    assert found["batchcalls_daily_budget", account.name, "USD"] == 20
    assert found["batchcalls_batches", calls[0].batch.status] == 1
    statuses = {key[1] for key in found if key[0] == "batchcalls_batches"}
    assert not statuses & BATCH_TERMINAL


def test_a_scrape_costs_the_same_whatever_there_is(
    client: Client, calls: list[CallResult], django_assert_num_queries: Any
) -> None:
    with CaptureQueriesContext(connection) as few:
        scrape(client)
    other = VoiceAccount.objects.create(name="other", provider="simulator")
    Batch.objects.create(account=other, prompt="Hello.")
    WorkerHeartbeat.objects.create(host="a", at=timezone.now())
    with django_assert_num_queries(len(few)):
        scrape(client)
    assert len(few) <= 14
    if connection.vendor == "sqlite":
        plans = plans_of(few)
        whole = {plan.split()[1] for plan in plans if re.fullmatch(r"SCAN \w+", plan)}
        assert whole <= SMALL_TABLES
        of_calls = [plan for plan in plans if plan.startswith("SEARCH batchcalls_callresult")]
        assert [re.findall(r"call_\w+", plan)[0] for plan in of_calls] == [
            "call_not_ended",
            "call_ended_by_account",
        ]


def plans_of(queries: CaptureQueriesContext) -> list[str]:
    """Return the steps by which SQLite answers the queries."""
    plans: list[str] = []
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plans += [str(row[-1]) for row in cursor.fetchall()]
    return plans


@pytest.mark.one_database
def test_names_and_labels_follow_the_conventions_and_name_nobody(
    client: Client, calls: list[CallResult]
) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = client.get("/metrics", headers=AUTHORIZED | accept)
    assert answer["Content-Type"].startswith("application/openmetrics-text")
    text = answer.content.decode()
    families = list(open_parser.text_string_to_metric_families(text))
    for family in families:
        assert family.documentation.endswith("."), family.name
        assert re.fullmatch(r"batchcalls_[a-z_]+", family.name)
        labels = {label for sample in family.samples for label in sample.labels}
        assert labels <= {"account", "status", "currency"}
    assert not any(str(secret) in text for secret in (calls[0].batch.pk, "+1202", "example"))

    guide = (ROOT / "config/README.md").read_text("utf-8").partition("## Metrics")[2]
    told = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    documented = set(re.findall(r"^\| `(batchcalls_\w+)` \|", guide, re.MULTILINE))
    assert documented == told

    rules = yaml.safe_load((ROOT / "config/deploy/alerts.yml").read_text("utf-8"))
    alerts = [alert for group in rules["groups"] for alert in group["rules"]]
    for alert in alerts:
        assert {"alert", "expr", "labels", "annotations"} <= alert.keys()
        assert set(re.findall(r"batchcalls_\w+", alert["expr"])) <= told, alert["alert"]
        used = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
        assert used <= {"account"}
