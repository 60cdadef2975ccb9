"""The database's epoch, which tells whether the database was restored from a backup."""

from __future__ import annotations

import uuid

from django.db import models

ONLY_ROW = 1


class Epoch(models.Model):
    """A single row whose ``number`` rises with every claim and whenever a process starts.

    The same number is kept beside the database (`batches.epochs`). ``key`` names the installation
    there. ``at`` is when the number last rose: the last known moment of a backup.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ROW)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=ONLY_ROW), name="epoch_single_row")
        ]

    def __str__(self) -> str:
        return f"Epoch {self.number}"
