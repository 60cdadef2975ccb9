"""The emergency stop: while it is in force, no calls are placed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from batchcalls.models.querysets import EmergencyStopQuerySet


class EmergencyStop(models.Model):
    """One emergency stop: who stopped all calling and why, and who lifted the stop.

    In force until ``lifted_at`` is set. Rows are kept as a record. ``restored_from`` is set when
    the database was restored from a backup of about that moment. Calling then resumes once the
    providers were asked what was called since (``reconciled_at``, with a sentence for each
    account in ``reconciliation``).
    """

    reason = models.CharField(max_length=300, blank=True)
    stopped_at = models.DateTimeField(auto_now_add=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # True or null: nulls are distinct in a unique index, so at most one stop is in force.
    in_force = models.BooleanField(null=True, default=True, editable=False)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    restored_from = models.DateTimeField(null=True, editable=False)
    reconciled_at = models.DateTimeField(null=True, editable=False)
    reconciliation = models.JSONField(default=list, editable=False)

    objects = EmergencyStopQuerySet["EmergencyStop"].as_manager()

    class Meta:
        ordering = ["-stopped_at", "-pk"]
        constraints = [
            UniqueConstraint(fields=["in_force"], name="emergency_stop_one_in_force"),
            CheckConstraint(
                condition=Q(in_force=True, lifted_at=None)
                | Q(in_force=None, lifted_at__isnull=False),
                name="emergency_stop_in_force_iff_not_lifted",
            ),
        ]
        permissions = [("engage_emergencystop", "Can stop and resume all calling")]

    def __str__(self) -> str:
        return f"Stopped {self.stopped_at:%Y-%m-%d %H:%M}"

    @property
    def stopped_by_name(self) -> str:
        """Who stopped calling, for people."""
        if self.stopped_by:
            return self.stopped_by.get_username()
        return "Batch Calls" if self.restored_from else "the command line"

    @property
    def must_reconcile(self) -> bool:
        """Whether nobody knows yet who was called since the backup."""
        return self.restored_from is not None and self.reconciled_at is None
