"""Run a batch on real processes while workers are killed and the network fails, then check it.

Workers, web server, Redis, database and carrier are processes. The carrier's ledger is the source
of truth: our tables must agree with it. The suite runs a short version, ``tests/benchmarks`` a
long one.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.installation import (
    WEBHOOK_SECRET,
    Installation,
    carrier_environment,
    free_port,
    start_redis,
)
from tests.voice.carrier.process import Carrier

#: All faults at the same time, as shares of requests or webhooks.
FAULTS: dict[str, Any] = {
    "latency_seconds": 0.05,
    "jitter_seconds": 0.04,
    "throttle_rate": 0.05,
    "throttle_retry_after": "0.5",
    # One in twenty answers is lost, and half of these have a call.
    "reset_before_rate": 0.01,
    "error_before_rate": 0.015,
    "reset_after_rate": 0.01,
    "error_after_rate": 0.01,
    "slow_body_rate": 0.005,
    "slow_body_interval_seconds": 0.5,
    "talk_seconds": [0.2, 2.0],
    "outcomes": {"human": 6, "voicemail": 1, "no_answer": 2, "busy": 0.5, "failed": 0.5},
    "webhook_secret": WEBHOOK_SECRET,
    "webhook_delay_seconds": 0.1,
    "webhook_lost_rate": 0.05,
    "webhook_duplicate_rate": 0.3,
    "webhook_reverse_rate": 0.3,
    "webhook_wrong_signature_rate": 0.05,
    "webhook_retries": 5,
}
#: Account timeouts that suit a run of one minute.
OPTIONS = {
    "poll_seconds": 2,
    "silence_seconds": 6,
    "absent_after_seconds": 4,
    "connect_timeout_seconds": 1,
    "read_timeout_seconds": 2,
}
LEASE_SECONDS, STALE_SECONDS = 3, 8
#: The carrier's own prices, and budgets that are never used up.
BUDGETS = {"price_per_minute": "0.14", "price_per_attempt": "0.015", "daily_budget": "100000"}
#: Create a campaign whose policy retries once when no one answers.
CAMPAIGN = [
    "policy = CallingPolicy.objects.create(name='Once more')",
    "policy.retry_rules.create(outcome='no_answer', max_retries=1, wait_seconds=1)",
    "Campaign.objects.create(name='Chaos', prompt='Call {{shop}}.', policy=policy)",
]


@dataclass(slots=True)
class Verdict:
    """The result of a run: ``wrong`` lists the violations as sentences."""

    wrong: list[str] = field(default_factory=list)
    kills: int = 0
    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    webhooks: Counter[str] = field(default_factory=Counter)
    batch_status: str = ""


def run(
    folder: Path,
    database_url: str,
    *,
    recipients: int,
    kills: int,
    workers: int,
    cps: float,
    seed: int = 1,
    seconds: float = 240.0,
) -> Verdict:
    """Run one batch under these faults and return the verdict."""
    dice, verdict, began = random.Random(seed), Verdict(), time.monotonic()
    web, redis = free_port(), free_port()
    with (
        Carrier(seed=seed) as carrier,
        Installation(
            folder,
            database_url,
            **carrier_environment(carrier),
            PUBLIC_URL=f"http://127.0.0.1:{web}",
            LEASE_SECONDS=LEASE_SECONDS,
            STALE_CLAIM_SECONDS=STALE_SECONDS,
            CHUNK_SIZE=500,
            LOG_LEVEL="WARNING",
            WORKERS=2,
            **({"BROKER_URL": f"redis://127.0.0.1:{redis}/0"} if _has_redis() else {}),
        ) as here,
    ):
        carrier.control(**FAULTS)
        if _has_redis():
            start_redis(here, redis)
        here.start_web(web)
        here.act(*CAMPAIGN)
        here.make_account(
            "carrier", provider="bland", cps=cps, concurrency=300, options=OPTIONS, **BUDGETS
        )
        batch = here.make_batch(
            *(recipients, "--account", "carrier", "--campaign", "Chaos", "--budget", "100000")
        )
        hosts = [here.start_worker() for _ in range(workers)]
        pause = 2.0
        while not here.is_over(batch):
            if time.monotonic() - began > seconds:
                verdict.wrong.append(f"After {seconds:.0f} s the batch is not over.")
                break
            time.sleep(dice.uniform(0.5, 1.5) * pause)
            if carrier.live()["requests"]:
                victim = dice.randrange(workers)
                here.kill(hosts[victim])
                hosts[victim] = here.start_worker()
                verdict.kills += 1
                # After enough kills, kill less and less often, so that the run ends.
                pause *= 1.0 if verdict.kills < kills else 1.6
        _judge(verdict, here, carrier, batch)
    verdict.seconds = time.monotonic() - began
    return verdict


def _has_redis() -> bool:
    return shutil.which("redis-server") is not None


def _judge(verdict: Verdict, here: Installation, carrier: Carrier, batch: str) -> None:
    """Compare our tables with the carrier's ledger."""
    ledger = carrier.ledger()
    verdict.answers = Counter(row["answer"] for row in ledger)
    verdict.webhooks = Counter(carrier.live()["counts"])
    calls = here.ask(
        "[[str(c), r, a, p] for c, r, a, p in CallResult.objects"
        ".values_list('call_id', 'recipient', 'attempt', 'provider_call_id')]"
    )
    recipients = here.ask(
        "list(Recipient.objects.values_list('pk', 'e164', 'status', 'attempts', 'reason_code'))"
    )
    verdict.statuses = Counter(status for _, _, status, _, _ in recipients)
    verdict.batch_status = here.ask(f"Batch.objects.get(pk='{batch}').status")
    wrong = verdict.wrong

    sent = Counter(row["correlation_id"] for row in ledger)
    wrong += [f"{one} was sent {times} times." for one, times in sent.items() if times > 1]
    placed = [row for row in ledger if row["call_id"]]
    attempts_of = {number: attempts for _, number, _, attempts, _ in recipients}
    dialed = Counter(row["to"] for row in placed)
    wrong += [
        f"{number} was dialed {times} times in {attempts_of[number]} attempts."
        for number, times in dialed.items()
        if times > attempts_of[number]
    ]
    known = {call_id: provider_id for call_id, _, _, provider_id in calls}
    for row in placed:
        if row["correlation_id"] not in known:
            wrong.append(f"Nothing is known of call {row['call_id']} to {row['to']}.")
        elif known[row["correlation_id"]] not in {row["call_id"], None}:
            wrong.append(f"Call {row['call_id']} is known by another id.")
    ours = {provider_id for provider_id in known.values() if provider_id}
    wrong += [f"{one} is no call of the carrier." for one in ours - {r["call_id"] for r in placed}]

    final = {"done", "failed", "skipped", "unconfirmed"}
    wrong += [
        f"{number} is still {status}."
        for _, number, status, _, _ in recipients
        if status not in final
    ]
    wrong += [
        f"{number} is {status} without a reason."
        for _, number, status, _, reason in recipients
        if status != "done" and not reason
    ]
    short = any(status != "done" for status in verdict.statuses)
    expected = "completed_partial" if short else "completed"
    if verdict.batch_status != expected:
        wrong.append(f"The batch is {verdict.batch_status}, not {expected}.")
    wrong += _wrong_sums(here, batch)


def _wrong_sums(here: Installation, batch: str) -> list[str]:
    """Compare what budgets count with what they would count anew, from the calls."""
    of_batch = f"str(Batch.objects.get(pk='{batch}').spent)"
    of_days = (
        "sorted((d.account_id, str(d.day), str(d.spent)) for d in DailySpending.objects.all())"
    )
    kept = here.ask(of_batch), here.ask(of_days)
    here.act(
        f"spending.recount_batch(Batch.objects.get(pk='{batch}').pk)",
        "for d in DailySpending.objects.all(): spending.recount_day(d.account_id, d.day)",
    )
    counted = here.ask(of_batch), here.ask(of_days)
    found = [] if kept == counted else [f"The sums are {kept}, and {counted} by the calls."]
    if not Decimal(counted[0]):
        found.append("The calls cost nothing.")
    return found
