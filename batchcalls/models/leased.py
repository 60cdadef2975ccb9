"""Rows that only one process works on at a time."""

from __future__ import annotations

from django.db import models


class Leased(models.Model):
    """Token and expiry of the lease of the process working on the row; see `lease.Lease`."""

    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True
