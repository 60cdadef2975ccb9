"""Workers: their hosts and clocks, and what they did last and failed to do."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

from batchcalls import queue
from batchcalls.access.permissions import require
from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.database import clock
from batchcalls.models import WorkerHeartbeat
from batchcalls.reporting.worker_state import living_workers

FAILURES_SHOWN = 20
#: What each task does.
TASKS = {
    queue.SWEEP: "Find due work",
    queue.DISPATCH_TICK: "Place calls",
    queue.IMPORT_LIST: "Import lists",
    queue.EXPORT: "Write exports",
    queue.DELIVER_WEBHOOKS: "Send webhooks",
    queue.RECONCILE_RESTORED: "Reconcile a restored backup",
    queue.PURGE: "Delete expired data",
    queue.COUNT_FIGURES: "Count figures of large batches",
}


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin[WorkerHeartbeat]):
    list_label = "Workers"

    def get_urls(self) -> list[URLPattern]:
        """Offer the page alone: a host has none of its own."""
        return [self.at("", self.changelist_view, "changelist")]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show who works, how much waits, and what failed."""
        require(request.user, "batchcalls.view_workerheartbeat")
        hosts = list(WorkerHeartbeat.objects.order_by("host"))
        living = set(living_workers(clock.now()).order_by().values_list("pk", flat=True))
        return self.page(
            request,
            "workerheartbeat/page",
            "Workers",
            fragment="live",
            subtitle="The processes that import lists, place calls, and send webhooks.",
            hosts=[(host, host.pk in living) for host in hosts],
            active=len(living),
            waiting=queue.waiting_messages(),
            failed=queue.failed_tasks(),
            failures=[
                (TASKS.get(one.task, one.task), one)
                for one in queue.recent_failures(FAILURES_SHOWN)
            ],
            runs=[(TASKS[task], at) for task, at in queue.last_runs().items()],
        )
