"""Whether workers run and their clocks are right, by their heartbeats."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from batchcalls.models import VoiceAccount, WorkerHeartbeat

#: A worker sweeps each minute. After three minutes without a heartbeat it counts as missing.
HEARTBEAT_LIMIT = timedelta(minutes=3)


def worker_state(now: datetime) -> dict[str, Any]:
    """Return ``ok``, the age of the last heartbeat, and what to do if there is none."""
    last = WorkerHeartbeat.objects.order_by("-at").values_list("at", flat=True).first()
    if last is None:
        return {"ok": False, "detail": "No worker has ever run. Start: python manage.py qcluster"}
    age = now - last
    answer: dict[str, Any] = {"ok": age <= HEARTBEAT_LIMIT, "seconds_ago": int(age.total_seconds())}
    if not answer["ok"]:
        answer["detail"] = "No worker is running. Start: python manage.py qcluster"
    return answer


def living_workers(now: datetime) -> QuerySet[WorkerHeartbeat]:
    """Return the hosts whose workers do not count as missing."""
    return WorkerHeartbeat.objects.filter(at__gte=now - HEARTBEAT_LIMIT)


def clock_state(now: datetime) -> dict[str, Any]:
    """Return ``ok``, and in ``detail`` which clocks of workers and voice accounts are off.

    The answer is public, so it names no hosts or accounts.
    """
    workers = living_workers(now)
    accounts = VoiceAccount.objects.filter(enabled=True, clock_ahead_seconds__isnull=False)
    problems = [worker.clock_problem for worker in workers]
    problems += [account.clock_problem for account in accounts]
    distinct = dict.fromkeys(filter(None, problems))
    if not distinct:
        return {"ok": True}
    return {"ok": False, "detail": f"{' '.join(distinct)} Synchronize the clocks (NTP)."}
