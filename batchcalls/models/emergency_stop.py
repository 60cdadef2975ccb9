"""The kill switch: while it is engaged, nobody is dialed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from batchcalls.models.querysets import EmergencyStopQuerySet


class EmergencyStop(models.Model):
    """One time that all calling was stopped: who did it and why, who lifted it.

    In force until ``lifted_at`` is set; the rows are the record of all of them.
    """

    reason = models.CharField(max_length=300, blank=True)
    stopped_at = models.DateTimeField(auto_now_add=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # True or null: nulls differ from one another, so that one stop at most is in force.
    in_force = models.BooleanField(null=True, default=True, editable=False)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

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
        permissions = [("engage_emergencystop", "Can stop all calling, and let it go on")]

    def __str__(self) -> str:
        return f"Stopped {self.stopped_at:%Y-%m-%d %H:%M}"
