"""Metrics for Prometheus, counted from rows, because several processes and hosts do the work.

Each scrape costs a fixed number of queries, and each query reads an index of work that is open or
of calls that were claimed today. Labels are voice accounts, statuses, and currencies: few values,
and none of them about a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import Count, Min, Q
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from batchcalls import queue
from batchcalls.batches import spending
from batchcalls.database import clock
from batchcalls.models import (
    Batch,
    CallEvent,
    CallResult,
    DailySpending,
    EmergencyStop,
    VoiceAccount,
    WebhookDelivery,
    WebhookEndpoint,
)
from batchcalls.reporting.worker_state import living_workers
from batchcalls.states import (
    BATCH_TERMINAL,
    CALL_FINAL,
    CALL_GIVEN_UP,
    CALL_IN_DOUBT,
    CALL_LIVE,
    BatchStatus,
    CallStatus,
)

#: Final statuses that no call leaves again, so that their counters only rise.
COUNTED = CALL_FINAL - CALL_GIVEN_UP
OPEN = CALL_LIVE | CALL_IN_DOUBT


def exposition(accept: str) -> tuple[bytes, str]:
    """Return all metrics in the format that an Accept header asks for, and its content type."""
    registry = CollectorRegistry()
    registry.register(Installation())
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class Installation(Collector):
    """The metrics of the whole installation."""

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering does not count the rows a first time."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its values of this moment."""
        now = clock.now()
        accounts = list(VoiceAccount.objects.order_by("pk"))
        yield from _calls(accounts, now)
        yield from _queue(now)
        yield from _webhooks(now)
        yield from _workers(now)
        yield from _batches(accounts)
        yield from _accounts(accounts, now)
        yield from _spending(accounts, now)


def _calls(accounts: list[VoiceAccount], now: datetime) -> Iterator[Metric]:
    midnight = spending.start_of(spending.day_of(now))
    of_accounts = CallResult.objects.filter(account__in=[one.pk for one in accounts]).order_by()
    by_status = of_accounts.values_list("account", "status")
    # The statuses lead SQLite to the index of the calls that have not ended.
    open_calls = by_status.filter(ended_at=None, status__in=_in_order(OPEN)).annotate(
        calls=Count("pk"), today=Count("pk", filter=Q(claimed_at__gte=midnight))
    )
    ended_today = by_status.filter(ended_at__isnull=False, claimed_at__gte=midnight).annotate(
        calls=Count("pk")
    )
    started: Counter[int] = Counter()
    counts: Counter[tuple[int, str]] = Counter()
    for account, status, calls, today in open_calls:
        counts[account, status] = calls
        started[account] += today
    for account, status, calls in ended_today:
        counts[account, status] = calls
        started[account] += calls

    total = CounterMetricFamily(
        "batchcalls_calls_started",
        "Attempts to place a call since midnight in TIME_ZONE, when the counter restarts.",
        labels=["account"],
    )
    ended = CounterMetricFamily(
        "batchcalls_calls_ended",
        "Ended calls among those started since midnight, by their final status.",
        labels=["account", "status"],
    )
    live = GaugeMetricFamily(
        "batchcalls_calls_live",
        "Calls that are placed and have not ended, by status.",
        labels=["account", "status"],
    )
    unconfirmed = GaugeMetricFamily(
        "batchcalls_calls_unconfirmed",
        "Calls of which it is unknown whether they were placed.",
        labels=["account"],
    )
    for account in accounts:
        total.add_metric([account.name], started[account.pk])
        for status in _in_order(COUNTED):
            ended.add_metric([account.name, status], counts[account.pk, status])
        for status in _in_order(CALL_LIVE):
            live.add_metric([account.name, status], counts[account.pk, status])
        doubtful = sum(counts[account.pk, status] for status in CALL_IN_DOUBT)
        unconfirmed.add_metric([account.name], doubtful)
    yield from (total, ended, live, unconfirmed)


def _in_order(statuses: Iterable[str]) -> list[str]:
    return [status.value for status in CallStatus if status in statuses]


def _queue(now: datetime) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "batchcalls_queue_age_seconds",
        "How long the recipient who has been due longest has waited to be called.",
        value=_age(Batch.objects.dialing().first_due_at(), now),
    )
    yield GaugeMetricFamily(
        "batchcalls_tasks_failed",
        "Tasks of the workers that ended with an error; see Workers.",
        value=queue.failed_tasks(),
    )


def _webhooks(now: datetime) -> Iterator[Metric]:
    waiting = WebhookDelivery.objects.waiting()
    yield GaugeMetricFamily(
        "batchcalls_webhook_deliveries_waiting",
        "Outgoing webhooks that are not delivered yet, including retries.",
        value=waiting.count(),
    )
    due = waiting.rested(now).order_by("next_attempt_at", "pk")
    yield GaugeMetricFamily(
        "batchcalls_webhook_delivery_lag_seconds",
        "How long the outgoing webhook that has been due longest has waited to be sent.",
        value=_age(due.values_list("next_attempt_at", flat=True).first(), now),
    )
    yield GaugeMetricFamily(
        "batchcalls_webhook_endpoints_failing",
        "Webhook endpoints that fail, or were switched off because they failed.",
        value=WebhookEndpoint.objects.failing().count(),
    )
    events = CallEvent.objects.filter(apply_at__isnull=False).order_by()
    received = events.aggregate(events=Count("pk"), first=Min("apply_at"))
    yield GaugeMetricFamily(
        "batchcalls_provider_events_waiting",
        "Webhooks of voice providers that are stored and not applied yet.",
        value=received["events"],
    )
    yield GaugeMetricFamily(
        "batchcalls_provider_event_lag_seconds",
        "How long the provider webhook that has been due longest has waited to be applied.",
        value=_age(received["first"], now),
    )


def _workers(now: datetime) -> Iterator[Metric]:
    offsets = living_workers(now).values_list("clock_ahead_seconds", flat=True)
    ahead = list(offsets)
    yield GaugeMetricFamily(
        "batchcalls_worker_hosts",
        "Hosts whose workers were seen in the last three minutes.",
        value=len(ahead),
    )
    yield GaugeMetricFamily(
        "batchcalls_worker_clock_offset_seconds",
        "The largest difference between the clock of such a host and the database's.",
        value=max(map(abs, ahead), default=0),
    )
    yield GaugeMetricFamily(
        "batchcalls_web_clock_offset_seconds",
        "How far the clock of the answering host is ahead of the database's.",
        value=clock.ahead_seconds(),
    )


def _batches(accounts: list[VoiceAccount]) -> Iterator[Metric]:
    statuses = [status.value for status in BatchStatus if status not in BATCH_TERMINAL]
    batches = Batch.objects.filter(account__in=[one.pk for one in accounts], status__in=statuses)
    counts = dict(batches.order_by().values_list("status").annotate(batches=Count("*")))
    metric = GaugeMetricFamily(
        "batchcalls_batches", "Batches that have not ended, by status.", labels=["status"]
    )
    for status in statuses:
        metric.add_metric([status], counts.get(status, 0))
    yield metric
    yield GaugeMetricFamily(
        "batchcalls_emergency_stop",
        "1 while all calling is stopped.",
        value=EmergencyStop.objects.in_force().exists(),
    )


def _accounts(accounts: list[VoiceAccount], now: datetime) -> Iterator[Metric]:
    enabled = GaugeMetricFamily(
        "batchcalls_account_enabled", "1 if the voice account is switched on.", labels=["account"]
    )
    held = GaugeMetricFamily(
        "batchcalls_account_held",
        "1 while calls of the voice account wait for its provider or for the next day's budget.",
        labels=["account"],
    )
    slow = GaugeMetricFamily(
        "batchcalls_account_database_slow",
        "1 while the voice account does not dial because the database is slow.",
        labels=["account"],
    )
    offset = GaugeMetricFamily(
        "batchcalls_account_clock_offset_seconds",
        "How far our clock is ahead of the provider's, if its answers tell.",
        labels=["account"],
    )
    for account in accounts:
        enabled.add_metric([account.name], account.enabled)
        held.add_metric([account.name], account.is_held(now))
        slow.add_metric([account.name], bool(account.database_problem(now)))
        if account.clock_ahead_seconds is not None:
            offset.add_metric([account.name], account.clock_ahead_seconds)
    yield from (enabled, held, slow, offset)


def _spending(accounts: list[VoiceAccount], now: datetime) -> Iterator[Metric]:
    days = DailySpending.objects.filter(day=spending.day_of(now))
    spent = dict(days.order_by().values_list("account", "spent"))
    # A gauge, because a later price may correct it downward.
    today = GaugeMetricFamily(
        "batchcalls_spending_today",
        "Cost of the ended calls of today in TIME_ZONE, in the unit of the currency.",
        labels=["account", "currency"],
    )
    budget = GaugeMetricFamily(
        "batchcalls_daily_budget",
        "Daily budget of the voice account, if it has one.",
        labels=["account", "currency"],
    )
    for account in accounts:
        labels = [account.name, account.currency]
        today.add_metric(labels, float(spent.get(account.pk, 0)))
        if account.daily_budget is not None:
            budget.add_metric(labels, float(account.daily_budget))
    yield from (today, budget)


def _age(moment: datetime | None, now: datetime) -> float:
    """Return the seconds since a moment; 0 if there is none or it is still to come."""
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
