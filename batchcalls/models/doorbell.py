"""Tasks that were requested and have not begun yet."""

from __future__ import annotations

from django.db import models


class Doorbell(models.Model):
    """Limits a task to one waiting message, however often it is requested."""

    task = models.CharField(max_length=100, unique=True)
    rung_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.task
