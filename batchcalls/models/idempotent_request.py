"""Requests that were answered once, and are answered the same when they come again."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import UniqueConstraint


class IdempotentRequest(models.Model):
    """What was answered to a key's request of that name; written with what the request did.

    ``fingerprint`` tells another request under the same name apart. ``status`` is None only
    inside the transaction that answers it.
    """

    api_key = models.ForeignKey("batchcalls.ApiKey", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    token = models.UUIDField(default=uuid.uuid4)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    location = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["api_key", "name"], name="idempotent_request_unique_name")
        ]

    def __str__(self) -> str:
        return self.name
