"""Export files that workers write on request."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q

from batchcalls.models.leased import Leased
from batchcalls.states import ExportStatus


class ExportKind(models.TextChoices):
    """What is exported."""

    RESULTS = "results", "Results of a batch"
    RECIPIENTS = "recipients", "Recipients of a batch"
    REJECTED = "rejected", "Rejected rows of a batch"
    CALL_LOG = "call_log", "Call log"


def export_path(export: Export, name: str) -> str:
    """Return where the file is stored, under MEDIA_ROOT."""
    return f"exports/{export.pk}/{name}"


class Export(Leased):
    """A workbook that takes long to write; small ones and CSV files are sent immediately."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=ExportKind.choices)
    batch = models.ForeignKey(
        "batchcalls.Batch", on_delete=models.CASCADE, related_name="exports", null=True, blank=True
    )
    query = models.TextField(blank=True, help_text="Filter of the call log, as its page has it.")
    status = models.CharField(
        max_length=10, choices=ExportStatus.choices, default=ExportStatus.WAITING
    )
    reason = models.TextField(blank=True)
    file = models.FileField(upload_to=export_path, max_length=300, blank=True)
    row_count = models.PositiveIntegerField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["status"], name="export_by_status")]
        constraints = [
            CheckConstraint(condition=Q(status__in=ExportStatus.values), name="export_status"),
            CheckConstraint(condition=Q(kind__in=ExportKind.values), name="export_kind"),
            CheckConstraint(
                condition=Q(kind=ExportKind.CALL_LOG, batch=None)
                | (~Q(kind=ExportKind.CALL_LOG) & ~Q(batch=None)),
                name="export_batch_unless_call_log",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def permission(self) -> str:
        """The permission needed to download the file."""
        kind = "callresult" if self.kind == ExportKind.CALL_LOG else "batch"
        return f"batchcalls.export_{kind}"
