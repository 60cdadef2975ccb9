"""How long data is kept: what was erased on request, and when old data was purged."""

from __future__ import annotations

from django.db import models

from batchcalls.models.leased import Leased


class ErasedNumber(models.Model):
    """A number that was erased, known by its pseudonym alone (`campaigns.pseudonyms`)."""

    pseudonym = models.CharField(max_length=16, primary_key=True)
    erased_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        permissions = [
            ("view_numbers", "Can see phone numbers in full"),
            ("disclose_number", "Can download everything about a number"),
            ("erase_number", "Can erase what is stored about a number"),
        ]

    def __str__(self) -> str:
        return self.pseudonym


class Purge(Leased):
    """The purge of one kind of data (`keeping.retention`). The lease is that of the worker at it.

    ``ran_at`` is when nothing was left to purge, and ``deleted`` counts what was purged so far.
    """

    kind = models.CharField(max_length=20, primary_key=True)
    ran_at = models.DateTimeField(null=True)
    deleted = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["kind"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.kind


class BatchPurge(models.Model):
    """How far one kind of data of a batch that is over is purged.

    ``position`` is the last row that was done, and ``done_at`` is when there was none left. A batch
    that is reopened and ends again is purged again.
    """

    batch = models.ForeignKey("batchcalls.Batch", on_delete=models.CASCADE, related_name="purges")
    kind = models.CharField(max_length=20)
    position = models.BigIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["batch", "kind"], name="batch_purge_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.batch_id}"
