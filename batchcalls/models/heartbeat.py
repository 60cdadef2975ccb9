"""Heartbeats of workers."""

from __future__ import annotations

from django.db import models

from batchcalls.models.querysets import HeartbeatQuerySet


class WorkerHeartbeat(models.Model):
    """When a host's workers were last active; even an idle host sweeps every minute."""

    host = models.CharField(max_length=255, unique=True)
    at = models.DateTimeField()

    objects = HeartbeatQuerySet["WorkerHeartbeat"].as_manager()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.host} at {self.at:%Y-%m-%d %H:%M:%S}"
