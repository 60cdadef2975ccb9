"""Heartbeats of workers."""

from __future__ import annotations

from django.db import models

from batchcalls.database import clock
from batchcalls.models.querysets import HeartbeatQuerySet
from batchcalls.voice import clocks


class WorkerHeartbeat(models.Model):
    """When a host's workers were last active; even an idle host sweeps every minute."""

    host = models.CharField(max_length=255, unique=True)
    at = models.DateTimeField()
    clock_ahead_seconds = models.FloatField(
        default=0.0, help_text="How far the host's clock is ahead of the database's."
    )

    objects = HeartbeatQuerySet["WorkerHeartbeat"].as_manager()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.host} at {self.at:%Y-%m-%d %H:%M:%S}"

    @property
    def clock_problem(self) -> str:
        """What is wrong with the host's clock; blank if nothing is."""
        ahead = self.clock_ahead_seconds
        if abs(ahead) <= clock.TOLERANCE_SECONDS:
            return ""
        words = clocks.in_words(ahead)
        return f"The clock of this worker is {words} the database's; it does not call."
