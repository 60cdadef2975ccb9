"""Workers: the hosts, and when each was last seen."""

from __future__ import annotations

from django.contrib import admin

from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.models import WorkerHeartbeat


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin[WorkerHeartbeat]):
    list_display = ["host", "at"]
