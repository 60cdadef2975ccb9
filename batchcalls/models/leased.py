"""A row that one process at a time works on."""

from __future__ import annotations

from django.db import models


class Leased(models.Model):
    """Holds the token of the process that works on the row, and until when; see `lease.Lease`."""

    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True
