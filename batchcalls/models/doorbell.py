"""Which tasks were rung for, and not answered yet."""

from __future__ import annotations

from django.db import models


class Doorbell(models.Model):
    """Keeps what happens many times a second from leaving as many messages in the queue."""

    task = models.CharField(max_length=100, unique=True)
    rung_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.task
