"""Workers: the hosts, when each was last seen, and its clock."""

from __future__ import annotations

from django.contrib import admin

from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.models import WorkerHeartbeat


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin[WorkerHeartbeat]):
    list_display = ["host", "at", "clock"]

    @admin.display(description="Clock")
    def clock(self, worker: WorkerHeartbeat) -> str:
        """Whether the host's clock is right."""
        return worker.clock_problem or "Right"
