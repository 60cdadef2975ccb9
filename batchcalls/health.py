"""Health checks for load balancers (`healthz`) and monitoring (`readyz`), and `metrics`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from batchcalls.batches import epochs
from batchcalls.database import clock, disks
from batchcalls.models import Batch, CallResult, EmergencyStop, Export, StoredList, VoiceAccount
from batchcalls.reporting import metrics as prometheus
from batchcalls.reporting.worker_state import clock_state, worker_state
from batchcalls.states import ExportStatus

log = structlog.get_logger(__name__)

#: A recipient may wait a long time for its turn. But if its account places no call at all for this
#: long, something is wrong.
STALLED_LIMIT = timedelta(minutes=10)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that this process is running; check nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Report on database, workers, clocks, due recipients and more; 503 if anything fails.

    The answer contains no hosts, numbers or batches, because it is public.
    """
    checks: dict[str, dict[str, Any]] = {}
    for name, check in CHECKS.items():
        try:
            checks[name] = check(clock.now())
        except DatabaseError:
            log.exception("health.check_failed", check=name)
            checks[name] = {"ok": False, "detail": "The database does not answer as it should."}
    ready = all(check["ok"] for check in checks.values())
    return JsonResponse(
        {"status": "ok" if ready else "failing", "checks": checks}, status=200 if ready else 503
    )


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus. 401 without METRICS_TOKEN as bearer token, 404 if it is not set."""
    if not settings.METRICS_TOKEN:
        return HttpResponse("Set METRICS_TOKEN first.\n", status=404, content_type="text/plain")
    authorization = request.headers.get("Authorization", "")
    if not constant_time_compare(authorization, f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse(
            "Send METRICS_TOKEN as bearer token.\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Bearer"},
        )
    body, content_type = prometheus.exposition(request.headers.get("Accept", ""))
    return HttpResponse(body, content_type=content_type)


def _database(now: datetime) -> dict[str, Any]:
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if not _is_migrated():
        return {"ok": True}
    accounts = VoiceAccount.objects.filter(enabled=True, database_slow_at__isnull=False)
    problem = next(filter(None, (account.database_problem(now) for account in accounts)), "")
    return {"ok": False, "detail": problem} if problem else {"ok": True}


def _migrations(now: datetime) -> dict[str, Any]:
    if _is_migrated():
        return {"ok": True}
    _is_migrated.cache_clear()
    return {"ok": False, "detail": "Migrations are missing. Run: python manage.py migrate"}


@cache
def _is_migrated() -> bool:
    """Return whether all migrations are applied; True is cached for the life of the process."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _oldest_due(now: datetime) -> dict[str, Any]:
    waits = {
        account: now - due
        for account in VoiceAccount.objects.all()
        if (due := Batch.objects.dialing().filter(account=account).first_due_at()) and due < now
    }
    longest = max(waits.values(), default=timedelta())
    answer: dict[str, Any] = {"ok": True, "seconds": int(longest.total_seconds())}
    stalled = [account for account, wait in waits.items() if wait > STALLED_LIMIT]
    if any(_since_last_call(account, now) > STALLED_LIMIT for account in stalled):
        answer |= {"ok": False, "detail": "Recipients are due, but no one is being called."}
    return answer


def _since_last_call(account: VoiceAccount, now: datetime) -> timedelta:
    newest = CallResult.objects.filter(account=account).order_by("-pk").values_list("claimed_at")
    last = newest.first()
    return now - last[0] if last else timedelta.max


def _emergency_stop(now: datetime) -> dict[str, Any]:
    """Report whether all calling is stopped; that is intentional, so it is not a failure."""
    since = EmergencyStop.objects.in_force().values_list("stopped_at", flat=True).first()
    if since is None:
        return {"ok": True}
    return {
        "ok": True,
        "detail": "All calling is stopped. Lift it: python manage.py stopcalls --lift",
        "seconds": int((now - since).total_seconds()),
    }


def _backup(now: datetime) -> dict[str, Any]:
    """Report whether the database was restored from a backup, or whether that would be missed."""
    if epochs.is_behind():
        detail = "The database was restored from a backup. Start a worker, which stops all calling."
    elif EmergencyStop.objects.restored().exists():
        detail = (
            "The database was restored from a backup; no one is dialed. "
            "Reconcile it: python manage.py restored"
        )
    elif not epochs.is_guarded():
        detail = "A restored backup would not be noticed. Make DATA_DIR writable and permanent."
    else:
        return {"ok": True}
    return {"ok": False, "detail": detail}


def _storage(now: datetime) -> dict[str, Any]:
    """Report whether imports or exports wait for a disk that is full or away."""
    waits = StoredList.objects.waiting().values_list("reason_code", flat=True).first()
    exports = Export.objects.filter(status=ExportStatus.WAITING).exclude(reason="")
    if not waits and not exports.exists():
        return {"ok": True}
    if waits == disks.FULL:
        detail = "The disk that holds MEDIA_ROOT is full. Free some space there."
    else:
        detail = "MEDIA_ROOT cannot be read or written. Check that it is mounted on every host."
    return {"ok": False, "detail": f"{detail} Imports and exports wait until then."}


CHECKS: dict[str, Callable[[datetime], dict[str, Any]]] = {
    "database": _database,
    "migrations": _migrations,
    "worker": worker_state,
    "clocks": clock_state,
    "oldest_due": _oldest_due,
    "emergency_stop": _emergency_stop,
    "backup": _backup,
    "storage": _storage,
}
